"""Writes statistics_expected.json: what SciPy, scikit-learn and mpmath give on seeded samples.

    python make_statistics_fixture.py      # needs numpy, scipy, scikit-learn, mpmath

Everything is float64; distributions are evaluated with 50 digits."""
import json
import warnings
from pathlib import Path

import mpmath as mp
import numpy as np
from scipy import optimize, special, stats
from scipy.spatial import distance
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.manifold import TSNE
from sklearn.preprocessing import StandardScaler

mp.mp.dps = 50
rng = np.random.default_rng(7)
out = {}


def L(a):
    return np.asarray(a, dtype=np.float64).tolist()


# Distributions.
def t_two_sided(t, n):
    """P(|T| > t) = I_x(n/2, 1/2), x = n / (n + t^2), by a series of positive terms, of x or of its complement."""
    with mp.workdps(250):
        t, n = mp.mpf(t), mp.mpf(n)
        x, y = n / (n + t * t), t * t / (n + t * t)
        small = x < .99
        a, b = (n / 2, mp.mpf(.5)) if small else (mp.mpf(.5), n / 2)
        x, y = (x, y) if small else (y, x)
        term = mp.exp(a * mp.log(x) + b * mp.log(y) - mp.log(a) + mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b))
        total, k = term, 0
        while term > total * mp.mpf(10) ** -200 or (a + b + k) * x > a + 1 + k:
            term *= (a + b + k) / (a + 1 + k) * x
            total += term
            k += 1
        return float(total if small else 1 - total)


out['normal'] = [dict(z=z, upper=float(mp.erfc(mp.mpf(z) / mp.sqrt(2)) / 2)) for z in (-8.5, -1.0, 0.0, 0.3, 2.5, 6.0, 20.0, 37.0)]
out['normalQuantile'] = [dict(p=p, z=float(mp.sqrt(2) * mp.erfinv(2 * mp.mpf(p) - 1))) for p in (1e-30, 1e-12, 1e-4, .01, .3, .5, .7, .975, .9999)]
out['studentT'] = [dict(t=t, df=n, p=t_two_sided(t, n)) for t in (.001, .5, 1.96, 5, 17.5, 200) for n in (1, 2.5, 8, 61.7, 1000, 250000.5)]
out['studentTQuantile'] = [dict(p=p, df=n, t=float(stats.t.ppf(p, n))) for p in (1e-8, .025, .4, .975, .9995) for n in (1, 3, 12.5, 500)]
out['beta'] = [dict(x=x, a=a, b=b, p=float(mp.betainc(a, b, 0, mp.mpf(x), regularized=True)))
               for x in (.001, .2, .5, .9) for a, b in ((.5, .5), (2, 3), (30, 7.5), (400, 300), (.1, 50))]

# Two samples.
samples = dict(
    fiveFive=([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]), small=(L(rng.normal(size=6)), L(rng.normal(.8, 2, 40))),
    large=(L(rng.normal(size=60)), L(rng.normal(.5, 1.7, 85))), tied=(L(rng.integers(0, 6, 30)), L(rng.integers(1, 8, 25))),
    smallTied=([1, 2, 2, 4], [2, 3, 5, 5, 6, 7]), skewed=(L(rng.exponential(size=12)), L(rng.gamma(3., size=11))),
    far=(L(1e8 + rng.normal(size=20)), L(1e8 + rng.normal(1, 1, 20))), exactLong=(L(rng.normal(size=8)), L(rng.normal(1, 1, 300))))
rows = []
for name, (a, b) in samples.items():
    u = stats.mannwhitneyu(a, b)
    original = a, b
    if name == 'far':   # exact differences from the offset, so that the reference has no rounding of its own
        a, b = np.array(a) - 1e8, np.array(b) - 1e8
    w, s = stats.ttest_ind(a, b, equal_var=False), stats.ttest_ind(a, b)
    n1, n2 = len(a), len(b)
    df = n1 + n2 - 2
    g = (np.mean(a) - np.mean(b)) / np.sqrt(((n1 - 1) * np.var(a, ddof=1) + (n2 - 1) * np.var(b, ddof=1)) / df)
    g *= np.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / np.sqrt(df / 2)
    ci = w.confidence_interval(.95)
    rows.append(dict(name=name, a=L(original[0]), b=L(original[1]), welchT=w.statistic, welchDf=w.df, welchP=w.pvalue, welchLow=ci.low, welchHigh=ci.high,
                     studentT=s.statistic, studentP=s.pvalue, u=u.statistic, uP=u.pvalue, hedgesG=g))
out['twoSamples'] = rows
out['shapiro'] = [dict(x=L(x), w=stats.shapiro(x).statistic, p=stats.shapiro(x).pvalue) for x in (
    [1., 2., 4.], rng.normal(size=4), rng.normal(size=5), rng.normal(size=8), rng.exponential(size=11), rng.normal(size=12),
    rng.uniform(size=50), rng.normal(1e6, 1, 200), rng.integers(0, 5, 60), rng.exponential(size=500), rng.normal(size=3000))]
out['permutationExact'] = [dict(a=L(a), b=L(b), p=stats.permutation_test((a, b), lambda x, y: np.mean(x) - np.mean(y), n_resamples=np.inf).pvalue)
                           for a, b in (([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]), ([1., 3, 3.5, 7], [2., 4, 6, 9, 9.5]))]
d = [.3, -.1, .5, .2, .45, -.05, .6]
out['permutationPaired'] = dict(d=d, p=stats.permutation_test((d, np.zeros(7)), lambda x, y: np.mean(x) - np.mean(y), permutation_type='samples', n_resamples=np.inf).pvalue)
p = L(rng.uniform(size=20) ** 3) + [.02, .02]
out['benjaminiHochberg'] = dict(p=p, q=L(stats.false_discovery_control(p)))
p, q = rng.uniform(size=9), rng.uniform(size=9)
p[2] = 0
out['divergence'] = dict(p=L(p), q=L(q), kl=float(stats.entropy(p, q)), js=float(distance.jensenshannon(p, q) ** 2))
x = rng.normal(size=17)
shares = [0, .05, .25, 1 / 3, .5, .75, .95, 1]
out['quantiles'] = dict(x=L(x), shares=shares, values=L(np.quantile(x, shares)))

# Agreement.
rows = []
n = 40
pairs = [([1., 2, 3, 4], [1., 3, 2, 4]), (rng.normal(size=20), rng.normal(size=20)), (rng.integers(0, 5, n), rng.integers(0, 4, n)),
         (np.arange(50.), np.arange(50.) + rng.normal(size=50) * 8), (np.arange(45.), np.r_[1., 0, np.arange(2, 45.)]), ([1., 2, 2, 3], [4., 4, 5, 6])]
for a, b in pairs:
    r, s, k = stats.pearsonr(a, b), stats.spearmanr(a, b), stats.kendalltau(a, b)
    rows.append(dict(a=L(a), b=L(b), pearson=r.statistic, pearsonP=r.pvalue, spearman=s.statistic, spearmanP=s.pvalue, kendall=k.statistic, kendallP=k.pvalue))
out['agreement'] = rows

# Regressions.
rows = []
for n, p, r, kind in ((30, 4, 2, 'plain'), (6, 9, 2, 'wide'), (25, 5, 1, 'dependent')):
    X = rng.normal(size=(n, p)) * (1 + np.arange(p)) + 3
    if kind == 'dependent':
        X[:, 4] = X[:, 0] - 2 * X[:, 1]
    Y = X[:, :r] * 2 - 1 + rng.normal(size=(n, r))
    m, ridge = LinearRegression(tol=1e-12).fit(X, Y), Ridge(alpha=2.5, solver='svd').fit(X, Y)
    Z = np.c_[np.ones(n), X]
    row = dict(x=L(X), y=L(Y), coefficients=L(m.coef_), intercepts=L(m.intercept_), ridge=L(ridge.coef_), ridgeIntercepts=L(np.atleast_1d(ridge.intercept_)),
               rSquared=[float(1 - ((Y - m.predict(X))[:, i] ** 2).sum() / ((Y - Y.mean(0))[:, i] ** 2).sum()) for i in range(r)],
               rank=int(np.linalg.matrix_rank(X - X.mean(0))))
    if kind == 'plain':
        cov = np.linalg.inv(Z.T @ Z)
        s2 = ((Y - m.predict(X)) ** 2).sum(0) / (n - p - 1)
        row['standardErrors'] = L([np.sqrt(np.diag(cov)[1:] * v) for v in s2])
        row['condition'] = float(np.linalg.cond(X - X.mean(0)))
    rows.append(row)
out['leastSquares'] = rows
rows = []
for n, p, k, C in ((60, 5, 2, 1.), (90, 6, 3, 1.), (40, 60, 4, .5)):
    X = StandardScaler().fit_transform(rng.normal(size=(n, p)))
    y = (np.arange(n) % k)
    X = X + .6 * y[:, None] * (np.arange(p) < 3)
    m = LogisticRegression(C=C, tol=1e-13, max_iter=100000, solver='lbfgs' if k > 2 else 'newton-cholesky').fit(X, y)
    if k > 2:   # lbfgs stops early: finish with its own Newton solver
        m = LogisticRegression(C=C, tol=1e-14, max_iter=1000, solver='newton-cg').fit(X, y)
    rows.append(dict(x=L(X), y=y.tolist(), classes=k, c=C, coefficients=L(m.coef_), intercepts=L(m.intercept_)))
out['logistic'] = rows
X = rng.normal(size=(7, 4)) * [1, 5, .1, 1]
X[:, 3] = 4.2
s = StandardScaler().fit(X)
out['standardization'] = dict(x=L(X), means=L(s.mean_), scales=L(s.scale_))

# Embeddings.
X = rng.normal(size=(25, 6)) @ rng.normal(size=(6, 6)) + 2
m = PCA(3, svd_solver='full').fit(X)
c = m.components_ * np.sign(m.components_[np.arange(3), np.abs(m.components_).argmax(1)])[:, None]
out['pca'] = dict(x=L(X), components=L(c), variances=L(m.explained_variance_), shares=L(m.explained_variance_ratio_), scores=L((X - X.mean(0)) @ c.T))
X = np.r_[rng.normal(size=(20, 5)), rng.normal(4, 1, (20, 5))]
D = ((X[:, None] - X[None]) ** 2).sum(-1)
P = np.zeros_like(D)
for i in range(len(X)):
    d = np.delete(D[i], i)
    lo, hi = 0., 1e6
    for _ in range(200):
        b = (lo + hi) / 2
        w = np.exp(-(d - d.min()) * b)
        w /= w.sum()
        if -(w[w > 0] * np.log(w[w > 0])).sum() > np.log(8):
            lo = b
        else:
            hi = b
    P[i] = np.insert(w, i, 0)
# Where the descent ends depends on where it begins: the worst of several beginnings.
kl = [TSNE(perplexity=8, method='exact', init='random', max_iter=1000, random_state=s).fit(X).kl_divergence_ for s in range(8)]
out['tsne'] = dict(x=L(X), perplexity=8, affinities=L((P + P.T) / (2 * len(X))), divergence=float(max(kl)))

# Limited-memory BFGS: where SciPy is after some steps, or has stopped before. After many more, its own rounding decides.
S = np.logspace(0, 4, 12)
functions = dict(
    rosenbrock=(optimize.rosen, optimize.rosen_der),
    quadratic=(lambda x: .5 * S @ (x - 1) ** 2, lambda x: S * (x - 1)),
    # Steep, then flat: first steps of the line search are far too long or too short.
    quartic=(lambda x: (S * x ** 4).sum() / 4 + .5 * (x ** 2).sum(), lambda x: S * x ** 3 + x),
    valley=(lambda x: np.log1p((S * (x - 1) ** 2).sum()), lambda x: 2 * S * (x - 1) / (1 + (S * (x - 1) ** 2).sum())),
    waves=(lambda x: (1 - np.cos(3 * x) + .05 * x ** 2).sum(), lambda x: 3 * np.sin(3 * x) + .1 * x))
starts = dict(rosenbrock=[np.array([-1.2, 1.]), np.tile([-1.2, 1.], 5)], quadratic=[np.zeros(12)], quartic=[np.linspace(-3, 7, 12)],
              valley=[np.linspace(-2, 9, 12)], waves=[np.linspace(-1, 1.3, 12)])
rows = []
for name, (f, g) in functions.items():
    for x0 in starts[name]:
        for options in (dict(maxiter=1), dict(maxiter=4), dict(maxiter=12), dict(maxiter=40), dict(maxiter=25, maxcor=3)):
            r = optimize.minimize(f, x0, jac=g, method='L-BFGS-B', options=options)
            rows.append(dict(name=name, start=L(x0), limit=options['maxiter'], memory=options.get('maxcor', 10), x=L(r.x), f=float(r.fun), steps=int(r.nit),
                             evaluations=int(r.nfev)))
out['minima'] = rows
out['minimaScales'] = L(S)

# Logistic regressions where scikit-learn's default solver stops: at its tolerance, at its limit of steps.
rows = []
for row in out['logistic']:
    for tol, limit in ((1e-4, 100), (1e-2, 100), (1e-4, 3)):
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            m = LogisticRegression(C=row['c'], tol=tol, max_iter=limit).fit(np.array(row['x']), row['y'])
        rows.append(dict(tolerance=tol, limit=limit, steps=int(m.n_iter_[0]), coefficients=L(m.coef_), intercepts=L(m.intercept_)))
    row['stopped'], rows = rows, []

path = Path(__file__).parent / 'statistics_expected.json'
path.write_text(json.dumps(out, default=float, separators=(',', ':')) + '\n')
print(path.stat().st_size, 'bytes')
