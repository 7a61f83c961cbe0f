"""Writes the node cases of the onnx package, and its light models, for ONNXConformanceTests.

usage: python3 export_onnx_cases.py FOLDER [CASE…]     (needs onnx 1.18 or later; all cases unless some are named)

For each case NAME.onnx and NAME.npz with the arrays `input:<name>` and `output:<name>`; types that NumPy lacks are widened.
cases.json lists names, operators and tolerances. Cases with inputs that are no arrays (sequences, text) are listed without files.
The light models are written with a data set as the package's own runner makes it: input i of a picture's n elements is i/n.
"""

import json
import os
import pathlib
import shutil
import sys
import warnings

import numpy as np
import onnx
from onnx import numpy_helper

warnings.filterwarnings("ignore")
folder = pathlib.Path(sys.argv[1])
chosen = set(sys.argv[2:])
folder.mkdir(parents=True, exist_ok=True)


def array(value):
    if isinstance(value, onnx.TensorProto):
        value = numpy_helper.to_array(value)
    if not isinstance(value, (np.ndarray, np.generic, int, float, bool)):
        return None
    value = np.asarray(value)
    if value.dtype.isbuiltin == 1 and value.dtype.kind in "biuf" and value.dtype.itemsize <= 8:
        return value
    name = value.dtype.name
    return value.astype(np.float32) if name == "bfloat16" else None


def operators(graph):
    found = set()
    for node in graph.node:
        found.add((node.domain + "." if node.domain not in ("", "ai.onnx") else "") + node.op_type)
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                found |= operators(attribute.g)
    return found


def type_name(value):
    if isinstance(value, onnx.TensorProto):
        value = numpy_helper.to_array(value)
    return getattr(getattr(value, "dtype", None), "name", "")


def write(name, model, inputs, outputs, rtol, atol):
    # The package's own runner: two units in the last place of bfloat16.
    if any(type_name(value) == "bfloat16" for value in outputs):
        rtol = max(rtol, 2**-6)
    case = {"name": name, "operators": sorted(operators(model.graph)), "rtol": rtol, "atol": atol, "hasFiles": False}
    given = [i.name for i in model.graph.input]
    arrays = {f"input:{key}": array(value) for key, value in zip(given, inputs) if value is not None}
    arrays |= {f"output:{o.name}": array(value) for o, value in zip(model.graph.output, outputs)}
    if all(value is not None for value in arrays.values()):
        onnx.save(model, str(folder / f"{name}.onnx"))
        np.savez(folder / f"{name}.npz", **arrays)
        case["hasFiles"] = True
    return case


def node_cases():
    from onnx.backend.test.case.node import collect_testcases

    for case in collect_testcases():
        if chosen and case.name not in chosen:
            continue
        for inputs, outputs in case.data_sets[:1]:
            yield write(case.name, case.model, inputs, outputs, case.rtol, case.atol)


def light_models():
    data = pathlib.Path(onnx.__file__).parent / "backend/test/data/light"
    for path in sorted(data.glob("*.onnx")):
        if chosen and path.stem not in chosen:
            continue
        model = onnx.load(path)
        initial = {i.name for i in model.graph.initializer}
        inputs = [i for i in model.graph.input if i.name not in initial]
        del model.graph.input[:]
        model.graph.input.extend(inputs)
        values = []
        for value in inputs:
            shape = tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
            size = int(np.prod(shape))
            values.append((np.arange(size).reshape(shape) / size).astype(np.float32))
        expected = onnx.TensorProto()
        expected.ParseFromString((path.parent / f"{path.stem}_output_0.pb").read_bytes())
        yield write(path.stem, model, values, [expected], 1e-3, 1e-7)


if __name__ == "__main__":
    cases = list(node_cases()) + list(light_models())
    (folder / "cases.json").write_text(json.dumps({"onnx": onnx.__version__, "cases": cases}, indent=1))
