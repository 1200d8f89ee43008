"""Packages that are not installed: which extra of setup.py brings them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from af3core.errors import ConfigurationError
from af3core.installation import install_command

EXTRA_OF = {
    "apache_beam": "jobs",
    "av": "jobs",
    "ffmpeg": "jobs",
    "icu4py": "jobs",
    "imageio_ffmpeg": "jobs",
    "jinja2": "jobs",
    "jiwer": "jobs",
    "matplotlib": "jobs",
    "onnxruntime": "jobs",
    "py3langid": "jobs",
    "whisper_normalizer": "jobs",
    "huggingface_hub": "model",
    "llguidance": "model",
    "torch": "model",
    "transformers": "model",
    "librosa": "derive",
    "lancedb": "search",
    "safetensors": "search",
    "tokenizers": "search",
    "aac_metrics": "evaluate",
    "peft": "evaluate",
    "scipy": "evaluate",
}
"""The smallest extra, by the name that a package is imported by."""


@contextmanager
def extras_named(command: str) -> Iterator[None]:
    """Turn the import of a package that is not installed into one line with the extra.

    Raises:
        ConfigurationError: a package of `EXTRA_OF` is missing; any other error stays what it is.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRA_OF:
            raise
        raise ConfigurationError(
            f"af3 {command} needs the package {package}: {install_command(EXTRA_OF[package])}"
        ) from error
