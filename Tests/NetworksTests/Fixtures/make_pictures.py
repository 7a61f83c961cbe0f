"""Random pictures, scaled by Pillow, and as torchvision's ImageNet preset (with other sizes) makes them.

Needs numpy, Pillow 11 (13 orders the two passes by their cost, which moves some pixels by one level), torch and torchvision. Writes pictures.npz beside this script.
"""
import pathlib

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import functional as F

random = np.random.default_rng(1)
# Rows, columns, channels; then the size to scale to.
CASES = {
    "down": ((37, 53, 3), (9, 13)), "up": ((7, 9, 3), (20, 31)), "wide": ((20, 61, 3), (20, 17)),
    "tall": ((50, 21, 3), (33, 21)), "odd": ((23, 23, 3), (40, 5)), "grey": ((19, 31, 1), (8, 40)),
}
MEAN, DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def normalised(image, mean, deviation):
    x = F.convert_image_dtype(F.pil_to_tensor(image.convert("RGB")), torch.float)
    return F.normalize(x, mean=mean, std=deviation)[None].numpy()


arrays = {}
for name, (shape, (height, width)) in CASES.items():
    pixels = random.integers(0, 256, shape, dtype=np.uint8)
    arrays[f"{name}.pixels"] = pixels
    image = Image.fromarray(pixels if shape[2] == 3 else pixels[:, :, 0])
    for method in ("bilinear", "bicubic"):
        scaled = np.asarray(image.resize((width, height), getattr(Image, method.upper())))
        arrays[f"{name}.{method}"] = scaled.reshape(height, width, shape[2])
    cut = F.center_crop(F.resize(image, [16], interpolation=F.InterpolationMode.BILINEAR, antialias=True), [14, 15])
    arrays[f"{name}.preset"] = normalised(cut, MEAN, DEVIATION)
    if name == "odd":
        arrays[f"{name}.padded"] = normalised(F.center_crop(image, [40, 11]), [0.5] * 3, [0.5] * 3)
np.savez_compressed(pathlib.Path(__file__).parent / "pictures.npz", **arrays)
