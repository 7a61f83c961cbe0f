"""Writes the HDF5 files of FormatsTests and expected-hdf5.json, what reading them must give.

Run in this folder: python3 make_hdf5_fixtures.py (h5py 3, NumPy). The files are committed: tests need no Python.
"""

import json

import h5py
import numpy as np

WIDENED = {
    "bool": "bool", "int8": "int32", "int16": "int32", "uint16": "int32", "int32": "int32", "uint32": "int64", "int64": "int64",
    "uint64": "int64", "uint8": "uint8", "float16": "float32", "float32": "float32", "float64": "float64",
}
expected = []


def expect(file, key, array):
    array = np.asarray(array)
    values = [str(int(v)) if array.dtype.kind in "biu" else repr(float(v)) for v in array.ravel()]
    expected.append(
        {
            "file": file, "key": key, "dtype": WIDENED[array.dtype.newbyteorder("=").name], "shape": list(array.shape),
            "values": values, "tolerance": 0,
        }
    )


def numbers(file, libver):
    with h5py.File(file, "w", libver=libver) as out:

        def put(name, array, **options):
            out.create_dataset(name, data=array, track_times=False, **options)
            expect(file, name, array)

        for name in WIDENED:
            dtype = np.dtype(name)
            if name == "bool":
                values = np.array([[True, False], [False, True]])
            elif dtype.kind in "iu":
                info = np.iinfo(dtype)
                values = np.array([info.min, 1, info.max if name != "uint64" else 2**63 - 1], dtype)
            else:
                info = np.finfo(dtype)
                values = np.array([[info.max, -0.0, info.smallest_normal], [np.inf, np.nan, 1 / 3]], dtype)
            put(f"types/{name}", values)
            if dtype.itemsize > 1:
                put(f"types/{name}-big", values.astype(dtype.newbyteorder(">")))
        cube = np.arange(7 * 9 * 3, dtype="<f4").reshape(7, 9, 3)
        put("data/A1/image", cube, chunks=(4, 4, 3), compression="gzip")
        put("data/A1/masks", np.arange(63, dtype="<i4").reshape(7, 9))
        put("data/shuffled", cube, chunks=(2, 9, 3), compression="gzip", shuffle=True, fletcher32=True)
        put("data/resizable", np.arange(6, dtype="<i2").reshape(2, 3), maxshape=(None, 3), chunks=(1, 3))
        put("scalar", np.array(2.5))
        put("none", np.zeros((0, 3), "<f4"))
        out.create_dataset("unwritten", (2, 3), "<f4", fillvalue=7, track_times=False)
        expect(file, "unwritten", np.full((2, 3), 7, "<f4"))
        out.create_dataset("levels", data=np.array([2, 0, 1], "i1"), dtype=h5py.enum_dtype({"low": 0, "mid": 1, "high": 2}, "i1"))
        expect(file, "levels", np.array([2, 0, 1], "i1"))
        table = np.array([(1, 0.5, b"ab"), (2, 1.5, b"c")], [("id", "<i4"), ("score", "<f8"), ("tag", "S3")])
        out.create_dataset("table", data=table, track_times=False)
        expect(file, "table/id", table["id"])
        expect(file, "table/score", table["score"])


def texts():
    with h5py.File("texts.h5", "w") as out:
        variable = h5py.string_dtype()
        out.create_dataset("marker_names", data=["CD3", "größe", "", "Ki67"], dtype=variable, track_times=False)
        out.create_dataset("grid", data=np.array([["a", "b"], ["c", "d"], ["e", "f"]], object), dtype=variable, track_times=False)
        out.create_dataset("chunked", data=[f"cell {i}" for i in range(50)], dtype=variable, chunks=(16,), compression="gzip")
        out.create_dataset("fixed", data=np.array([b"ab", b"cde", b""], "S3"), track_times=False)
        out.create_dataset("one", data="alone", dtype=variable, track_times=False)
        space = h5py.h5t.C_S1.copy()
        space.set_size(4)
        space.set_strpad(h5py.h5t.STR_SPACEPAD)
        padded = h5py.h5d.create(out.id, b"padded", space, h5py.h5s.create_simple((2,)))
        padded.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([b"ab  ", b"abcd"], "S4"), space)
        out.create_dataset("numbers", data=np.arange(3, dtype="<i8"), track_times=False)
        out.attrs["title"] = "a title"
        out.attrs["scale"] = np.array([[0.5, 2.0]])
        out["numbers"].attrs["units"] = ["px", "µm"]
        out["numbers"].attrs["count"] = np.int16(3)
        out["numbers"].attrs["flag"] = True
    expect("texts.h5", "numbers", np.arange(3, dtype="<i8"))


def links():
    with h5py.File("links.h5", "w") as out:
        out.create_dataset("a/values", data=np.arange(3, dtype="<i4"), track_times=False)
        out["a/back"] = out["/"]
        out["b"] = h5py.SoftLink("/a/values")
        out["c"] = out["a/values"]
        out["dangling"] = h5py.SoftLink("/nowhere")
        out["elsewhere"] = h5py.ExternalLink("texts.h5", "/numbers")
    for name in ("a/values", "b", "c"):
        expect("links.h5", name, np.arange(3, dtype="<i4"))


def refused():
    with h5py.File("refused-kinds.h5", "w") as out:
        out.create_dataset("fine", data=np.ones(2, "<f4"), track_times=False)
        out.create_dataset("complex", data=np.array([1 + 2j]), track_times=False)
        out.create_dataset("ragged", (2,), h5py.vlen_dtype("<i4"), track_times=False)
        out.create_dataset("arrays", (2,), np.dtype(("<f4", (3,))), track_times=False)
        out.create_dataset("reference", data=out.ref, dtype=h5py.ref_dtype)
        out.create_dataset("opaque", data=np.void(b"1234"))
        out.create_dataset("null", data=h5py.Empty("f4"))
        out.create_dataset("outside", (2,), "<f4", external=[("/etc/passwd", 0, 8)])
        layout = h5py.VirtualLayout((3,), "<i8")
        layout[:] = h5py.VirtualSource("texts.h5", "numbers", (3,))
        out.create_virtual_dataset("virtual", layout)
        out.create_dataset("promise", (2**20, 2**20), "<f4", chunks=(64, 64))
        out.create_dataset("overflow", (2**31, 2**31, 4), "<f4", chunks=(64, 64, 1))
        out.create_dataset("chunky", (2**20, 2**10), "<f4", chunks=(2**18, 2**10))
        out.create_dataset("uint64", data=np.array([1, 2**63], "<u8"), track_times=False)


numbers("numbers.h5", None)
# As new as the oldest library that we read with knows.
numbers("latest.h5", ("v110", "v110"))
texts()
links()
refused()
with open("expected-hdf5.json", "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in expected) + "\n]\n")
