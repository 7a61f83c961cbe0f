"""The networks of the channel studies, with the parameter names of their checkpoints."""
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, channels, groups, width):
        super().__init__()
        self.dw_conv = nn.Conv2d(channels, channels, 3, padding=1, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.pw_expand = nn.Conv2d(channels, channels * width, 1, groups=groups, bias=False)
        self.pw_project = nn.Conv2d(channels * width, channels, 1, groups=groups, bias=False)

    def forward(self, x):
        return x + self.pw_project(F.gelu(self.pw_expand(self.norm(self.dw_conv(x)))))


class Wide(nn.Module):
    def __init__(self, channels, stem_width, block_width):
        super().__init__()
        c = channels * stem_width
        self.stem = nn.Sequential(
            nn.Conv2d(channels, c, 3, padding=1, groups=channels, bias=False), nn.BatchNorm2d(c), nn.ReLU())
        self.layers = nn.Sequential(
            nn.Sequential(Block(c, channels, block_width)), nn.AvgPool2d(2, 2),
            nn.Sequential(Block(c, channels, block_width)), nn.AvgPool2d(2, 2))

    def forward(self, x):
        return F.adaptive_avg_pool2d(self.layers(self.stem(x)), 1)


class ResNetBaseline(nn.Module):
    def __init__(self, channels, b):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(channels, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU())

        def stage(i, o):
            return nn.Sequential(
                nn.Conv2d(i, o, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(o), nn.GELU(),
                nn.Conv2d(o, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.GELU())

        self.layer1, self.layer2 = stage(b, 2 * b), stage(2 * b, 4 * b)

    def forward(self, x):
        return F.adaptive_avg_pool2d(self.layer2(self.layer1(self.stem(x))), 1)
