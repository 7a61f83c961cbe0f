"""layers.py CASE: pooling and normalisation in eager PyTorch, forward and backward; the cases of Cases/Layers.swift."""

import peer


def main():
    p = peer.parser(__doc__)
    p.add_argument("case")
    args = p.parse_args()
    torch = peer.torch_with(args.threads)
    f = torch.nn.functional
    torch.manual_seed(1)
    shape, count, function = {
        "max-pool": ((32, 64, 112, 112), 0, lambda x, *_: f.max_pool2d(x, 3, 2, 1)),
        "average-pool": ((32, 64, 112, 112), 0, lambda x, *_: f.avg_pool2d(x, 3, 2, 1)),
        "batch-norm": ((32, 64, 56, 56), 64, lambda x, scale, shift: f.batch_norm(x, None, None, scale, shift, training=True)),
        "layer-norm": ((6304, 768), 768, lambda x, scale, shift: f.layer_norm(x, (768,), scale, shift)),
    }[args.case]
    inputs = [torch.randn(shape)] + [torch.ones(count), torch.zeros(count)] * (count > 0)
    inputs = [x.requires_grad_() for x in inputs]
    g = torch.randn_like(function(*inputs))

    def body():
        return {"gradients": len(torch.autograd.grad(function(*inputs), inputs, g))}

    peer.measure(args.case, args, body, {"torch": torch.__version__})


main()
