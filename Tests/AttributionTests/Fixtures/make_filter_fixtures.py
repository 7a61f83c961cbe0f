"""Writes the inputs of the tests of `clew filters` and the numbers that the published procedure gives on them, in float64.

    python make_filter_fixtures.py      # needs numpy, scikit-learn, torch, onnx, onnxscript, h5py

filters_cnn.pth, filters_cnn.onnx: a small classifier of digits; filters_digits.npz: digits. filters_residual.onnx: a network with a skip,
whose convolutions are not each other's parents in the order of the list. filters_words.h5: digits whose labels are words. filters_expected.json: importances, R², accuracies."""
import copy
import json
import warnings
from pathlib import Path

import h5py
import numpy as np
import onnx
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LinearRegression
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings('ignore')
here = Path(__file__).parent
torch.manual_seed(5)
L = lambda a: np.asarray(a, dtype=np.float64).tolist()
WIDTHS, COUNT = (6, 8, 12), 240


class CNN(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, w[0], 3, padding=1), nn.BatchNorm2d(w[0]), nn.ReLU(),
            nn.Conv2d(w[0], w[1], 3, padding=1), nn.BatchNorm2d(w[1]), nn.ReLU(),
            nn.Conv2d(w[1], w[2], 3, stride=2, padding=1), nn.BatchNorm2d(w[2]), nn.ReLU())
        self.head = nn.Linear(w[2], 10)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


class Residual(nn.Module):
    """last reads side + second + (through the sum) nothing of first: its parents are second and side."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 5, 3, padding=1)
        self.first, self.second = nn.Conv2d(5, 4, 3, padding=1), nn.Conv2d(4, 6, 3, padding=1)
        self.side = nn.Conv2d(5, 6, 1)
        self.last = nn.Conv2d(6, 7, 3, padding=1)
        self.head = nn.Linear(7, 10)

    def forward(self, x):
        x = F.relu(self.stem(x))
        x = F.relu(self.second(F.relu(self.first(x))) + self.side(x))
        return self.head(F.relu(self.last(x)).mean((2, 3)))


def without_traces(path):
    """Nodes carry stack traces of the export, with the folders of whoever made it."""
    model = onnx.load(path)
    for node in model.graph.node:
        node.doc_string = ""
        node.ClearField("metadata_props")
    onnx.save(model, path)


def export(m, path):
    torch.onnx.export(m.eval(), (torch.rand(3, 1, 8, 8),), str(path), optimize=False, input_names=['input'], output_names=['output'],
                      dynamo=True, external_data=False, verbose=False, dynamic_shapes=({0: torch.export.Dim('batch', min=1, max=4096)},))
    without_traces(str(path))


def maps(m, layers, x):
    """The output of each layer, as hooks see it."""
    found, hooks = {}, []
    for name in layers:
        hooks.append(m.get_submodule(name).register_forward_hook(lambda _, __, o, name=name: found.__setitem__(name, o.detach())))
    with torch.no_grad():
        m(x)
    for hook in hooks:
        hook.remove()
    return found


SUMMARIES = dict(frobenius=lambda o: o.flatten(2).norm(dim=2), mean=lambda o: o.flatten(2).mean(2), max=lambda o: o.flatten(2).amax(2))


def importances(m, layers, parents, x, summary='frobenius'):
    """Raw, standardised and R²-weighted importances, and R², of every layer."""
    a = {k: SUMMARIES[summary](o).numpy() for k, o in maps(m, layers, x).items()}
    sums = {kind: {k: np.zeros(a[k].shape[1]) for k in layers} for kind in ('raw', 'standardised', 'weighted')}
    r2 = {}
    for child in layers:
        if not parents[child]:
            continue
        X, Y = np.hstack([a[p] for p in parents[child]]), a[child]
        fit = LinearRegression().fit(X, Y)
        r2[child] = 1 - ((Y - fit.predict(X)) ** 2).sum(0) / ((Y - Y.mean(0)) ** 2).sum(0)
        standard = fit.coef_ * X.std(0)[None] / Y.std(0)[:, None]
        first = 0
        for p in parents[child]:
            own = slice(first, first + a[p].shape[1])
            first = own.stop
            sums['raw'][p] += np.abs(fit.coef_[:, own]).sum(0)
            sums['standardised'][p] += np.abs(standard[:, own]).sum(0)
            sums['weighted'][p] += (r2[child][:, None] * np.abs(standard[:, own])).sum(0)
    share = lambda v: v / v.sum() if v.sum() else np.ones(len(v)) / len(v)
    return {kind: [L(share(s[k])) for k in layers] for kind, s in sums.items()} | dict(
        rSquared=[L(r2[k]) if k in r2 else [] for k in layers], parents=[parents[k] for k in layers])


def chosen(importance, percent):
    return [np.argsort(v, kind='stable')[:max(int(len(v) * percent / 100), 1 if percent > 0 else 0)] for v in map(np.asarray, importance)]


def accuracy(m, x, y):
    with torch.no_grad():
        return float((m(x).argmax(1) == y).double().mean())


digits = load_digits()
I, y = torch.tensor(digits.images[:, None] / 16., dtype=torch.float32), torch.tensor(digits.target)
order = torch.randperm(len(y))
train, test = order[:1400], order[1400:1400 + COUNT]
m = CNN(WIDTHS)
opt = torch.optim.Adam(m.parameters(), 5e-3)
for _ in range(15):
    for b in train[torch.randperm(len(train))].split(64):
        opt.zero_grad()
        F.cross_entropy(m(I[b]), y[b]).backward()
        opt.step()
m.eval()
torch.save(m.state_dict(), here / 'filters_cnn.pth')
export(m, here / 'filters_cnn.onnx')
np.savez_compressed(here / 'filters_digits.npz', images=I[test].numpy(), labels=y[test].numpy().astype(np.int64))
with h5py.File(here / 'filters_words.h5', 'w') as f:
    f.create_dataset('images', data=I[test[:80]].numpy(), compression='gzip', track_times=False)
    f.create_dataset('labels', data=[f'digit {v}' for v in y[test[:80]].tolist()], dtype=h5py.string_dtype(), track_times=False)
m.double()
x, labels = I[test].double(), y[test]
layers = ['features.0', 'features.3', 'features.6']
chain = dict(zip(layers, [[], layers[:1], layers[1:2]]))
ex = dict(layers=layers, accuracy=accuracy(m, x, labels), summaries={s: importances(m, layers, chain, x, s) for s in SUMMARIES})
frobenius = ex['summaries']['frobenius']

# As published: zero weights and biases before the normalisation. Repaired: zero behind the activation.
ex['pruning'] = []
for percent in (10, 25, 50):
    q = copy.deepcopy(m)
    for name, filters in zip(layers, chosen(frobenius['raw'], percent)):
        q.get_submodule(name).weight.data[filters.copy()] = 0
        q.get_submodule(name).bias.data[filters.copy()] = 0
    row = dict(percent=percent, weights=accuracy(q, x, labels))
    hooks, q = [], copy.deepcopy(m)
    for end, filters in zip((2, 5, 8), chosen(frobenius['standardised'], percent)):
        keep = torch.ones(1, q.features[end - 2].out_channels, 1, 1).double()
        keep[0, filters.copy()] = 0
        q.features[end].register_forward_hook(lambda _, __, o, keep=keep: o * keep)
    ex['pruning'].append(row | dict(output=accuracy(q, x, labels)))

# Nobody called eval(): the statistics of the batch, here all samples at once.
q = copy.deepcopy(m).train()
ex['training'] = importances(q, layers, chain, x)['raw']

# The heat map of the first sample.
o = maps(m, layers[:1], x[:1])['features.0']
heat = (o * torch.tensor(frobenius['standardised'][0], dtype=torch.float64)[None, :, None, None]).sum(1, keepdim=True)
ex['heatMap'] = L(F.interpolate(heat, size=(8, 8), mode='bilinear', align_corners=False)[0, 0].flatten())

r = Residual()
opt = torch.optim.Adam(r.parameters(), 5e-3)
for _ in range(3):
    for b in train.split(64):
        opt.zero_grad()
        F.cross_entropy(r(I[b]), y[b]).backward()
        opt.step()
export(r, here / 'filters_residual.onnx')
r.double().eval()
names = ['stem', 'first', 'second', 'side', 'last']
graph = dict(stem=[], first=['stem'], second=['first'], side=['stem'], last=['second', 'side'])
ex['residual'] = importances(r, names, graph, x) | dict(layers=names)
(here / 'filters_expected.json').write_text(json.dumps(ex, separators=(',', ':')) + '\n')
print(ex['accuracy'], ex['pruning'])
