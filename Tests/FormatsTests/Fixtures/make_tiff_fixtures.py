"""Writes the TIFF files of FormatsTests and expected-tiff.json, what reading them must give.

Run in this folder: python3 make_tiff_fixtures.py (tifffile, imagecodecs, NumPy, Pillow). The files are committed: tests need no
Python.
"""

import json

import numpy as np
import tifffile
from PIL import Image

WIDENED = {
    "int8": "int32", "int16": "int32", "uint16": "int32", "int32": "int32", "uint32": "int64", "int64": "int64", "uint8": "uint8",
    "float16": "float32", "float32": "float32", "float64": "float64",
}
expected = []
OPTIONS = {"software": False, "datetime": None}


def expect(file, key, array):
    values = [str(int(v)) if array.dtype.kind in "biu" else repr(float(v)) for v in array.ravel()]
    expected.append(
        {
            "file": file, "key": key, "dtype": WIDENED[array.dtype.newbyteorder("=").name], "shape": list(array.shape),
            "values": values, "tolerance": 0,
        }
    )


def types():
    random = np.random.default_rng(3)
    for name in WIDENED:
        if name in ("int64", "float16"):
            continue
        dtype = np.dtype(name)
        pages = random.integers(0, 100, (3, 5, 4)).astype(dtype)
        if dtype.kind in "iu":
            pages[0, 0, 0], pages[0, 0, 1] = np.iinfo(dtype).min, np.iinfo(dtype).max
        tifffile.imwrite(f"pages-{name}.tif", pages, photometric="minisblack", metadata=None, **OPTIONS)
        expect(f"pages-{name}.tif", "pixels", pages.transpose(1, 2, 0))
    pages = random.integers(0, 60000, (2, 40, 36)).astype("u2")
    for file, options in {
        "big-endian.tif": {"byteorder": ">"}, "tiled.tif": {"tile": (16, 16)}, "deflate.tif": {"compression": "zlib", "predictor": True},
        "lzw.tif": {"compression": "lzw", "rowsperstrip": 7}, "packbits.tif": {"compression": "packbits"}, "bigtiff.tif": {"bigtiff": True},
        "tiled-deflate.tif": {"tile": (16, 32), "compression": "zlib"},
    }.items():
        tifffile.imwrite(file, pages, photometric="minisblack", metadata=None, **options, **OPTIONS)
        expect(file, "pixels", pages.transpose(1, 2, 0))
    samples = random.integers(0, 60000, (6, 5, 4)).astype("u2")
    tifffile.imwrite("contiguous.tif", samples, photometric="minisblack", planarconfig="contig", metadata=None, **OPTIONS)
    expect("contiguous.tif", "pixels", samples)
    tifffile.imwrite(
        "separate.tif", samples.transpose(2, 0, 1), photometric="minisblack", planarconfig="separate", metadata=None, **OPTIONS
    )
    expect("separate.tif", "pixels", samples)
    with tifffile.TiffWriter("pyramid.tif") as out:
        out.write(samples[..., 0], photometric="minisblack", metadata=None, **OPTIONS)
        out.write(samples[..., 1], photometric="minisblack", metadata=None, **OPTIONS)
        out.write(samples[::2, ::2, 0], photometric="minisblack", metadata=None, **OPTIONS)
    expect("pyramid.tif", "pixels", samples[..., :2])
    expect("pyramid.tif", "page 2", samples[::2, ::2, :1])


def channels():
    random = np.random.default_rng(4)
    pixels = random.integers(0, 60000, (3, 6, 5)).astype("u2")
    names = ["DAPI", 'CD3 & "CD8"', "größe <1>"]
    tifffile.imwrite("channels.ome.tif", pixels, metadata={"axes": "CYX", "Channel": {"Name": names}}, photometric="minisblack", **OPTIONS)
    expect("channels.ome.tif", "pixels", pixels.transpose(1, 2, 0))
    stack = random.integers(0, 255, (2, 3, 4, 5)).astype("u2")
    tifffile.imwrite(
        "stack.ome.tif", stack, metadata={"axes": "ZCYX", "Channel": {"Name": ["a", "b", "c"]}}, photometric="minisblack", **OPTIONS
    )
    expect("stack.ome.tif", "pixels", stack.reshape(6, 4, 5).transpose(1, 2, 0))
    with tifffile.TiffWriter("named.tif") as out:
        for name, page in zip(("first", "second", "third"), pixels):
            out.write(page, photometric="minisblack", metadata=None, extratags=[(285, 2, 0, name, True)], **OPTIONS)
    expect("named.tif", "pixels", pixels.transpose(1, 2, 0))


def pictures():
    random = np.random.default_rng(5)
    rgb = random.integers(0, 256, (5, 7, 3)).astype("u1")
    grey = random.integers(0, 256, (5, 7)).astype("u1")
    Image.fromarray(rgb).save("rgb.tif")
    expect("rgb.tif", "pixels", rgb)
    Image.fromarray(grey).save("grey.tif", compression="tiff_lzw")
    expect("grey.tif", "pixels", grey[..., None])
    Image.fromarray(grey > 127).save("bits.tif")
    expect("bits.tif", "pixels", ((grey > 127) * 255).astype("u1")[..., None])
    palette = Image.fromarray(rgb).quantize(6)
    palette.save("palette.tif")
    expect("palette.tif", "pixels", np.asarray(palette.convert("RGB")))


def refused():
    y = np.zeros((4, 4), "c8")
    tifffile.imwrite("refused-complex.tif", y, metadata=None, **OPTIONS)
    with open("grey.tif", "rb") as file:
        content = file.read()
    # 2³¹ − 1 rows: the tag 257, of one long or short.
    place = content.find(b"\x01\x01\x03\x00")
    place = place if place > 0 else content.find(b"\x01\x01\x04\x00")
    with open("refused-huge.tif", "wb") as file:
        file.write(content[: place + 2] + b"\x04\x00\x01\x00\x00\x00\xff\xff\xff\x7f" + content[place + 12 :])
    # A directory that says it comes after itself: it counts once.
    tifffile.imwrite("loop.tif", np.zeros((2, 2), "u2"), photometric="minisblack", metadata=None, byteorder="<", **OPTIONS)
    with open("loop.tif", "rb") as file:
        content = bytearray(file.read())
    first = int.from_bytes(content[4:8], "little")
    tags = int.from_bytes(content[first : first + 2], "little")
    content[first + 2 + 12 * tags : first + 6 + 12 * tags] = content[4:8]
    with open("loop.tif", "wb") as file:
        file.write(content)
    expect("loop.tif", "pixels", np.zeros((2, 2, 1), "u2"))


def tables():
    with open("table.csv", "w", newline="") as file:
        file.write('id,"x, y",label,score\r\n1,0.5,"B ""cell""",\r\n2,-1e3,"T\ncell",nan\r\n3,inf,T,7\r\n')
    expect("table.csv", "table", np.array([[1, 0.5, np.nan], [2, -1000, np.nan], [3, np.inf, 7]]))
    with open("plain.csv", "w") as file:
        file.write("0.25;1\n0.5;2\n")
    expect("plain.csv", "table", np.array([[0.25, 1], [0.5, 2]]))


for write in (types, channels, pictures, refused, tables):
    write()
with open("expected-tiff.json", "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in expected) + "\n]\n")
