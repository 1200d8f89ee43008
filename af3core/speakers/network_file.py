"""The networks that come with this package: ONNX files, checked before they are run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from af3core.errors import ConfigurationError
from af3core.installation import install_command, require_extra

_FOLDER = Path(__file__).with_name("networks")


@dataclass(frozen=True)
class NetworkFile:
    """A file beside this one, by its name and its SHA-256."""

    name: str
    sha256: str


CAMPPLUS = NetworkFile(
    "campplus_zh_en_16k.onnx", "2668b2e8885171bb4cb1c78b21d7535a3908c187a94d7ae5ddd8ee60b166887a"
)
"""CAM++ of 3D-Speaker, `speech_campplus_sv_zh_en_16k-common_advanced` (Wang et al., Interspeech
2023; Apache-2.0): made for Chinese and English. Weights in 16 bits, computed in 32."""

SEGMENTATION = NetworkFile(
    "pyannote_segmentation_3.onnx",
    "2c9a0884b2836216c2b261229c072d6aefaaba619360fc4897076a1b4cee360c",
)
"""pyannote's segmentation-3.0 (Plaquet and Bredin, Interspeech 2023; MIT): up to three voices of
ten seconds, two at a time. Weights in 16 bits, computed in 32."""


def open_network(file: NetworkFile) -> Any:
    """An ONNX Runtime session on one core.

    Raises:
        ConfigurationError: the file is missing or another one, or a package is missing.
    """
    path = _FOLDER / file.name
    try:
        form = path.read_bytes()
    except FileNotFoundError:
        form = b""
    if hashlib.sha256(form).hexdigest() != file.sha256:
        raise ConfigurationError(
            f"{path} is not the published file: install this package anew ({install_command()})"
        )
    require_extra("speakers", "telling speakers apart")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        form, sess_options=options, providers=["CPUExecutionProvider"]
    )
