"""Writes the ONNX fixtures of FormatsTests and onnx-expected.json, what reading them must give.

Run in this folder: python3 make_onnx_fixtures.py (onnx 1.18 or later). The files are committed: tests need no Python.
"""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(5)
expected = []


def typed(name, kind, dims, field, values):
    tensor = TensorProto(name=name, data_type=kind, dims=dims)
    getattr(tensor, field).extend(values)
    return tensor


def save(file, tensors, expect=True):
    node = helper.make_node("Sum", [tensors[0].name], ["y"], name="sum", floats=[0.1, 2.0], ints=[1, -2], text="é", number=3)
    graph = helper.make_graph(
        [node], "fixture", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="fixtures", ir_version=9)
    with open(file, "wb") as stream:
        stream.write(model.SerializeToString())
    if expect:
        for tensor in tensors:
            values = np.asarray(numpy_helper.to_array(tensor)).astype(object if tensor.data_type == 7 else np.float64)
            texts = [str(int(v)) if tensor.data_type == 7 else repr(float(v)) for v in values.ravel()]
            expected.append({"file": file, "name": tensor.name, "shape": list(tensor.dims), "values": texts})


raw = []
for dtype in "float32 float64 float16 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool".split():
    values = rng.integers(0, 2, (2, 3)).astype(bool) if dtype == "bool" else (100 * rng.random((2, 3))).astype(dtype)
    raw.append(numpy_helper.from_array(values, f"raw {dtype}"))
special = np.array([0, -0.0, np.inf, -np.inf, np.nan, 6e-8, -6e-5, 65504], np.float16)
raw.append(numpy_helper.from_array(special, "raw special halves"))
raw.append(helper.make_tensor("raw bfloat16", TensorProto.BFLOAT16, [3], [1.5, -2.0, 3e38]))
raw.append(numpy_helper.from_array(np.float32(2.5), "raw scalar"))
raw.append(numpy_helper.from_array(np.zeros((0, 4), np.float32), "raw empty"))
save("encodings-raw.onnx", raw)

halves = np.array([1.5, -2, 6e-8], np.float16).view(np.uint16).tolist()
save("encodings-typed.onnx", [
    typed("float_data", TensorProto.FLOAT, [2, 2], "float_data", [1, 2.5, -3, 1e-20]),
    typed("double_data", TensorProto.DOUBLE, [2], "double_data", [0.1, 1e300]),
    typed("int32_data of int32", TensorProto.INT32, [2], "int32_data", [-5, 2**31 - 1]),
    typed("int32_data of float16", TensorProto.FLOAT16, [3], "int32_data", halves),
    typed("int32_data of bfloat16", TensorProto.BFLOAT16, [1], "int32_data", [0x3FC0]),
    typed("int32_data of int8", TensorProto.INT8, [2], "int32_data", [-128, 127]),
    typed("int32_data of uint8", TensorProto.UINT8, [2], "int32_data", [0, 255]),
    typed("int32_data of int16", TensorProto.INT16, [1], "int32_data", [-32768]),
    typed("int32_data of uint16", TensorProto.UINT16, [1], "int32_data", [65535]),
    typed("int32_data of bool", TensorProto.BOOL, [3], "int32_data", [1, 0, 1]),
    typed("int64_data", TensorProto.INT64, [2], "int64_data", [-(2**63), 2**63 - 1]),
    typed("uint64_data of uint32", TensorProto.UINT32, [1], "uint64_data", [2**32 - 1]),
    typed("uint64_data of uint64", TensorProto.UINT64, [1], "uint64_data", [2**40]),
])


def external(name, dims, **entries):
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=dims, data_location=TensorProto.EXTERNAL)
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


data = np.arange(8, dtype=np.float32)
data.tofile("external-data.bin")
parts = [
    external("first", [2, 2], location="external-data.bin", offset=0, length=16),
    external("rest", [4], location="external-data.bin", offset=16),
]
save("external.onnx", parts, expect=False)
for tensor, values in zip(parts, (data[:4], data[4:])):
    expected.append(
        {"file": "external.onnx", "name": tensor.name, "shape": list(tensor.dims), "values": [repr(float(v)) for v in values]})

save("refused-escaping.onnx", [external("w", [1], location="../Fixtures/external-data.bin")], expect=False)
save("refused-absolute.onnx", [external("w", [1], location="/etc/hostname")], expect=False)
save("refused-missing-data.onnx", [external("w", [1], location="nothing.bin")], expect=False)
save("refused-beyond.onnx", [external("w", [4], location="external-data.bin", offset=24)], expect=False)
save("refused-wrong-length.onnx", [external("w", [4], location="external-data.bin", length=8)], expect=False)
save("refused-count.onnx", [typed("w", TensorProto.FLOAT, [3], "float_data", [1, 2])], expect=False)
save("refused-promise.onnx", [TensorProto(name="w", data_type=1, dims=[2**31, 2**31], raw_data=b"1234")], expect=False)
save("refused-negative.onnx", [TensorProto(name="w", data_type=1, dims=[-1], raw_data=b"")], expect=False)
save("refused-text.onnx", [helper.make_tensor("w", TensorProto.STRING, [1], [b"a"])], expect=False)
save("refused-uint64.onnx", [typed("w", TensorProto.UINT64, [1], "uint64_data", [2**63])], expect=False)
save("refused-range.onnx", [typed("w", TensorProto.INT8, [1], "int32_data", [128])], expect=False)

# Nesting deeper than a reader should follow: graphs in attributes of nodes in graphs. By hand, because the library refuses it.
def field(number, content):
    length, size = len(content), b""
    while length >= 128:
        size, length = size + bytes([length & 127 | 128]), length >> 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + content


graph = field(2, b"inner")
for _ in range(1000):
    attribute = field(1, b"then_branch") + field(6, graph) + bytes([20 << 3 & 127 | 128, 1, 5])
    graph = field(1, field(4, b"If") + field(5, attribute))
with open("refused-deep.onnx", "wb") as stream:
    stream.write(bytes([8, 9]) + field(7, graph) + field(8, bytes([0x10, 17])))

with open("onnx-expected.json", "w") as stream:
    json.dump(expected, stream, indent=0)
