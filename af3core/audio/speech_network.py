"""Silero's network over many frames in one call, several frames a matrix product.

The package's sequence form convolves frame by frame: products of two to five columns, at a fifth
of what a core can do. Here frames lie above each other as the rows of an image, and the three
convolutions that take most of the time go over the image. Weights and layers are the package's.
ONNX Runtime adds up in the same order as before, so that each value is the same to the last bit.
"""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from af3core.errors import ConfigurationError
from af3core.installation import install_command

FRAMES_AT_ONCE = 8
"""Rows of an image. ONNX Runtime parts a sum of 387 products where a product is wider than 32
columns, four a frame: with more rows the last bits would be others."""
MODEL_FILE = Path(__file__).with_name("silero_vad") / "silero_vad_16k_sequence.onnx"
"""The sequence form of the package silero-vad 6.2.3, unchanged, under the MIT licence beside it:
the package itself needs torch, the file needs onnxruntime alone."""
MODEL_SHA256 = "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85"
"""Of the published file, whose layers have the names below; another one would cut elsewhere."""
_CALL_FRAMES = 13 * FRAMES_AT_ONCE
"""Of a chunk of ten seconds a third: what lies between the layers takes 4 MB."""
_STATE_SHAPE = (2, 1, 1, 128)

Values = npt.NDArray[np.float32]


class SpeechNetwork:
    """Frames of 576 samples (64 of them from the frame before) in, probabilities out; keeps the
    state of the recurrent layer.

    Args:
        by_image: False runs the published form as it is.

    Raises:
        ConfigurationError: the model's file is missing, or is another one.
    """

    def __init__(self, by_image: bool = True) -> None:
        import onnxruntime

        form = _published_form()
        self._by_image = by_image
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        if self._by_image:
            form = _over_images(form)
            # beyond it convolutions are made by other kernels, which add up in another order
            options.graph_optimization_level = (
                onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
            )
        self._session = onnxruntime.InferenceSession(
            form, sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._state = np.zeros(_STATE_SHAPE, np.float32)

    def probabilities(self, frames: Values) -> Values:
        """Speech probabilities `[frames]` of the next `[frames, 576]`."""
        if not self._by_image:
            return self._run(frames, {})
        whole = len(frames) // FRAMES_AT_ONCE * FRAMES_AT_ONCE
        edges = [*range(0, whole, _CALL_FRAMES), whole, len(frames)]
        found = [
            self._run(
                _reflected(frames[start:end]),
                {_SHAPE: np.array([-1, 1, FRAMES_AT_ONCE if end <= whole else 1, _SAMPLES])},
            )
            for start, end in itertools.pairwise(edges)
            if end > start
        ]
        return np.concatenate(found) if found else np.zeros(0, np.float32)

    def _run(self, frames: Values, shape: dict[str, npt.NDArray[np.int64]]) -> Values:
        inputs = {"input": np.ascontiguousarray(frames), "h": self._state[0], "c": self._state[1]}
        probabilities, *state = self._session.run(None, {**inputs, **shape})
        self._state = np.stack(state)
        return np.asarray(probabilities, np.float32)


def _reflected(frames: Values) -> Values:
    """Frames whose end is reflected, `[frames, 640]`, as the package's form makes them first."""
    return np.concatenate([frames, frames[:, -2 : -2 - _REFLECTED : -1]], axis=1)


def _published_form() -> bytes:
    try:
        form = MODEL_FILE.read_bytes()
    except FileNotFoundError:
        form = b""
    if hashlib.sha256(form).hexdigest() != MODEL_SHA256:
        raise ConfigurationError(
            f"{MODEL_FILE} is not the speech model's published file: install this package anew"
            f" ({install_command()})"
        )
    return form


_SHAPE = "image_shape"
_REFLECTED = 64
_SAMPLES = 576 + _REFLECTED
_IMAGED = ("/stft/Conv", "/encoder.0/Conv", "/encoder.1/Conv")
_AFTER = "/encoder.2/Conv"
"""From here on a frame is one or two columns, and the sums have an order of their own."""
_FLOAT, _INT64, _INTS = 1, 7, 7
"""ONNX's numbers for types of tensors, and for one of an attribute."""


def _over_images(form: bytes) -> bytes:
    """The network whose first layers take images `[images, 1, rows, samples]`: frame after frame,
    as many rows as the input `image_shape` says, each with its reflection.
    """
    messages = _onnx_messages()
    model = messages["Model"].FromString(form)
    graph = model.graph
    nodes = {node.name: node for node in graph.node}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    for name in _IMAGED:
        _convolve_images(nodes[name], weights[nodes[name].input[1]])
    (frames_in,) = (each for each in graph.input if each.name == "input")
    frames_in.type.tensor_type.Clear()  # of its shape
    frames_in.type.tensor_type.elem_type = _FLOAT
    graph.input.add(name=_SHAPE).type.tensor_type.elem_type = _INT64
    to_images = nodes["/stft/Unsqueeze"]
    to_images.op_type, to_images.input[:] = "Reshape", ["input", _SHAPE]
    # without the padding on the left no column is cut off
    nodes["/stft/Pow"].input[0] = nodes["/stft/Slice"].output[0]
    nodes["/stft/Pow_1"].input[0] = nodes["/stft/Slice_2"].output[0]

    after = nodes[_AFTER]
    frame_shape = np.array([-1, weights[after.input[1]].dims[1], 2])
    graph.initializer.add(
        name="frame_shape", dims=[3], data_type=_INT64, raw_data=frame_shape.tobytes()
    )
    rows = messages["Node"](op_type="Transpose", input=[after.input[0]], output=["rows"])
    rows.attribute.add(name="perm", type=_INTS, ints=[0, 2, 1, 3])
    frames = messages["Node"](op_type="Reshape", input=["rows", "frame_shape"], output=["frames"])
    place = list(graph.node).index(after)
    after.input[0] = "frames"
    graph.node.insert(place, frames)
    graph.node.insert(place, rows)
    _remove_unused(graph)
    return bytes(model.SerializeToString())


def _convolve_images(convolution: Any, weight: Any) -> None:
    """Make a convolution over `[batch, channels, samples]` one over the rows of images."""
    weight.dims.insert(2, 1)
    for attribute in convolution.attribute:
        if attribute.name == "pads":  # begins, then ends
            attribute.ints[:] = [0, attribute.ints[0], 0, attribute.ints[1]]
        elif attribute.name != "group":
            attribute.ints.insert(0, 1)


def _remove_unused(graph: Any) -> None:
    used = {output.name for output in graph.output}
    for node in reversed(list(graph.node)):
        if used.isdisjoint(node.output):
            graph.node.remove(node)
        else:
            used.update(node.input)


_FIELDS = {
    "Model": {"graph": (7, "Graph")},
    "Graph": {
        "node*": (1, "Node"),
        "initializer*": (5, "Tensor"),
        "input*": (11, "Value"),
        "output*": (12, "Value"),
    },
    "Node": {
        "input*": (1, "string"),
        "output*": (2, "string"),
        "name": (3, "string"),
        "op_type": (4, "string"),
        "attribute*": (5, "Attribute"),
    },
    "Attribute": {
        "name": (1, "string"),
        "t": (5, "Tensor"),
        "ints*": (8, "int64"),
        "type": (20, "int32"),
    },
    "Tensor": {
        "dims*": (1, "int64"),
        "data_type": (2, "int32"),
        "name": (8, "string"),
        "raw_data": (9, "bytes"),
    },
    "Value": {"name": (1, "string"), "type": (2, "Type")},
    "Type": {"tensor_type": (1, "TensorType")},
    "TensorType": {"elem_type": (1, "int32")},
}
"""What is changed of ONNX's messages (github.com/onnx/onnx, onnx.proto), a star where there are
several; protobuf keeps the other fields as they are. The package onnx would take 30 MB."""


def _onnx_messages() -> dict[str, Any]:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="af3_onnx.proto", package="af3_onnx")
    field = descriptor_pb2.FieldDescriptorProto
    for message, fields in _FIELDS.items():
        declared = file.message_type.add(name=message)
        for name, (number, kind) in fields.items():
            made = declared.field.add(name=name.rstrip("*"), number=number)
            made.label = field.LABEL_REPEATED if name.endswith("*") else field.LABEL_OPTIONAL
            if kind in _FIELDS:
                made.type, made.type_name = field.TYPE_MESSAGE, f".af3_onnx.{kind}"
            else:
                made.type = field.Type.Value(f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = {name: pool.FindMessageTypeByName(f"af3_onnx.{name}") for name in _FIELDS}
    return {name: message_factory.GetMessageClass(each) for name, each in found.items()}
