"""A small study of channels as users have it, and what PyTorch computes on it in float64.

Needs torch and h5py. Writes `channel-study/` beside this script: `cells.h5`, `used_markers.txt` (not in the order of the
file), `val.txt`, the run folders `wide/` and `resnet/`, and `expected.json`. Every number there is from a full pass for each
channel, without any use of structure.
"""
import json
import pathlib

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from channel_networks import ResNetBaseline, Wide

OUT = pathlib.Path(__file__).parent / "channel-study"
NAMES = ["DAPI", "CD3", "Blank", "CD20", "Ki67"]
USED = ["Ki67", "DAPI", "CD20", "CD3"]
PATCH = 12


def shake(model):
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.2)
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)


def half_squared(a, b):
    return (0.5 * ((F.normalize(a, dim=1) - F.normalize(b, dim=1)) ** 2).sum(1)).mean().item()


def entropy_rank(p):
    p = p[p > 0]
    return float(np.exp(-(p * np.log(p)).sum()))


torch.manual_seed(5)
rng = np.random.default_rng(5)
OUT.mkdir(exist_ok=True)
samples = {"A1": (40, 33), "B/2": (16, 21), "slide-3": (25, 47)}
images, masks = {}, {}
with h5py.File(OUT / "cells.h5", "w") as h:
    text = h5py.string_dtype()
    h.create_dataset("marker_names", data=NAMES, dtype=text)
    for name, (height, width) in samples.items():
        images[name] = rng.gamma(1.0, 0.4, (height, width, len(NAMES))).astype(np.float32)
        masks[name] = rng.integers(0, 4, (height, width)).astype(np.int32)
        chunks = (16, 16, len(NAMES)) if name != "slide-3" else (8, 20, 2)
        h.create_dataset(f"data/{name}/image", data=images[name], chunks=chunks, compression="gzip")
        h.create_dataset(f"data/{name}/masks", data=masks[name])
    of = [list(samples)[i] for i in rng.integers(0, len(samples), 30)]
    rows = np.array([rng.integers(0, samples[s][0]) for s in of])
    columns = np.array([rng.integers(0, samples[s][1]) for s in of])
    rows[0], columns[0] = 0, 0
    h.create_dataset("coords/DIM1", data=rows)
    h.create_dataset("coords/DIM2", data=columns)
    h.create_dataset("coords/sample_id", data=of, dtype=text)
(OUT / "used_markers.txt").write_text(",".join(USED) + "\n")
val = np.sort(rng.choice(np.arange(1, 30), 22, replace=False))
val = np.concatenate([[0], val])
np.savetxt(OUT / "val.txt", val, fmt="%d")
order = sorted(NAMES.index(name) for name in USED)


def patch(cell, masked):
    image, mask = images[of[cell]], masks[of[cell]]
    result = np.zeros((len(order), PATCH, PATCH))
    own = mask[rows[cell], columns[cell]]
    for y in range(PATCH):
        for x in range(PATCH):
            r, c = rows[cell] - PATCH // 2 + y, columns[cell] - PATCH // 2 + x
            if 0 <= r < image.shape[0] and 0 <= c < image.shape[1] and (not masked or mask[r, c] == own):
                result[:, y, x] = image[r, c, order]
    return result


X = torch.tensor(np.stack([patch(cell, False) for cell in val]))
M = torch.tensor(np.stack([patch(cell, True) for cell in val]))
expected = {"markers": [NAMES[i] for i in order], "patchSize": PATCH, "cells": len(val)}
channels = len(order)
for name, model in (("wide", Wide(channels, 3, 2)), ("resnet", ResNetBaseline(channels, 4))):
    shake(model)
    model.eval()
    folder = OUT / name
    folder.mkdir(exist_ok=True)
    state = {f"backbone.{k}": v for k, v in model.state_dict().items()}
    torch.save({"meta": {"iter": 10}, "state_dict": state | {"neck.fc.weight": torch.randn(3, 4)}}, folder / "iter_10.pth")
    (folder / "last_checkpoint").write_text("iter_10.pth")
    model = model.double()
    weight, norm = model.stem[0].weight.detach(), model.stem[1]
    grouped = weight.reshape(channels, -1, 9) if name == "wide" else weight.permute(1, 0, 2, 3).reshape(channels, -1, 9)
    factor = (norm.weight ** 2 / (norm.running_var + norm.eps)).detach()
    factor = factor.reshape(channels, -1) if name == "wide" else factor[None]
    deviation = X.transpose(0, 1).reshape(channels, -1).std(1, correction=0)
    raw = grouped.flatten(1).norm(dim=1)
    with torch.no_grad():
        run = lambda x: model(x).flatten(1)
        z = run(X)

        def without(c, value, x=X, clean=z):
            y = x.clone()
            y[:, c] = value
            return half_squared(clean, run(y))

        mean = X.mean((0, 2, 3))
        zm = run(M)
        expected[name] = {
            "weightNorm": raw.tolist(),
            "normalised": (raw / raw.max()).tolist(),
            "identifiable": ((grouped.pow(2).sum(2) * factor).sum(1).sqrt() * deviation).tolist(),
            "zero": [without(c, 0) for c in range(channels)],
            "channelMean": [without(c, mean[c]) for c in range(channels)],
            "value": [without(c, 0.75) for c in range(channels)],
            "masked": [without(c, 0, M, zm) for c in range(channels)],
            "cropped": [],
            "firstEmbedding": z[0].tolist(),
        }
        C = X[:, :, 2:10, 2:10]
        zc = run(C)
        expected[name]["cropped"] = [without(c, 0, C, zc) for c in range(channels)]
        if name == "wide":
            pairs = [[0.0] * channels for _ in range(channels)]
            for a in range(channels):
                for b in range(channels):
                    y = X.clone()
                    y[:, [a, b]] = 0
                    pairs[a][b] = half_squared(z, run(y))
            expected[name]["pairs"] = pairs
            features = z.numpy().astype(np.float32)
            np.savez(folder / "val_results.npz", features=features)
        else:
            features = z.numpy()
    s = np.linalg.svd(features.astype(np.float64) - features.astype(np.float64).mean(0), compute_uv=False)
    variance = s ** 2 / (s ** 2).sum()
    expected[name] |= {
        "variance": entropy_rank(variance), "royVetterli": entropy_rank(s / s.sum()),
        "dimensionsFor90Percent": int(np.searchsorted(np.cumsum(variance), 0.9) + 1), "singularValues": s.tolist(),
    }
(OUT / "expected.json").write_text(json.dumps(expected, indent=1))
