"""networks.py CASE: networks in evaluation, and the gradient of an output with respect to the input, in PyTorch.

CASE is resnet18-eval, resnet18-input-gradient, cim-eval or baseline-eval. With --channels-last the weights and the input are in
that layout, which is PyTorch's fastest without compiling; with --openvino the network is exported to ONNX and run by OpenVINO, in
float32 as everything here. Written out rather than taken from torchvision: see Cases/Networks.swift.
"""

import tempfile

import peer
from models import baseline, cim


def run_openvino(torch, args, model, x):
    import openvino

    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/network.onnx"
        torch.onnx.export(model, x, path, dynamo=False)
        options = {"INFERENCE_NUM_THREADS": args.threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        compiled = openvino.Core().compile_model(path, "CPU", options)
    given = x.numpy()
    peer.measure(
        args.case, args, lambda: {"values": int(compiled([given])[0].size)}, {"openvino": openvino.__version__.split("-")[0]})


def main():
    p = peer.parser(__doc__.splitlines()[0])
    p.add_argument("case")
    p.add_argument("--channels-last", action="store_true")
    p.add_argument("--openvino", action="store_true")
    args = p.parse_args()
    torch = peer.torch_with(args.threads)
    from torch import nn
    from torch.nn import functional as f

    class Basic(nn.Module):
        def __init__(self, i, o, stride):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
            self.conv2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
            widens = stride != 1 or i != o
            self.skip = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o)) if widens else nn.Identity()

        def forward(self, x):
            y = f.relu(self.bn1(self.conv1(x)), inplace=True)
            return f.relu(self.bn2(self.conv2(y)) + self.skip(x), inplace=True)

    def resnet18():
        layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(True), nn.MaxPool2d(3, 2, 1)]
        i = 64
        for stage, o in enumerate([64, 128, 256, 512]):
            layers += [Basic(i, o, 1 if stage == 0 else 2), Basic(o, o, 1)]
            i = o
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))

    torch.manual_seed(1)
    make, shape = {
        "resnet18-eval": (resnet18, (32, 3, 224, 224)),
        "resnet18-input-gradient": (resnet18, (32, 3, 224, 224)),
        "cim-eval": (lambda: cim(torch), (32, 41, 32, 32)),
        "baseline-eval": (lambda: baseline(torch), (128, 41, 32, 32)),
    }[args.case]
    model, x = make().eval().requires_grad_(False), torch.rand(*shape) - 0.5
    if args.openvino:
        return run_openvino(torch, args, model, x)
    if args.channels_last:
        model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)

    def body():
        if not args.case.endswith("gradient"):
            with torch.inference_mode():
                return {"values": model(x).numel()}
        leaf = x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(model(leaf)[:, 3].sum(), leaf)
        return {"values": gradient.numel()}

    peer.measure(args.case, args, body, {"torch": torch.__version__})


main()
