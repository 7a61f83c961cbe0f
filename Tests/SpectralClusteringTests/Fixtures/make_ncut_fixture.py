"""Writes ncut_expected.json: what dense float64 autograd gives for the features of ncut_features.npy.

Run in this folder: python3 make_ncut_fixture.py (NumPy 2, PyTorch 2.5 or later); with --check it writes nothing and
compares with the committed file instead. The files are committed: tests need no Python. The features were drawn once: a
14 × 14 grid of four quadrants in 12 channels, quadrant k raised in the channels 2k and 2k + 1, the last channel constant.
"""

import argparse
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

SIGMA, SEGMENTS, STARTS = 1.4, 4, 30
FOLDER = pathlib.Path(__file__).parent


def eigenvectors(x):
    """The leading eigenvalues and eigenvectors of S·W·S, largest first."""
    squared = ((x[:, None] - x[None]) ** 2).sum(-1)
    w = torch.exp(-squared / (2 * SIGMA**2))
    s = w.sum(1).rsqrt()
    values, vectors = torch.linalg.eigh(s[:, None] * w * s[None])
    return values.flip(0)[:SEGMENTS], vectors.flip(1)[:, :SEGMENTS]


def polar(m):
    u, _, vh = torch.linalg.svd(m)
    return u @ vh


def rotation(v):
    """Yu & Shi (2003): one-hot discretisation and orthogonal Procrustes in turn; the best objective of many starts."""
    e, best = F.normalize(v, dim=1), None
    torch.manual_seed(0)
    for _ in range(STARTS):
        r, last = polar(torch.randn(SEGMENTS, SEGMENTS, dtype=torch.float64)), None
        for _ in range(500):
            indicator = F.one_hot((e @ r).argmax(1), SEGMENTS).double()
            r = polar(e.T @ indicator)
            objective = torch.linalg.svdvals(indicator.T @ e).sum().item()
            if last is not None and abs(objective - last) < 1e-14:
                break
            last = objective
        if best is None or objective > best[0] + 1e-12:
            best = (objective, r)
    return best


def numbers(tensor):
    return tensor.detach().numpy().tolist()


def cluster(x, frozen, procrustes, assignment, k):
    """The gradients of the mean |score| of cluster k under both meanings of the derivative."""
    mask = assignment == k
    objective = frozen[mask, k].abs().mean()
    (g,) = torch.autograd.grad(objective, x, retain_graph=True)
    (moving,) = torch.autograd.grad(procrustes[mask, k].abs().mean(), x, retain_graph=True)
    return {
        "size": int(mask.sum()),
        "first_pixel": int(mask.nonzero()[0]),
        "objective": objective.item(),
        "mean_signed": numbers(g[mask].mean(0)),
        "mean_abs": numbers(g[mask].abs().mean(0)),
        "gradient_times_input": numbers((g * x.detach())[mask].mean(0)),
        "sum_all_nodes": numbers(g.sum(0)),
        "mean_abs_procrustes": numbers(moving[mask].abs().mean(0)),
        "mean_signed_procrustes": numbers(moving[mask].mean(0)),
    }


def reference(labels=None):
    """labels: numbers the clusters as these do, because their order depends on the random starts."""
    features = np.load(FOLDER / "ncut_features.npy")
    x = torch.tensor(features.astype(np.float64).reshape(-1, features.shape[-1]), requires_grad=True)
    values, v = eigenvectors(x)
    objective, r = rotation(v.detach())
    if labels is not None:
        ours = (v.detach() @ r).argmax(1)
        r = r[:, [int(ours[labels.index(k)]) for k in range(SEGMENTS)]]
    frozen = v @ r
    assignment = frozen.argmax(1)
    indicator = F.one_hot(assignment, SEGMENTS).double()
    procrustes = v @ polar(F.normalize(v, dim=1).T @ indicator)
    return {
        "shape": list(features.shape),
        "sigma": SIGMA,
        "segments": SEGMENTS,
        "eigenvalues": numbers(values),
        "assignment": assignment.tolist(),
        "kway_objective": objective,
        "clusters": [cluster(x, frozen, procrustes, assignment, k) for k in range(SEGMENTS)],
        "planted": {str(k): [2 * k, 2 * k + 1] for k in range(SEGMENTS)},
        "note": "objective of cluster k: mean |score| over its pixels, score = V R, sigma, R and the mask held fixed; "
        "gradients of +objective; clusters are in no canonical order: match by first_pixel",
    }


def compare(found, expected, path, worst):
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), path
        for key in expected:
            worst = compare(found[key], expected[key], f"{path}.{key}", worst)
    elif isinstance(expected, list):
        assert len(found) == len(expected), path
        for index, (a, b) in enumerate(zip(found, expected)):
            worst = compare(a, b, f"{path}[{index}]", worst)
    elif isinstance(expected, float):
        assert abs(found - expected) <= 1e-12 * max(1, abs(expected)), f"{path}: {found} is not {expected}"
        worst = max(worst, abs(found - expected))
    else:
        assert found == expected, f"{path}: {found} is not {expected}"
    return worst


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--check", action="store_true", help="compare with the committed file")
arguments = parser.parse_args()
target = FOLDER / "ncut_expected.json"
committed = json.loads(target.read_text()) if target.exists() else None
result = reference(committed and committed["assignment"])
if arguments.check:
    print(f"agrees with the committed file; largest difference {compare(result, committed, '', 0.0):.1e}")
else:
    target.write_text(json.dumps(result))
