"""ncut_dense.py RESULT.npz --input FEATURES.npy: how far channel importances of NCut segments are from the exact ones.

The exact ones are computed densely, in float64, with the full spectrum: for the features, σ and the assignment of nodes to
segments of the result. With V the eigenvectors of S·W·S, W the Gaussian affinity, E the rows of V divided by their lengths and
R = polar(EᵀY) for the one-hot assignment Y, the objective of segment k is the mean of |V·R| over its nodes, and its importance
the mean over these nodes of the objective's gradient with respect to their features. The rotation R is a constant (`frozen`,
as in ncut-pytorch) or follows the eigenvectors (`procrustes`, as in Clew). Prints one line of JSON with the relative distance of
all importances in the 2-norm and the cosine between them.

Rests on torch and formulas written out here, on nothing of Clew's.
"""

import argparse
import json

import numpy as np
import torch


def exact(X, sigma, assignment, K, wanted, rotation):
    """[wanted, D] of the first of K segments; rows of empty ones are zero."""
    X = torch.from_numpy(X.astype(np.float64))
    N = len(X)
    norms = (X * X).sum(1)
    W = X @ X.T
    W.mul_(-2).add_(norms[:, None]).add_(norms[None, :]).clamp_(min=0).mul_(-1 / (2 * sigma**2)).exp_()
    W.fill_diagonal_(1)
    d = W.sum(1)
    s = d.rsqrt()
    A = s[:, None] * W * s[None, :]
    del W
    values, vectors = torch.linalg.eigh(A)
    del A
    top = torch.arange(N - 1, N - 1 - K, -1)
    lam, V, rest, U = values[top], vectors[:, top].contiguous(), values[: N - K], vectors[:, : N - K]
    Y = torch.nn.functional.one_hot(torch.from_numpy(assignment), K).to(X)
    result = np.zeros((wanted, X.shape[1]))
    for k in range(wanted):
        nodes = torch.nonzero(Y[:, k])[:, 0]
        if len(nodes) == 0:
            continue
        G = cotangent(V, Y, nodes, k, rotation)
        # Ā = ½(Z·Vᵀ + V·Zᵀ) + V·M·Vᵀ, by the full spectrum.
        Z = U @ ((U.T @ G) / (lam[None, :] - rest[:, None]))
        C = V.T @ G
        difference = lam[None, :] - lam[:, None]
        M = torch.where(difference.abs() > 1e-12, (C - C.T) / (2 * difference), torch.zeros(()).to(C))
        if rotation == "procrustes":
            M = torch.zeros_like(M)
        L = Z + V @ M
        # d̄_i = −(Σ_j Ā_ij·A_ij)/d_i, with A·V = V·Λ and A·Z = Z·Λ − P·G.
        PG = G - V @ C
        AL = Z * lam - PG + V @ (lam[:, None] * M)
        dbar = -0.5 * ((L * (V * lam)).sum(1) + (V * AL).sum(1)) / d
        Abar = 0.5 * (L[nodes] @ V.T + V[nodes] @ L.T)
        x2 = norms[nodes][:, None] + norms[None, :] - 2 * X[nodes] @ X.T
        B = (s[nodes][:, None] * s[None, :] * Abar + 0.5 * (dbar[nodes][:, None] + dbar[None, :])) * torch.exp(-x2.clamp(min=0) / (2 * sigma**2))
        gradient = -2 / sigma**2 * (B.sum(1)[:, None] * X[nodes] - B @ X)
        result[k] = gradient.mean(0).numpy()
    return result


def cotangent(V, Y, nodes, k, rotation):
    """∂(mean |score_k| over its nodes)/∂V."""
    V = V.clone().requires_grad_(True)
    E = V / V.norm(dim=1, keepdim=True)
    left, _, right = torch.linalg.svd(E.T @ Y)
    R = left @ right
    if rotation == "frozen":
        R = R.detach()
    (V @ R)[nodes, k].abs().mean().backward()
    return V.grad


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("result")
    p.add_argument("--input", required=True)
    p.add_argument("--rotation", choices=["frozen", "procrustes"], required=True)
    p.add_argument("--threads", type=int, default=2)
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    found = np.load(args.result)
    assignment = found["assignment"].astype(np.int64)
    importance = found["importance"]
    expected = exact(
        np.load(args.input), float(found["sigma"][0]), assignment, int(found["segments"][0]), len(importance), args.rotation)
    if not np.isfinite(importance).all():
        print(json.dumps({"distance": None, "cosine": None, "finite": False}), flush=True)
        return
    size = np.linalg.norm(importance)
    print(json.dumps({
        "distance": float(np.linalg.norm(importance - expected) / np.linalg.norm(expected)),
        "cosine": float((importance * expected).sum() / size / np.linalg.norm(expected)) if size > 0 else 0.0,
        "finite": True,
    }), flush=True)


if __name__ == "__main__":
    main()
