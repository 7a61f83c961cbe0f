"""The networks of `channel-study/` as PyTorch exports them: `wide.onnx` and `resnet.onnx`, beside their run folders.

Needs torch, onnx and onnxscript. Batch normalisation is kept: folded in float32 by the exporter, it would change the eighth digit.
"""
import pathlib

import onnx
import torch

from channel_networks import ResNetBaseline, Wide

OUT = pathlib.Path(__file__).parent / "channel-study"

for name, model in (("wide", Wide(4, 3, 2)), ("resnet", ResNetBaseline(4, 4))):
    state = torch.load(OUT / name / "iter_10.pth", map_location="cpu", weights_only=False)["state_dict"]
    model.load_state_dict({k[len("backbone."):]: v for k, v in state.items() if k.startswith("backbone.")}, strict=True)
    torch.onnx.export(
        model.eval(), (torch.zeros(2, 4, 12, 12),), OUT / f"{name}.onnx", input_names=["input"], output_names=["output"],
        dynamic_shapes=({0: torch.export.Dim("batch")},), optimize=False, external_data=False, dynamo=True)
    exported = onnx.load(OUT / f"{name}.onnx")
    # Stack traces, with the paths of whoever exported it.
    for part in [exported, exported.graph, *exported.graph.node, *exported.graph.value_info, *exported.graph.initializer]:
        del part.metadata_props[:]
    onnx.save(exported, OUT / f"{name}.onnx")
