"""Channel tracing per NCut segment as ncut-pytorch's own tutorial does it, in the spelling that version 3.2 accepts.

The tutorial passes `track_grad=True`, which 3.2 refuses (`Invalid kwarg`): gradients are tracked whenever the features
require them. `exact=False` is what its users get: above 8,192 nodes a quarter of them are sampled, and the
derivative is that of a randomised truncated SVD. `exact=True` is its full eigendecomposition.
"""

import time
from importlib.metadata import version

import peer


def run(name, exact):
    p = peer.parser(__doc__.splitlines()[0])
    p.add_argument("N", type=int)
    p.add_argument("D", type=int)
    p.add_argument("K", type=int)
    p.add_argument("--clusters", type=int, default=0, help="planted clusters, when there is no --input")
    p.add_argument(
        "--segments", type=int, help="go back from the first ones only; the seconds are extrapolated to all of them")
    p.add_argument("--result", help="write importances, assignment and sigma to this .npz file, and measure nothing")
    args = p.parse_args()

    torch = peer.torch_with(args.threads)
    from ncut_pytorch import Ncut, kway_ncut

    X = torch.from_numpy(peer.features(args, args.N, args.D, args.clusters))

    def trace():
        torch.manual_seed(args.seed)
        start = time.perf_counter()
        features = X.clone().requires_grad_(True)
        # No repulsion and no other option: the tutorial's call without `track_grad`.
        eigenvectors = Ncut(n_eig=args.K, exact_gradient=exact, device="cpu").fit_transform(features)
        scores = kway_ncut(eigenvectors)
        assignment = scores.argmax(1)
        forward = time.perf_counter() - start
        importance = torch.zeros(args.segments or args.K, args.D)
        for k in range(len(importance)):
            pixels = assignment == k
            if not pixels.any():
                continue
            features.grad = None
            scores[pixels, k].abs().mean().backward(retain_graph=True)
            importance[k] = features.grad[pixels].mean(0)
        return importance, assignment, {"forwardSeconds": forward, "backwardSeconds": time.perf_counter() - start - forward}

    def body():
        importance, assignment, seconds = trace()
        return {"segments": len(assignment.unique()), "finite": bool(torch.isfinite(importance).all()), **seconds}

    def extrapolated(facts):
        return facts["forwardSeconds"] + args.K / args.segments * facts["backwardSeconds"]

    if args.result:
        return answer(args, trace)
    peer.measure(
        name, args, body,
        {"torch": torch.__version__, "ncut-pytorch": version("ncut-pytorch")},
        extrapolated if args.segments else None)


def answer(args, trace):
    """The peer keeps σ to itself, so it is taken where it is chosen."""
    import numpy as np
    from ncut_pytorch.ncuts import ncut_nystrom

    chosen, choose = [], ncut_nystrom.find_optimal_sigma

    def find_optimal_sigma(*args, **kwargs):
        chosen.append(choose(*args, **kwargs))
        return chosen[-1]

    ncut_nystrom.find_optimal_sigma = find_optimal_sigma
    importance, assignment, _ = trace()
    np.savez(
        args.result, importance=importance.detach().numpy().astype(np.float64), assignment=assignment.numpy().astype(np.float64),
        sigma=np.array([float(chosen[0][0])]), segments=np.array([args.K]))
