"""Writes the inputs of the tests of `clew neurons` and the numbers that the published procedures give on them, in float64.

    python make_neuron_fixtures.py      # needs numpy, scipy, scikit-learn, torch

ablation_features.npz, ablation_head.npz, ablation_expected.json: features with a planted shortcut, a linear head, and a naive sweep, one
pass for each number of ablated features. neurons_mlp.ckpt, neurons_test.npz, neurons_expected.json: a small network, and its neurons one
by one."""
import json
import warnings
from pathlib import Path

import numpy as np
import torch
from scipy import stats
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import nn

here = Path(__file__).parent
L = lambda a: np.asarray(a, dtype=np.float64).tolist()
rng = np.random.default_rng(11)
torch.manual_seed(11)

# Ablation ------------------------------------------------------------------------------------------------------------------------
D, leaks = 20, [3, 8, 9, 15]
sizes = dict(train=240, test=160, id=121)
direction, shift = rng.normal(size=D), rng.normal(size=(3, len(leaks))) * 1.2
arrays = {}
for name, n in sizes.items():
    target = rng.integers(0, 2, n)
    # In the test split the group has nothing to do with the target.
    group = np.where(rng.random(n) < (.75 if name != 'test' else 1 / 3), target, rng.integers(0, 3, n))
    X = rng.normal(size=(n, D)) * (.5 + np.arange(D) / 8) + .5 * np.outer(target - .5, direction) + 1
    X[:, leaks] += shift[group]
    X[:, 12] = 2.5   # a constant feature
    arrays |= {name: X.astype(np.float32), f'{name}_group': group, f'{name}_target': target}
np.savez(here / 'ablation_features.npz', **arrays)
Xa = arrays['train'].astype(np.float64)
fit = LogisticRegression(C=.3, max_iter=5000).fit(Xa, arrays['train_target'])
weight, bias = np.vstack([-fit.coef_[0] / 2, fit.coef_[0] / 2 + .01 * rng.normal(size=D)]).astype(np.float32), np.array([.1, -.2], np.float32)
np.savez(here / 'ablation_head.npz', weight=weight, bias=bias)
W, c = weight.astype(np.float64), bias.astype(np.float64)
scaler = StandardScaler().fit(Xa)
Na = scaler.transform(Xa)
probe = lambda X, y: LogisticRegression(C=1., max_iter=1000, tol=1e-13, solver='newton-cg' if len(np.unique(y)) > 2 else 'newton-cholesky').fit(X, y)
probes = {k: probe(Na, arrays[f'train_{k}']) for k in ('group', 'target')}
score = {k: np.linalg.norm(p.coef_, axis=0) for k, p in probes.items()}
order = {k: np.argsort(-v, kind='stable') for k, v in score.items()}
# What users of scikit-learn have: its default solver stops by its own rules, at its default tolerance, at the limit of steps, or, whatever
# the tolerance, where the objective hardly falls.
rules = dict(published=dict(max_iter=500), limit=dict(max_iter=5), tight=dict(max_iter=20000, tol=1e-12))
with warnings.catch_warnings():
    warnings.simplefilter('ignore')   # of the limit
    stopped = {rule: {k: LogisticRegression(C=1., **options).fit(Na, arrays[f'train_{k}']) for k in score} for rule, options in rules.items()}


def accuracies(X, split, mask):
    """Of the head and the probes on X, whose ablated features have been replaced."""
    y, g = arrays[f'{split}_target'], arrays[f'{split}_group']
    z = X @ W.T + c
    p = z - z.max(1, keepdims=True)
    p = p - np.log(np.exp(p).sum(1, keepdims=True))
    n, own = len(y), np.arange(len(y))
    N = scaler.transform(X)
    kept = np.flatnonzero(mask)
    row = dict(headAccuracy=float((z.argmax(1) == y).mean()), margin=float((z[own, y] - z[own, 1 - y]).mean()), logLoss=float(-p[own, y].mean()),
               groupProbe=float(probes['group'].score(N, g)), targetProbe=float(probes['target'].score(N, y)))
    for k, labels in (('Group', g), ('Target', y)):
        train = arrays[f'train_{k.lower()}']
        if len(kept):
            row[f'refitted{k}Probe'] = float(probe(Na[:, kept], train).score(N[:, kept], labels))
        else:
            row[f'refitted{k}Probe'] = float((labels == np.bincount(train).argmax()).mean())
    return row


expected = dict(groupScore=L(score['group']), targetScore=L(score['target']), groupScoreMaximum=L(np.abs(probes['group'].coef_).max(0)),
                groupRanking=order['group'].tolist(), targetRanking=order['target'].tolist(), leaks=leaks, splits={},
                defaultSolver={rule: {k: dict(score=L(np.linalg.norm(p.coef_, axis=0)), iterations=int(p.n_iter_[0])) for k, p in fits.items()}
                               for rule, fits in stopped.items()})
for split in ('test', 'id'):
    X = arrays[split].astype(np.float64)
    expected['splits'][split] = {}
    for baseline, value in dict(trainMean=scaler.mean_, zero=np.zeros(D), splitMean=X.mean(0)).items():
        rows = []
        for k in range(D + 1):
            row = dict(k=k)
            for kind in ('group', 'target'):
                mask = np.ones(D, bool)
                mask[order[kind][:k]] = False
                row[kind] = accuracies(np.where(mask, X, value), split, mask)
            rows.append(row)
        expected['splits'][split][baseline] = rows
(here / 'ablation_expected.json').write_text(json.dumps(expected, separators=(',', ':')) + '\n')


# Neurons -------------------------------------------------------------------------------------------------------------------------
class MultiLinearLayers(nn.Module):
    def __init__(self, i, o, h1, h2):
        super().__init__()
        self.linear1, self.linear2, self.fc = nn.Linear(i, h1), nn.Linear(h1, h2), nn.Linear(h2, o)

    def forward(self, x):
        return self.fc(torch.tanh(self.linear2(torch.tanh(self.linear1(x)))))


bc = load_breast_cancer()
X, y = ((bc.data - bc.data.min(0)) / (bc.data.max(0) - bc.data.min(0))).astype(np.float32), bc.target.astype(np.int64)
p = rng.permutation(len(y))
train, test = p[:380], p[380:]
m = MultiLinearLayers(30, 1, 12, 18)
opt = torch.optim.Adam(m.parameters(), 1e-2)
for _ in range(40):
    opt.zero_grad()
    nn.functional.binary_cross_entropy_with_logits(m(torch.tensor(X[train]))[:, 0], torch.tensor(y[train]).float()).backward()
    opt.step()
torch.save({'epoch': 40, 'state_dict': {f'wrapped_model.{k}': v for k, v in m.state_dict().items()}}, here / 'neurons_mlp.ckpt')
np.savez(here / 'neurons_test.npz', inputs=X[test], labels=y[test])
m = m.double().eval()
A, yt = {}, y[test]
with torch.no_grad():
    x = torch.tensor(X[test]).double()
    A['linear1'] = m.linear1(x)
    A['linear2'] = m.linear2(torch.tanh(A['linear1']))
    out = m.fc(torch.tanh(A['linear2']))
ex = dict(accuracy=float(((out[:, 0] > 0).numpy() == yt).mean()), layers={})
for name, t in A.items():
    rows = []
    for a, b in ((t.numpy()[yt == 1, i], t.numpy()[yt == 0, i]) for i in range(t.shape[1])):
        s = stats.shapiro(a), stats.shapiro(b)
        w, u = stats.ttest_ind(a, b, equal_var=False), stats.mannwhitneyu(a, b)
        normal = s[0].pvalue > .05 and s[1].pvalue > .05
        pooled = stats.shapiro(np.r_[a, b])
        rows.append(dict(shapiroW=[s[0].statistic, s[1].statistic], shapiroP=[s[0].pvalue, s[1].pvalue], welchT=w.statistic, welchP=w.pvalue,
                         mannWhitneyU=u.statistic, mannWhitneyP=u.pvalue, test='welch' if normal else 'mannWhitney',
                         important=bool((w.pvalue if normal else u.pvalue) < .05), pooledShapiroP=pooled.pvalue))
    for row, q in zip(rows, stats.false_discovery_control([r['welchP'] if r['test'] == 'welch' else r['mannWhitneyP'] for r in rows])):
        row['qValue'] = q
    ex['layers'][name] = json.loads(json.dumps(rows, default=float))

# Quantile paths by brute force: every forward pass of the published program, with its indices repaired.
shares = [0, .05, .25, .5, .75, .95, 1]
inputs = dict(fc=torch.tanh(A['linear2']), linear2=torch.tanh(A['linear1']), linear1=x)
after = dict(fc=lambda v: v, linear2=lambda v: m.fc(torch.tanh(v)), linear1=lambda v: m.fc(torch.tanh(m.linear2(torch.tanh(v)))))
chosen = dict(positive=[0], negative=[0])
ex['paths'] = []
for name in ('fc', 'linear2', 'linear1'):
    layer = getattr(m, name)
    q = np.quantile(inputs[name].numpy(), shares, axis=0)
    row = dict(name=name, quantiles=L(q))
    found = {}
    for side in ('positive', 'negative'):
        variation = []
        with torch.no_grad():
            base = layer(torch.zeros(1, layer.in_features).double())
            for i in range(layer.in_features):
                outs = []
                for k in range(len(shares)):
                    # Only the chosen outputs of the layer see the held input; the others see zeros.
                    v = base.clone()
                    v[0, chosen[side]] += layer.weight[chosen[side], i] * q[k][i]
                    outs.append(after[name](v)[0, 0].item())
                variation.append(outs[-1] - outs[0])
        v = np.array(variation)
        part = v[v > 0] if side == 'positive' else v[v < 0]
        found[side] = [] if len(part) == 0 else np.flatnonzero(v >= np.quantile(part, .95) if side == 'positive' else v <= np.quantile(part, .05)).tolist()
        row[side], row[f'{side}Variation'] = found[side], L(v)
    chosen = found
    ex['paths'].append(row)
(here / 'neurons_expected.json').write_text(json.dumps(ex, separators=(',', ':')) + '\n')
print('head', expected['splits']['test']['trainMean'][0]['group'], 'mlp', ex['accuracy'], [(r['name'], r['positive'], r['negative']) for r in ex['paths']])
