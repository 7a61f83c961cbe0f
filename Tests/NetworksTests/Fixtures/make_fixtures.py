"""Narrow networks with their state dictionaries, an input, and what PyTorch computes on them in float64.

Needs torch, torchvision and timm. Writes NAME.npz beside this script: `state.*` as in NAME's state_dict (float32), `input`,
`output`, and `gradient`: that of the sum of output 1 over the batch with respect to the input.
"""
import copy
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from timm.models.vision_transformer import VisionTransformer as TimmTransformer
from torch import nn
from torchvision import models

HERE = pathlib.Path(__file__).parent


class Block(nn.Module):
    def __init__(self, channels, groups, width):
        super().__init__()
        self.dw_conv = nn.Conv2d(channels, channels, 3, padding=1, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.pw_expand = nn.Conv2d(channels, channels * width, 1, groups=groups, bias=False)
        self.pw_project = nn.Conv2d(channels * width, channels, 1, groups=groups, bias=False)
        self.drop = nn.Dropout2d(0.05)

    def forward(self, x):
        return x + self.drop(self.pw_project(F.gelu(self.pw_expand(self.norm(self.dw_conv(x))))))


class Fusion(nn.Module):
    """WideModel, EarlyFusionModel and MidFusionModel: they differ in their groups."""

    def __init__(self, channels, stem_width, block_width, layer_config, stem_groups, groups, late_fusion=None):
        super().__init__()
        c = channels * stem_width
        self.stem = nn.Sequential(
            nn.Conv2d(channels, c, 3, padding=1, groups=stem_groups, bias=False), nn.BatchNorm2d(c), nn.ReLU())
        layers = []
        for n in layer_config:
            layers += [nn.Sequential(*[Block(c, groups, block_width) for _ in range(n)]), nn.AvgPool2d(2, 2)]
        self.layers = nn.Sequential(*layers)
        if late_fusion:
            self.late_fusion = nn.Conv2d(c, late_fusion, 1)

    def forward(self, x):
        x = F.adaptive_avg_pool2d(self.layers(self.stem(x)), 1)
        return self.late_fusion(x) if hasattr(self, "late_fusion") else x


class ResNetBaseline(nn.Module):
    def __init__(self, channels, b):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(channels, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU())

        def stage(i, o):
            return nn.Sequential(
                nn.Conv2d(i, o, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(o), nn.GELU(),
                nn.Conv2d(o, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.GELU(), nn.Dropout2d(0.05))

        self.layer1, self.layer2 = stage(b, 2 * b), stage(2 * b, 4 * b)

    def forward(self, x):
        return F.adaptive_avg_pool2d(self.layer2(self.layer1(self.stem(x))), 1)


class MultiLinearLayers(nn.Module):
    def __init__(self, i, h1, h2, o):
        super().__init__()
        self.linear1, self.linear2, self.fc = nn.Linear(i, h1), nn.Linear(h1, h2), nn.Linear(h2, o)

    def forward(self, x):
        return self.fc(torch.tanh(self.linear2(torch.tanh(self.linear1(x)))))


class PlainCNN(nn.Module):
    def __init__(self, widths, strides, normalized):
        super().__init__()
        layers, i = [], 2
        for o, s in zip(widths, strides):
            layers += [nn.Conv2d(i, o, 3, stride=s, padding=1)] + [nn.BatchNorm2d(o)] * normalized + [nn.ReLU()]
            i = o
        self.features, self.head = nn.Sequential(*layers), nn.Linear(i, 3)

    def forward(self, x):
        return self.head(self.features(x).mean((2, 3)))


def narrow(model, factor):
    """Every width divided, but for the input's channels and the classes."""
    for name, child in model.named_children():
        if isinstance(child, nn.Conv2d):
            i = child.in_channels if child.in_channels == 3 else child.in_channels // factor
            layer = nn.Conv2d(
                i, child.out_channels // factor, child.kernel_size, child.stride, child.padding,
                bias=child.bias is not None)
        elif isinstance(child, nn.BatchNorm2d):
            layer = nn.BatchNorm2d(child.num_features // factor)
        else:
            narrow(child, factor)
            continue
        setattr(model, name, layer)
    return model


def resnet(make):
    model = narrow(make(), 32)
    model.fc = nn.Linear(model.fc.in_features // 32, 5)
    return model


def vgg(make):
    model = narrow(make(init_weights=False), 32)
    c = model.classifier
    c[0], c[3], c[6] = nn.Linear(16 * 49, 6), nn.Linear(6, 7), nn.Linear(7, 5)
    return model


def transformer(**options):
    return TimmTransformer(img_size=16, patch_size=4, embed_dim=12, depth=2, num_heads=3, **options)




torch.manual_seed(1)
CASES = {
    "wide": (Fusion(3, 2, 2, [1, 2], 3, 3), (2, 3, 8, 8)),
    "wide_late": (Fusion(3, 2, 2, [1], 3, 3, late_fusion=4), (2, 3, 8, 8)),
    "early_fusion": (Fusion(3, 2, 3, [1, 1], 1, 1), (2, 3, 8, 8)),
    "mid_fusion": (Fusion(3, 2, 2, [2, 1], 3, 1), (2, 3, 8, 8)),
    "resnet_baseline": (ResNetBaseline(3, 2), (2, 3, 9, 8)),
    "mlp": (MultiLinearLayers(5, 6, 7, 2), (4, 5)),
    "cnn": (PlainCNN([3, 4, 5], [1, 1, 2], True), (2, 2, 8, 7)),
    "cnn_plain": (PlainCNN([3, 4], [1, 1], False), (2, 2, 6, 7)),
    "resnet18": (resnet(models.resnet18), (2, 3, 40, 36)),
    "resnet34": (resnet(models.resnet34), (1, 3, 33, 33)),
    "resnet50": (resnet(models.resnet50), (1, 3, 40, 33)),
    "vgg11": (vgg(models.vgg11), (1, 3, 32, 40)),
    "vgg16_bn": (vgg(models.vgg16_bn), (1, 3, 32, 32)),
    "vit": (models.VisionTransformer(16, 4, 2, 3, 12, 24, num_classes=5), (2, 3, 16, 16)),
    "vit_timm": (transformer(num_classes=5), (2, 3, 16, 16)),
    "vit_registers": (transformer(num_classes=5, reg_tokens=2, no_embed_class=True), (2, 3, 16, 16)),
    "vit_layer_scale": (transformer(num_classes=0, init_values=0.5, global_pool="token"), (2, 3, 16, 16)),
}

for name, (model, shape) in CASES.items():
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5), module.bias.normal_(0, 0.2)
                module.running_mean.normal_(0, 0.2), module.running_var.uniform_(0.5, 2)
        for parameter in model.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    model.eval()
    x = torch.randn(*shape)
    double = copy.deepcopy(model).double()
    recorded = x.double().requires_grad_()
    y = double(recorded)
    (gradient,) = torch.autograd.grad(y.flatten(1)[:, 1].sum(), recorded)
    np.savez_compressed(
        HERE / f"{name}.npz", input=x.numpy(), output=y.detach().numpy(), gradient=gradient.numpy(),
        **{f"state.{key}": value.numpy() for key, value in model.state_dict().items()})
