"""A tuned checkpoint's files: the weights merged, as every engine loads them, and the adapter."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

from af3core.model.weights.checkpoint import Checkpoint
from af3core.storage.os_errors import translate_os_errors

ADAPTER_FOLDER = "adapter"
"""PEFT's own files; engines read the merged weights beside it."""
_BESIDE_WEIGHTS = ("*.json", "*.jinja", "*.txt", "*.model")
_OF_THE_SOURCE_ALONE = ("model.safetensors.index.json", "figures.json", "generation_config.json")
"""Of these the tuned checkpoint has its own."""


def write_tuned(model: Any, source: Checkpoint, folder: Path) -> None:
    """Write PEFT's model as a folder that `--model` takes; what lay in it is gone.

    The weights are merged in the number format that they were trained in. Weights for thinking are
    not taken along: they were made for the source's.

    Raises:
        StorageError: it cannot be written.
    """
    with translate_os_errors(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        model.peft_config["default"].base_model_name_or_path = source.name
        model.save_pretrained(folder / ADAPTER_FOLDER, save_embedding_layers=False)
        (folder / ADAPTER_FOLDER / "README.md").unlink(missing_ok=True)
        with warnings.catch_warnings():
            # that embeddings are not tied: those of this family never are, and config.json stays
            warnings.simplefilter("ignore", UserWarning)
            model.merge_and_unload().save_pretrained(folder)
        for pattern in _BESIDE_WEIGHTS:
            for path in sorted(source.folder.glob(pattern)):
                if path.name not in _OF_THE_SOURCE_ALONE:
                    shutil.copyfile(path, folder / path.name)
