"""Writes the checkpoints and safetensors files of FormatsTests and expected-tensors.json, what reading them must give.

Run in this folder: python3 make_tensor_fixtures.py (PyTorch 2.6 or later, NumPy, safetensors). The files are committed: tests
need no Python.
"""

import argparse
import collections
import io
import json
import pickle
import struct
import sys
import types
import zipfile

import numpy as np
import torch
from safetensors.torch import save_file

WIDENED = {
    "bool": "bool", "int8": "int32", "int16": "int32", "uint16": "int32", "int32": "int32", "uint32": "int64", "int64": "int64",
    "uint64": "int64", "uint8": "uint8", "float16": "float32", "bfloat16": "float32", "float32": "float32", "float64": "float64",
}
expected = []


def expect(file, key, tensor):
    dtype = str(tensor.dtype).removeprefix("torch.")
    values = tensor.detach().flatten().tolist()
    text = [repr(v) if isinstance(v, float) else str(int(v)) for v in values]
    expected.append(
        {"file": file, "key": key, "dtype": WIDENED[dtype], "shape": list(tensor.shape), "values": text, "tolerance": 0}
    )


def foreign(name, base=object):
    """A class of a module that readers do not have."""
    path, _, name = name.rpartition(".")
    module = types.ModuleType(path)
    made = type(name, (base,), {"__module__": path})
    setattr(module, name, made)
    for end in range(1, path.count(".") + 2):
        part = ".".join(path.split(".")[:end])
        sys.modules[part] = module if part == path else types.ModuleType(part)
    return made


def numbers():
    """One tensor of each element type that is read, with its extremes."""
    tensors = {"bool": torch.tensor([[True, False], [False, True]])}
    for name in ("uint8", "int8", "int16", "int32", "int64", "uint16", "uint32"):
        info = torch.iinfo(getattr(torch, name))
        tensors[name] = torch.tensor([info.min, 1, info.max], dtype=getattr(torch, name))
    tensors["uint64"] = torch.tensor([0, 1, 2**63 - 1], dtype=torch.uint64)
    for name in ("float16", "bfloat16", "float32", "float64"):
        dtype = getattr(torch, name)
        info = torch.finfo(dtype)
        tensors[name] = torch.tensor([[info.max, -0.0, info.tiny], [float("inf"), float("nan"), 1 / 3]], dtype=dtype)
    tensors["none"] = torch.zeros(0, 3)
    tensors["scalar"] = torch.tensor(2.5, dtype=torch.float64)
    return tensors


def checkpoints():
    torch.manual_seed(1)
    tensors = numbers()
    torch.save(tensors, "dtypes.pt")
    torch.save(tensors, "protocol-4.pt", pickle_protocol=4)
    for name, tensor in tensors.items():
        expect("dtypes.pt", name, tensor)
        expect("protocol-4.pt", name, tensor)

    base = torch.arange(60, dtype=torch.float32).reshape(3, 4, 5)
    half = base.half()
    views = {
        "base": base, "transposed": base.permute(2, 0, 1), "sliced": base[1:, ::2, 1:4], "row": base[2, 3],
        "expanded": base[0, 0].expand(3, 5), "half": half.transpose(0, 2), "last": base[2, 3, 4], "diagonal": base[0].diagonal(),
        "parameter": torch.nn.Parameter(base[1].t()),
    }
    torch.save(views, "views.pt")
    for name, tensor in views.items():
        expect("views.pt", name, tensor)
    torch.save(base[0], "bare.pt")
    expect("bare.pt", "array", base[0])

    history = foreign("mmengine.logging.history_buffer.HistoryBuffer")()
    history.log, history.statistics = np.arange(3.0), {"mean": history}
    state = collections.OrderedDict()
    state["backbone.stem.0.weight"] = torch.randn(4, 1, 3, 3)
    state["backbone.stem.1.num_batches_tracked"] = torch.tensor(1000)
    state["backbone.tied"] = state["backbone.stem.0.weight"]
    history.statistics = {"mean": 0.5}
    mmengine = {
        "meta": {"epoch": 3, "seed": 2**70, "time": "20260101", "best": np.float64(0.75), "cfg": b"model = dict()"},
        "state_dict": state,
        "message_hub": {"log_scalars": collections.OrderedDict({"train/loss": history, "train/lr": history})},
        "optimizer": {"state": {0: {"exp_avg": torch.ones(2, 2)}}, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999)}]},
    }
    torch.save(mmengine, "mmengine.pth")
    for name, tensor in state.items():
        expect("mmengine.pth", name, tensor)
    expect("mmengine.pth", "optimizer.state.0.exp_avg", torch.ones(2, 2))

    attributes = foreign("pytorch_lightning.utilities.parsing.AttributeDict", dict)(width=8, heads=2)
    lightning = {
        "epoch": 2, "global_step": 10, "pytorch-lightning_version": "2.4.0",
        "state_dict": {"wrapped_model.fc.weight": torch.randn(2, 3).bfloat16(), "wrapped_model.fc.bias": torch.randn(2).half()},
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(0.5)}},
        "optimizer_states": [], "hyper_parameters": attributes, "arguments": argparse.Namespace(depth=3),
        "device": torch.device("cpu"), "size": torch.Size([2, 3]), "dtype": torch.float32, "names": {"a"},
    }
    torch.save(lightning, "lightning.ckpt")
    for name, tensor in lightning["state_dict"].items():
        expect("lightning.ckpt", name, tensor)
    expect("lightning.ckpt", "callbacks.ModelCheckpoint{'monitor': None}.best_model_score", torch.tensor(0.5))

    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1), torch.nn.BatchNorm2d(2)).eval()
    torch.save(model, "module.pt")
    for name, tensor in model.state_dict().items():
        expect("module.pt", name, tensor)


def archive(file, payload, entries=()):
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("archive/data.pkl", payload)
        for name, content in entries:
            out.writestr("archive/" + name, content)


def tensor_pickle(count, offset, size, stride):
    """What torch.save writes for {"w": tensor} of float32, with numbers of one's own."""
    class Storage:
        pass

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return ("storage", torch.FloatStorage, "0", "cpu", count) if isinstance(value, Storage) else None

    class Tensor:
        def __reduce__(self):
            return torch._utils._rebuild_tensor_v2, (Storage(), offset, size, stride, False, collections.OrderedDict())

    stream = io.BytesIO()
    Pickler(stream, 2).dump({"w": Tensor()})
    return stream.getvalue()


def refused_checkpoints():
    class Call:
        def __init__(self, function, *arguments):
            self.call = function, arguments

        def __reduce__(self):
            return self.call

    import os

    archive("refused-system.pth", pickle.dumps({"w": Call(os.system, "echo harm")}, 2))
    archive("refused-eval.pth", pickle.dumps([Call(eval, "1")], 4))
    archive("refused-nest.pth", b"\x80\x02" + b"]" * 10_000 + b"a" * 9_999 + b".")
    archive("refused-cycle.pth", b"\x80\x02]q\0h\0a.")
    doubling = b"\x80\x02]q\0" + b"".join(b"]q" + bytes([n]) + b"h" + bytes([n - 1]) + b"h" + bytes([n - 1]) + b"\x86a" for n in range(1, 60))
    archive("refused-doubling.pth", doubling + b".")
    archive("refused-cut.pth", b"\x80\x02}q\0X\xff\xff\xff\x7f")
    archive("refused-operation.pth", b"\x80\x02\xff.")
    archive("refused-outside.pth", tensor_pickle(4, 2, (3,), (1,)), [("data/0", b"\0" * 16)])
    archive("refused-overflow.pth", tensor_pickle(4, 0, (2**40, 2**40), (0, 0)), [("data/0", b"\0" * 16)])
    archive("refused-expanded.pth", tensor_pickle(1, 0, (2**20, 2**20), (0, 0)), [("data/0", b"\0" * 4)])
    archive("refused-short.pth", tensor_pickle(4, 0, (4,), (1,)), [("data/0", b"\0" * 15)])
    archive("refused-storage.pth", tensor_pickle(4, 0, (4,), (1,)))
    with zipfile.ZipFile("refused-pickle-bomb.pth", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("archive/data.pkl", b"\x80\x02" + b"}" * 2_100_000 + b".")
    torch.save({"w": torch.tensor([1 + 2j])}, "refused-complex.pth")
    torch.save({"w": torch.ones(2)}, "refused-old.pth", _use_new_zipfile_serialization=False)


def safetensors():
    tensors = numbers()
    save_file(tensors, "dtypes.safetensors", metadata={"format": "pt", "note": 'a "quoted" é\n'})
    for name, tensor in tensors.items():
        expect("dtypes.safetensors", name, tensor)

    def raw(file, header, payload=b""):
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        with open(file, "wb") as out:
            out.write(struct.pack("<Q", len(text)) + text + payload)

    def tensor(shape, start, end, dtype="F32"):
        return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}

    raw("escaped.safetensors", b'{ "a\\u00e9\\ud83d\\ude00\\n" : {"shape":[1], "data_offsets":[0,4],\t"dtype":"F32"}}   ', b"\0\0\x80\x3f")
    expect("escaped.safetensors", "aé😀\n", torch.ones(1))
    raw("refused-gap.safetensors", {"a": tensor([1], 0, 4), "b": tensor([1], 8, 12)}, b"\0" * 12)
    raw("refused-overlap.safetensors", {"a": tensor([2], 0, 8), "b": tensor([1], 4, 8)}, b"\0" * 8)
    raw("refused-rest.safetensors", {"a": tensor([1], 0, 4)}, b"\0" * 8)
    raw("refused-beyond.safetensors", {"a": tensor([2], 0, 8)}, b"\0" * 4)
    raw("refused-size.safetensors", {"a": tensor([3], 0, 4)}, b"\0" * 4)
    raw("refused-product.safetensors", {"a": tensor([2**32, 2**32, 0], 0, 0)})
    raw("refused-type.safetensors", {"a": tensor([1], 0, 4, "F31")}, b"\0" * 4)
    raw("refused-float8.safetensors", {"a": tensor([4], 0, 4, "F8_E4M3")}, b"\0" * 4)
    raw("refused-twice.safetensors", b'{"a":%s,"a":%s}' % ((json.dumps(tensor([0], 0, 0)).encode(),) * 2))
    raw("refused-key.safetensors", {"a": {"dtype": "F32", "shape": [0]}})
    raw("refused-syntax.safetensors", b'{"a":{"dtype":"F32","shape":[[0]]}}')
    with open("refused-length.safetensors", "wb") as out:
        out.write(struct.pack("<Q", 50_000_000) + b'{"a":{}}')


for write in (checkpoints, refused_checkpoints, safetensors):
    write()
with open("expected-tensors.json", "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in expected) + "\n]\n")
