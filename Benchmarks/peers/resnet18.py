"""resnet18.py: ResNet-18 in training, batch 32 at 224², forward and backward to all weights, in eager PyTorch.

Written out rather than taken from torchvision, so that both sides do the same operations: see Cases/ResidualNetwork.swift.
"""

import peer

STAGES = [64, 128, 256, 512]


def shapes():
    def normalized(outputs, inputs, kernel):
        return [(outputs, inputs, kernel, kernel), (outputs,), (outputs,)]

    result, inputs = normalized(64, 3, 7), 64
    for channels in STAGES:
        for block in range(2):
            result += normalized(channels, inputs if block == 0 else channels, 3) + normalized(channels, channels, 3)
            if block == 0 and inputs != channels:
                result += normalized(channels, inputs, 1)
        inputs = channels
    return result + [(1000, 512), (1000,)]


def main():
    args = peer.parser(__doc__.splitlines()[0]).parse_args()
    torch = peer.torch_with(args.threads)
    f = torch.nn.functional
    torch.manual_seed(1)
    x = torch.randn(32, 3, 224, 224)
    weights = []
    for shape in shapes():
        if len(shape) == 1:
            weights.append(torch.zeros(shape) if shape == (1000,) else torch.ones(shape))
        else:
            weights.append(torch.randn(shape) * (2 / torch.Size(shape[1:]).numel()) ** 0.5)
    weights = [w.requires_grad_() for w in weights]

    def body():
        rest = iter(weights)

        def convolved(x, stride, padding):
            weight, scale, shift = next(rest), next(rest), next(rest)
            y = f.conv2d(x, weight, stride=stride, padding=padding)
            return f.batch_norm(y, None, None, scale, shift, training=True)

        def block(x, stride, widens):
            inner = torch.relu(convolved(x, stride, 1))
            y = convolved(inner, 1, 1)
            return torch.relu(y + (convolved(x, stride, 0) if widens else x))

        y = f.max_pool2d(torch.relu(convolved(x, 2, 3)), 3, 2, 1)
        for index, _ in enumerate(STAGES):
            y = block(y, 1 if index == 0 else 2, index > 0)
            y = block(y, 1, False)
        logits = f.linear(y.mean((2, 3)), next(rest), next(rest))
        loss = (logits * logits).mean()
        gradients = torch.autograd.grad(loss, weights)
        return {"loss": float(loss.detach()), "gradients": len(gradients)}

    peer.measure("resnet18", args, body, {"torch": torch.__version__})


main()
