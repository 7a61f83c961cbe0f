"""Channel tracing per NCut segment as ncut-pytorch's own tutorial does it, in the spelling that version 3.2 accepts.

The tutorial passes `track_grad=True`, which 3.2 refuses (`Invalid kwarg`): gradients are tracked whenever the features
require them. `exact=False` is what its users get: above 8,192 nodes a quarter of them are sampled, and the
derivative is that of a randomised truncated SVD. `exact=True` is its full eigendecomposition.
"""

from importlib.metadata import version

import peer


def run(name, exact):
    p = peer.parser(__doc__.splitlines()[0])
    p.add_argument("N", type=int)
    p.add_argument("D", type=int)
    p.add_argument("K", type=int)
    p.add_argument("--clusters", type=int, default=0, help="planted clusters, when there is no --input")
    args = p.parse_args()

    torch = peer.torch_with(args.threads)
    from ncut_pytorch import Ncut, kway_ncut

    X = torch.from_numpy(peer.features(args, args.N, args.D, args.clusters))

    def body():
        torch.manual_seed(args.seed)
        features = X.clone().requires_grad_(True)
        # No repulsion and no other option: the tutorial's call without `track_grad`.
        eigenvectors = Ncut(n_eig=args.K, exact_gradient=exact, device="cpu").fit_transform(features)
        scores = kway_ncut(eigenvectors)
        assignment = scores.argmax(1)
        channels, finite = [], True
        for k in range(args.K):
            pixels = assignment == k
            if not pixels.any():
                continue
            features.grad = None
            scores[pixels, k].abs().mean().backward(retain_graph=True)
            importance = features.grad[pixels].mean(0)
            finite = finite and bool(torch.isfinite(importance).all())
            channels.append(importance)
        return {"segments": len(channels), "finite": finite}

    peer.measure(
        name, args, body,
        {"torch": torch.__version__, "ncut-pytorch": version("ncut-pytorch")})
