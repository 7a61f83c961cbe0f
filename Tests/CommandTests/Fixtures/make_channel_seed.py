"""What the published notebook computes on a small study, line by line as it stands there: what `clew channels --as-in-seed` gives.

Needs torch and h5py, and `channel-study/` beside this script. Writes `channel-study/seed.h5`, in which all cells are at one place
of their images (elsewhere the notebook cannot stack its patches), `seed_markers.txt`, and `seed.json`, in float32 as there and in
float64.
"""
import json
import pathlib

import h5py
import numpy as np
import torch
import torch.nn.functional as F

from channel_networks import ResNetBaseline, Wide

OUT = pathlib.Path(__file__).parent / "channel-study"
FILE = ["DAPI", "CD3", "CD20", "Ki67"]
LIST = ["Ki67", "DAPI", "CD20", "CD3"]
PATCH_SIZE, CELLS = 12, 9

rng = np.random.default_rng(11)
with h5py.File(OUT / "seed.h5", "w") as h5:
    text = h5py.string_dtype()
    h5.create_dataset("marker_names", data=FILE, dtype=text)
    for cell in range(CELLS):
        h5.create_dataset(f"data/S{cell}/image", data=rng.gamma(1.0, 0.4, (14 + cell % 3, 18, 4)).astype(np.float32))
    h5.create_dataset("coords/DIM1", data=[10] * CELLS)
    h5.create_dataset("coords/DIM2", data=[4] * CELLS)
    h5.create_dataset("coords/sample_id", data=[f"S{cell}" for cell in range(CELLS)], dtype=text)
(OUT / "seed_markers.txt").write_text(",".join(LIST) + "\n")

half = PATCH_SIZE // 2
with h5py.File(OUT / "seed.h5", "r") as h5:
    DIM1, DIM2 = h5["coords"]["DIM1"][:], h5["coords"]["DIM2"][:]
    sample_id = h5["coords"]["sample_id"][:].astype(str)
    patches = []
    for d1, d2, sid in zip(DIM1, DIM2, sample_id):
        img = h5["data"][sid]["image"]
        s1, e1 = max(0, d1 - half), min(img.shape[0], d1 + half)
        s2, e2 = max(0, d2 - half), min(img.shape[1], d2 + half)
        p = img[s1:e1, s2:e2, :]
        p = np.pad(p,
                   ((d1 - half - min(0, d1 - half), max(0, d1 + half - img.shape[0])),
                    (d2 - half - min(0, d2 - half), max(0, d2 + half - img.shape[1])),
                    (0, 0)), mode="constant")
        patches.append(p)
X = torch.from_numpy(np.stack(patches)).permute(0, 3, 1, 2).float()


def channel_sensitivity(backbone, X):
    with torch.no_grad():
        baseline = F.normalize(backbone(X).squeeze(-1).squeeze(-1), dim=-1)
        sensitivities = []
        for c in range(X.shape[1]):
            X_abl = X.clone()
            X_abl[:, c] = 0.0
            ablated = F.normalize(backbone(X_abl).squeeze(-1).squeeze(-1), dim=-1)
            sim = (baseline * ablated).sum(dim=-1).mean().item()
            sensitivities.append(1.0 - sim)
    return sensitivities


def effective_rank(Z):
    Z = Z - Z.mean(axis=0)
    _, S, _ = np.linalg.svd(Z, full_matrices=False)
    p = S**2 / (S**2).sum()
    erank = np.exp(-np.sum(p * np.log(p + 1e-12)))
    return erank, S, p


expected = {"markers": LIST, "shape": list(X.shape)}
for name, model in (("wide", Wide(4, 3, 2)), ("resnet", ResNetBaseline(4, 4))):
    state = torch.load(OUT / name / "iter_10.pth", map_location="cpu", weights_only=False)["state_dict"]
    model.load_state_dict({k[len("backbone."):]: v for k, v in state.items() if k.startswith("backbone.")}, strict=True)
    model.eval()
    single = channel_sensitivity(model, X)
    double = channel_sensitivity(model.double(), X.double())
    result = {"float32": single, "float64": double}
    if name == "wide":
        er, S, _ = effective_rank(np.load(OUT / name / "val_results.npz")["features"].astype(np.float64))
        cum_var = np.cumsum(S**2) / (S**2).sum()
        result |= {"erank": er, "k90": int((cum_var < 0.90).sum())}
    expected[name] = result
(OUT / "seed.json").write_text(json.dumps(expected, indent=1))
