"""The networks of multiplex images that several peers run, written out in PyTorch. Weights are drawn: speed does not depend on them."""


def cim(torch):
    """WideModel(41, 32, 4, [1, 1]): no layer mixes the 41 channels."""
    from torch import nn
    from torch.nn import functional as f

    class Grouped(nn.Module):
        def __init__(self, c, groups, width):
            super().__init__()
            self.dw_conv, self.norm = nn.Conv2d(c, c, 3, padding=1, groups=groups, bias=False), nn.BatchNorm2d(c)
            self.pw_expand = nn.Conv2d(c, c * width, 1, groups=groups, bias=False)
            self.pw_project = nn.Conv2d(c * width, c, 1, groups=groups, bias=False)

        def forward(self, x):
            return x + self.pw_project(f.gelu(self.pw_expand(self.norm(self.dw_conv(x)))))

    c = 41 * 32
    stem = [nn.Conv2d(41, c, 3, padding=1, groups=41, bias=False), nn.BatchNorm2d(c), nn.ReLU()]
    return nn.Sequential(
        *stem, Grouped(c, 41, 4), nn.AvgPool2d(2, 2), Grouped(c, 41, 4), nn.AvgPool2d(2, 2), nn.AdaptiveAvgPool2d(1))


def baseline(torch):
    """ResNetBaseline(41, 64)."""
    from torch import nn

    def stage(i, o):
        return [
            nn.Conv2d(i, o, 3, 2, 1, bias=False), nn.BatchNorm2d(o), nn.GELU(),
            nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o), nn.GELU()]

    stem = [nn.Conv2d(41, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    return nn.Sequential(*stem, *stage(64, 128), *stage(128, 256), nn.AdaptiveAvgPool2d(1))
