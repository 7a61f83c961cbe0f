"""Networks as PyTorch exports them to ONNX, an input, and what PyTorch computes on them in float64.

Needs torch and onnxscript. Writes beside this script NAME.onnx and NAME_onnx.npz: `input`, `output`, and `gradient`: that of the sum
of output 1 over the batch with respect to the input.
"""
import copy
import pathlib
import warnings

import numpy as np
import onnx
import torch
from torch import nn

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + self.downsample(x))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.pool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = Block(4, 6, 1)
        self.layer2 = Block(6, 8, 2)
        self.fc = nn.Linear(8, 5)

    def forward(self, x):
        x = self.pool(torch.relu(self.bn1(self.conv1(x))))
        x = self.layer2(self.layer1(x))
        return self.fc(torch.flatten(nn.functional.adaptive_avg_pool2d(x, 1), 1))


class Transformer(nn.Module):
    def __init__(self, width=16, heads=1):
        # The scale of 16 channels, 1/2 on either side, is exact in the file's float32.
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, 4)
        self.class_token = nn.Parameter(torch.randn(1, 1, width))
        self.positions = nn.Parameter(torch.randn(1, 17, width))
        self.ln_1 = nn.LayerNorm(width, eps=1e-6)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(width, 24), nn.GELU(), nn.Linear(24, width))
        self.head = nn.Linear(width, 5)

    def forward(self, x):
        x = self.patches(x).flatten(2).permute(0, 2, 1)
        x = torch.cat([self.class_token.expand(x.shape[0], -1, -1), x], 1) + self.positions
        y = self.ln_1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        x = x + self.mlp(self.ln_2(x))
        return self.head(x[:, 0])


class Decoder(nn.Module):
    """What exporters write for resizing, shuffling and attention to channels."""

    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(3, 8, 3, 2, 1)
        self.squeeze = nn.Conv2d(8, 4, 1)
        self.excite = nn.Conv2d(4, 8, 1)
        self.up = nn.ConvTranspose2d(8, 8, 2, 2)
        self.out = nn.Conv2d(2, 4, 3, padding=1)

    def forward(self, x):
        y = nn.functional.silu(self.down(x))
        y = y * torch.sigmoid(self.excite(torch.relu(self.squeeze(y.mean((2, 3), keepdim=True)))))
        y = nn.functional.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False) + self.up(y)
        y = nn.functional.pixel_shuffle(y[:, :, ::1, :], 2)
        a, b = nn.functional.avg_pool2d(y, 3, 2, 1).chunk(2, 1)
        y = self.out(torch.cat([a * nn.functional.hardswish(b), torch.clamp(b, -0.5, 0.5)], 1))
        return nn.functional.normalize(y.flatten(2), dim=1).amax(2)


def without_traces(path):
    """Nodes carry stack traces of the export, with the folders of whoever made it."""
    model = onnx.load(path)
    for node in model.graph.node:
        node.doc_string = ""
        node.ClearField("metadata_props")
    onnx.save(model, path)


def write(name, model, x, optimize, version=None):
    """With a version of the operators: by the older exporter, which traces."""
    model = model.eval()
    names = {"input_names": ["input"], "output_names": ["output"]}
    if version:
        torch.onnx.export(
            model, (x,), str(HERE / f"{name}.onnx"), dynamo=False, opset_version=version, do_constant_folding=optimize,
            dynamic_axes={"input": {0: "batch"}}, **names)
    else:
        torch.onnx.export(
            model, (x,), str(HERE / f"{name}.onnx"), optimize=optimize, dynamo=True, external_data=False, verbose=False,
            dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=64)},), **names)
    without_traces(str(HERE / f"{name}.onnx"))
    double, input = copy.deepcopy(model).double(), x.double().requires_grad_()
    output = double(input)
    gradient, = torch.autograd.grad(output[:, 1].sum(), input)
    np.savez(HERE / f"{name}_onnx.npz", input=input.detach().numpy(), output=output.detach().numpy(), gradient=gradient.numpy())


torch.manual_seed(3)
residual = Residual()
for module in residual.modules():
    if isinstance(module, nn.BatchNorm2d):
        module.weight.data.uniform_(0.5, 1.5)
        module.bias.data.normal_(0, 0.2)
        module.running_mean.normal_(0, 0.2)
        module.running_var.uniform_(0.5, 2)
write("residual", residual, torch.randn(2, 3, 24, 24), False)
write("residual_folded", residual, torch.randn(2, 3, 24, 24), True)
write("transformer", Transformer(), torch.randn(2, 3, 16, 16), True)
write("decoder", Decoder(), torch.randn(2, 3, 12, 12), True)
write("decoder_11", Decoder(), torch.randn(2, 3, 12, 12), False, version=11)
write("transformer_14", Transformer(), torch.randn(2, 3, 16, 16), False, version=14)
