"""ablation_naive.py N D: ablation as it is usually written, a pass over all samples for each number of features and each order.

There are (D + 1) x 1,000 passes, of which 40 are timed: the seconds that are printed are extrapolated."""

import os
import sys

import peer

args_parser = peer.parser(__doc__)
args_parser.add_argument("N", type=int)
args_parser.add_argument("D", type=int)
args = args_parser.parse_args()
os.environ["OPENBLAS_NUM_THREADS"] = str(args.threads)

import numpy as np

X = peer.features(args, args.N, args.D).astype(np.float64)
random = np.random.default_rng(1)
W, b, y = random.normal(size=(2, args.D)), random.normal(size=2), random.integers(0, 2, args.N)
mean, scale = X.mean(0), X.std(0)
standardized = (X - mean) / scale
PASSES, ORDERS = 40, 1000


def passes():
    order = random.permutation(args.D)
    last = 0.0
    for k in np.linspace(0, args.D, PASSES).astype(int):
        mask = np.ones(args.D)
        mask[order[:k]] = 0
        raw = standardized * mask * scale + mean
        last = ((raw @ W.T + b).argmax(1) == y).mean()
    return {"last": float(last), "passesTimed": PASSES, "passes": (args.D + 1) * ORDERS}


if __name__ == "__main__":
    import contextlib
    import io
    import json

    captured = io.StringIO()
    with contextlib.redirect_stdout(captured):
        peer.measure("ablation-naive", args, passes, {"python": sys.version.split()[0], "numpy": np.__version__})
    line = json.loads(captured.getvalue())
    line["seconds"] = [s * line["passes"] / PASSES for s in line["seconds"]]
    print(json.dumps(line), flush=True)
