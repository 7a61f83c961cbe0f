"""convolution.py CASE: 3×3 convolutions in eager PyTorch; the cases of Cases/Convolutions.swift."""

import peer

# batch, input channels, output channels, size, groups
CASES = {
    "conv-64": (32, 64, 64, 56, 1), "conv-128": (32, 128, 128, 28, 1), "conv-256": (32, 256, 256, 14, 1),
    "conv-512": (32, 512, 512, 7, 1), "stem": (128, 41, 1312, 32, 41), "depthwise": (32, 144, 144, 56, 144),
}


def main():
    p = peer.parser(__doc__)
    p.add_argument("case")
    args = p.parse_args()
    torch = peer.torch_with(args.threads)
    torch.manual_seed(1)
    name = args.case.removesuffix("-gradients")
    backward = name != args.case
    batch, inputs, outputs, size, groups = CASES[name]
    x = torch.randn(batch, inputs, size, size, requires_grad=backward)
    w = torch.randn(outputs, inputs // groups, 3, 3, requires_grad=backward)
    g = torch.randn(batch, outputs, size, size) if backward else None

    def body():
        with torch.set_grad_enabled(backward):
            y = torch.nn.functional.conv2d(x, w, padding=1, groups=groups)
            if backward:
                return {"gradients": len(torch.autograd.grad(y, [x, w], g))}
            return {"outputs": y.shape[1]}

    peer.measure(args.case, args, body, {"torch": torch.__version__})


main()
