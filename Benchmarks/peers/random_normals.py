"""random_normals.py COUNT: NumPy's seeded standard normals in float64."""

import numpy as np

import peer

p = peer.parser(__doc__)
p.add_argument("count", type=int)
args = p.parse_args()


def body():
    values = np.random.default_rng(args.seed).standard_normal(args.count)
    return {"last": float(values[-1])}


peer.measure("random-normals", args, body, {"numpy": np.__version__})
