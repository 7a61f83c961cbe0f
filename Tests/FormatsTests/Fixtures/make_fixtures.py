"""Writes the fixtures of FormatsTests and expected.json, what reading them must give.

Run in this folder: python3 make_fixtures.py (NumPy 2, Pillow 10 or later). The files are committed: tests need no Python.
"""

import io
import json
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image, ImageOps

WIDENED = {
    "bool": "bool", "int8": "int32", "int16": "int32", "uint16": "int32", "int32": "int32", "uint32": "int64",
    "int64": "int64", "uint64": "int64", "uint8": "uint8", "float16": "float32", "float32": "float32",
    "float64": "float64",
}
expected = []


def expect(file, key, array, tolerance=0):
    values = [str(int(v)) if array.dtype.kind in "biu" else repr(float(v)) for v in array.ravel()]
    expected.append(
        {
            "file": file, "key": key, "dtype": WIDENED[array.dtype.newbyteorder("=").name],
            "shape": list(array.shape), "values": values, "tolerance": tolerance,
        }
    )


def save(file, array, version=None):
    with open(file, "wb") as stream:
        np.lib.format.write_array(stream, array, version=version)
    expect(file, "array", array)


def raw_npy(file, header, payload=b"", version=1):
    text = header.encode("latin1") + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    with open(file, "wb") as stream:
        stream.write(b"\x93NUMPY" + bytes([version, 0]) + length + text + payload)


def npy():
    for name in WIDENED:
        for order, word in (("<", "little"), (">", "big")):
            dtype = np.dtype(name)
            if dtype.itemsize == 1 and order == ">":
                continue
            if name == "bool":
                values = np.array([[True, False, True], [False, False, True]])
            elif dtype.kind in "iu":
                limits = np.iinfo(dtype)
                top = limits.max if name != "uint64" else 2**63 - 1
                values = np.array([[limits.min, 1, 2], [3, top - 1, top]], dtype)
            else:
                limits = np.finfo(dtype)
                values = np.array([[limits.max, -0.0, limits.smallest_subnormal], [np.inf, np.nan, 1 / 3]], dtype)
            save(f"{name}-{word}.npy", values.astype(dtype.newbyteorder(order)))
    cube = np.arange(24, dtype="<f4").reshape(2, 3, 4)
    save("row-major.npy", cube)
    save("fortran.npy", np.asfortranarray(cube))
    save("fortran-float64-big.npy", np.asfortranarray(np.arange(6, dtype=">f8").reshape(3, 2)))
    save("fortran-int16.npy", np.asfortranarray(np.arange(30, dtype="<i2").reshape(5, 1, 3, 2)))
    save("scalar.npy", np.array(2.5))
    save("vector.npy", np.arange(5, dtype="<i8"))
    save("zero-rows.npy", np.zeros((0, 3), "<f4"))
    save("version-2.npy", cube[0], version=(2, 0))
    save("version-3.npy", cube[1], version=(3, 0))
    raw_npy("python-2.npy", "{'descr': '<i4', 'fortran_order': False, 'shape': (2L,), }", struct.pack("<2i", 7, -7))
    expect("python-2.npy", "array", np.array([7, -7], "<i4"))


def refused_npy():
    np.save("refused-complex.npy", np.array([1 + 2j], "<c8"))
    np.save("refused-string.npy", np.array(["one", "three"]))
    np.save("refused-bytes.npy", np.array([b"one"]))
    np.save("refused-object.npy", np.array([{}, None], object), allow_pickle=True)
    np.save("refused-structured.npy", np.zeros(2, [("x", "<f4"), ("y", "<i2")]))
    np.save("refused-date.npy", np.array(["2020-01-01"], "datetime64[D]"))
    np.save("refused-longdouble.npy", np.array([1.0], np.longdouble))
    np.save("refused-uint64.npy", np.array([1, 2**63], "<u8"))
    header = "{{'descr': '<f4', 'fortran_order': False, 'shape': {}, }}"
    raw_npy("refused-promise.npy", header.format("(1000000, 1000000)"), b"\0" * 8)
    raw_npy("refused-overflow.npy", header.format("(4294967296, 4294967296, 4294967296)"))
    raw_npy("refused-hidden-overflow.npy", header.format("(0, 4294967296, 4294967296)"))
    raw_npy("refused-negative.npy", header.format("(-1, 3)"), b"\0" * 12)
    raw_npy("refused-trailing.npy", header.format("(1,)"), b"\0" * 5)
    raw_npy("refused-code.npy", "{'descr': __import__('os'), 'fortran_order': False, 'shape': ()}")
    raw_npy("refused-nesting.npy", "(" * 500)
    raw_npy("refused-key.npy", "{'descr': '<f4', 'shape': (1,)}", b"\0" * 4)
    raw_npy("refused-version.npy", header.format("(1,)"), b"\0" * 4, version=9)


def npz():
    arrays = {
        "features": np.linspace(-1, 1, 12, dtype="<f4").reshape(3, 4), "labels": np.array([0, 1, 1], "<u2"),
        "layer.1/weight": np.asfortranarray(np.arange(6, dtype="<f8").reshape(2, 3)), "mask": np.array([True, False]),
    }
    np.savez("stored.npz", **arrays)
    np.savez_compressed("deflated.npz", **arrays)
    for name, array in arrays.items():
        expect("stored.npz", name, array)
        expect("deflated.npz", name, array)
    with_names = {"features": arrays["features"], "names": np.array(["CD3", "CD8"])}
    np.savez("with-strings.npz", **with_names)
    expect("with-strings.npz", "features", arrays["features"])
    np.savez("refused-none.npz")
    stream = io.BytesIO()
    np.save(stream, arrays["features"])
    content = stream.getvalue()
    for file, method in (("refused-bzip2.npz", zipfile.ZIP_BZIP2), ("deflated-plain.npz", zipfile.ZIP_DEFLATED)):
        with zipfile.ZipFile(file, "w", method) as archive:
            archive.writestr("features.npy", content)
    expect("deflated-plain.npz", "features", arrays["features"])
    with zipfile.ZipFile("refused-other.npz", "w") as archive:
        archive.writestr("notes.txt", "nothing here")
    # An array of 16 GB in some hundred bytes: header and directory agree, only the ratio gives it away.
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000,), }\n"
    payload = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    with zipfile.ZipFile("refused-ratio.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.npy", payload + b"\0" * 4096)
    with open("refused-ratio.npz", "rb") as file:
        data = bytearray(file.read())
    central = data.find(b"PK\x01\x02")
    size = struct.pack("<I", len(payload) + 4_000_000_000)
    data[22:26] = size
    data[central + 24 : central + 28] = size
    with open("refused-ratio.npz", "wb") as file:
        file.write(data)


def png_chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def raw_png(file, width, height, bits, color, rows, interlaced=0):
    """`rows` without filter bytes, which are added as 0."""
    head = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, interlaced)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    with open(file, "wb") as stream:
        stream.write(b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head) + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b""))


def over_white(pixels, alpha):
    pixels, alpha = pixels.astype(int), alpha.astype(int)[..., None]
    return ((pixels * alpha + 255 * (255 - alpha) + 127) // 255).astype("u1")


def png():
    random = np.random.default_rng(1)
    rgb = random.integers(0, 256, (5, 7, 3), "u1")
    grey = random.integers(0, 256, (5, 7), "u1")
    alpha = random.integers(0, 256, (5, 7), "u1")
    Image.fromarray(rgb).save("rgb.png")
    expect("rgb.png", "pixels", rgb)
    Image.fromarray(grey).save("grey.png")
    expect("grey.png", "pixels", grey[..., None])
    Image.fromarray(np.dstack([rgb, alpha])).save("rgba.png")
    expect("rgba.png", "pixels", over_white(rgb, alpha))
    Image.fromarray(np.dstack([grey, alpha])).save("grey-alpha.png")
    expect("grey-alpha.png", "pixels", over_white(grey[..., None], alpha))
    palette = Image.fromarray(rgb).quantize(6)
    palette.save("palette.png")
    expect("palette.png", "pixels", np.asarray(palette.convert("RGB")))
    palette.save("palette-transparent.png", transparency=2)
    clear = np.where(np.asarray(palette) == 2, 0, 255)
    expect("palette-transparent.png", "pixels", over_white(np.asarray(palette.convert("RGB")), clear))
    bits = grey > 127
    Image.fromarray(bits).save("bits.png")
    expect("bits.png", "pixels", (bits * 255).astype("u1")[..., None])
    deep = random.integers(0, 65536, (4, 3, 3), "u2")
    scaled = np.round(deep.astype(float) * 255 / 65535).astype("u1")
    raw_png("rgb-16.png", 3, 4, 16, 2, [row.astype(">u2").tobytes() for row in deep])
    expect("rgb-16.png", "pixels", scaled)
    expect("rgb-16.png", "pixels16", deep)
    raw_png("grey-16.png", 3, 4, 16, 0, [row.astype(">u2").tobytes() for row in deep[..., 0]])
    expect("grey-16.png", "pixels", scaled[..., :1])
    expect("grey-16.png", "pixels16", deep[..., :1])
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    parts = [rgb[y::dy, x::dx] for y, x, dy, dx in passes]
    raw_png("interlaced.png", 7, 5, 8, 2, [row.tobytes() for part in parts if part.size for row in part], interlaced=1)
    expect("interlaced.png", "pixels", rgb)
    raw_png("refused-huge.png", 2**31 - 1, 2**31 - 1, 8, 2, [b"\0" * 3])
    raw_png("refused-implausible.png", 10000, 10000, 8, 2, [b"\0" * 3])
    with open("refused-text.png", "w") as file:
        file.write("This is not a picture.\n")


def jpeg():
    y, x = np.mgrid[0:10, 0:14]
    rgb = np.dstack([x * 18, y * 24, 255 - x * 8 - y * 12]).astype("u1")

    def save_jpeg(file, picture, **options):
        picture.save(file, "JPEG", quality=90, **options)
        pixels = np.asarray(ImageOps.exif_transpose(Image.open(file)))
        # Decoders may differ by rounding of the transform and of the conversion of colours.
        expect(file, "pixels", pixels if pixels.ndim == 3 else pixels[..., None], tolerance=3)

    save_jpeg("rgb.jpg", Image.fromarray(rgb), subsampling=0)
    save_jpeg("subsampled.jpg", Image.fromarray(rgb), subsampling=2)
    save_jpeg("progressive.jpg", Image.fromarray(rgb), progressive=True, subsampling=0)
    save_jpeg("grey.jpg", Image.fromarray(rgb[..., 1]))
    save_jpeg("jpeg-named.png", Image.fromarray(rgb), subsampling=0)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        save_jpeg(f"orientation-{orientation}.jpg", Image.fromarray(rgb[:6, :10]), exif=exif, subsampling=0)
    Image.fromarray(rgb).convert("CMYK").save("refused-cmyk.jpg", "JPEG")


def others():
    files = {
        "refused.onnx": b"\x08\x07\x12\x07pytorch:\0",
        "refused.pt": b"\x80\x02}q\0.",
        "refused-empty.npy": b"",
    }
    for name, content in files.items():
        with open(name, "wb") as file:
            file.write(content)


for write in (npy, refused_npy, npz, png, jpeg, others):
    write()
with open("expected.json", "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(entry) for entry in expected) + "\n]\n")
