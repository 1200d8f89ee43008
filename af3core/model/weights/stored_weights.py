"""A checkpoint's tensors where they lie: mapped from its files, each read as it is taken.

Files of safetensors are mapped into memory, so that processes of one machine share the pages that
they read, and none holds a copy of the whole beside its device's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from af3core.errors import ConfigurationError
from af3core.model.weights.completeness import unreadable, weight_files

EMBEDDINGS = "model.language_model.embed_tokens.weight"
HEAD = "lm_head.weight"
OLDER_TREES = (
    ("model.language_model.model.", "model.language_model."),
    ("language_model.model.", "model.language_model."),
    ("language_model.lm_head.", "lm_head."),
    ("language_model.", "model.language_model."),
    ("audio_tower.", "model.audio_tower."),
    ("multi_modal_projector.", "model.multi_modal_projector."),
    ("llm.model.", "model.language_model."),
    ("llm.lm_head.", "lm_head."),
)
"""Where modules stand in older trees (transformers 4, NVIDIA's code) and in transformers 5; the
first that fits counts."""


class StoredWeights(Mapping[str, Tensor]):
    """The base weights of a checkpoint by transformers 5's names, as views of its files.

    A view is to be copied before the block ends.

    Args:
        name: of the model, as it was given.
        folder: its files.
        is_tied: the output layer is the embeddings: of two that are stored alike it is left out.

    Raises:
        ConfigurationError: a file is missing, or is none of safetensors.
        StorageError: it cannot be read now.
    """

    def __init__(self, name: str, folder: Path, *, is_tied: bool) -> None:
        self._model = name
        self._open = ExitStack()
        self._places: dict[str, tuple[Any, str]] = {}
        try:
            for path, wanted in weight_files(name, folder).items():
                self._add(path, wanted)
        except BaseException:
            self._open.close()
            raise
        if is_tied:
            self._tie()

    def _add(self, path: Path, wanted: set[str]) -> None:
        try:
            file = self._open.enter_context(safe_open(path, framework="pt"))
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"--model {self._model}: {path} is missing; fetch it again in full"
            ) from error
        except OSError as error:
            raise unreadable(self._model, error, path) from error
        except SafetensorError as error:
            raise ConfigurationError(
                f"--model {self._model}: {path} cannot be read ({error}); fetch it again in full"
            ) from error
        for stored in file.keys():  # noqa: SIM118 (no mapping)
            if not wanted or stored in wanted:
                self._places[name_now(stored)] = (file, stored)

    def _tie(self) -> None:
        embeddings, head = self._places.get(EMBEDDINGS), self._places.get(HEAD)
        if embeddings is None and head is not None:
            self._places[EMBEDDINGS] = self._places.pop(HEAD)
        elif embeddings and head and torch.equal(self[EMBEDDINGS], self[HEAD]):
            del self._places[HEAD]

    def __getitem__(self, name: str) -> Tensor:
        file, stored = self._places[name]
        view: Tensor = file.get_tensor(stored)
        return view

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __enter__(self) -> StoredWeights:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._places.clear()
        self._open.close()


def name_now(stored: str) -> str:
    """The name of a parameter in transformers 5."""
    for old, new in OLDER_TREES:
        if stored.startswith(old):
            return new + stored.removeprefix(old)
    return stored
