"""engine.py WORK SIZE: one piece of work of the tensor engine in eager PyTorch."""

import peer


def work(torch, name, n):
    """The work on the clock, a function that returns facts."""
    torch.manual_seed(1)
    if name in ("sgemm", "dgemm"):
        dtype = torch.float32 if name == "sgemm" else torch.float64
        a, b = torch.randn(n, n, dtype=dtype), torch.randn(n, n, dtype=dtype)
        return lambda: {"rows": (a @ b).shape[0]}
    if name == "eigh":
        a = torch.randn(n, n, dtype=torch.float64)
        a = a + a.T
        return lambda: {"largest": float(torch.linalg.eigh(a).eigenvalues[-1])}
    if name == "scalar-chain":

        def chain():
            x = torch.tensor(1.0, requires_grad=True)
            y = x
            for _ in range(n // 2):
                y = torch.sin(y) * 1.0001
            y.backward()
            return {"gradient": float(x.grad)}

        return chain
    x, y = torch.randn(n), torch.randn(n)
    out = torch.zeros(n)
    bodies = {
        "exp": lambda: torch.exp(x), "exp-into": lambda: torch.exp(x, out=out), "relu": lambda: torch.relu(x),
        "add": lambda: x + y, "add-into": lambda: torch.add(x, y, out=out),
    }
    return lambda: {"last": float(bodies[name]()[-1])}


def main():
    p = peer.parser(__doc__)
    p.add_argument("work")
    p.add_argument("size", type=int)
    args = p.parse_args()
    torch = peer.torch_with(args.threads)
    body = work(torch, args.work, args.size)
    peer.measure(args.work, args, body, {"torch": torch.__version__})


main()
