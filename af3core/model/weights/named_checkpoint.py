"""Where the files of a checkpoint are that an option names, a folder or a hub id, and which."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.installation import install_command

_DECIDING_FILES = ("*.json", "*.safetensors", "*.bin", "*.txt")
_HASH_DIGITS = 16


@dataclass(frozen=True)
class NamedCheckpoint:
    """Files of a model.

    Attributes:
        name: as the tables call it.
        revision: the hub's commit, or a hash of the folder's files.
        folder: that holds them.
    """

    name: str
    revision: str
    folder: Path


def find_named_checkpoint(
    option: str, name: str, embedded: tuple[str, ...], example: str
) -> NamedCheckpoint:
    """A model's files on this machine; those of a hub id are fetched once into its cache.

    Args:
        option: that names it, such as `--aligner`.
        name: a folder or a hub id.
        embedded: names that need no checkpoint, for the message.
        example: a hub id, for the message.

    Raises:
        ConfigurationError: there is no such model, or it cannot be fetched.
    """
    folder = Path(name)
    if folder.is_dir():
        revision = _files_hash(f"{option} {name}", folder)
        return NamedCheckpoint(folder.resolve().name, revision, folder)
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    except ImportError as error:
        raise ConfigurationError(
            f"{option} {name}: no folder here, and to fetch it needs huggingface-hub:"
            f" {install_command('model')}"
        ) from error
    try:
        fetched = Path(snapshot_download(name, allow_patterns=list(_DECIDING_FILES)))
    except HFValidationError as error:
        raise ConfigurationError(
            f"{option} {name}: neither {' or '.join(embedded)}, nor a folder,"
            f" nor a hub id such as {example}"
        ) from error
    except (HfHubHTTPError, OSError) as error:
        raise ConfigurationError(
            f"{option} {name}: cannot be fetched ({type(error).__name__}); check the name and the"
            " network, or give a folder that holds it"
        ) from error
    return NamedCheckpoint(name, fetched.name, fetched)


def _files_hash(subject: str, folder: Path) -> str:
    digest = hashlib.sha256()
    paths = sorted({path for form in _DECIDING_FILES for path in folder.glob(form)})
    if not paths:
        raise ConfigurationError(f"{subject}: the folder holds no checkpoint")
    for path in paths:
        digest.update(path.name.encode() + b"\0")
        try:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise ConfigurationError(
                f"{subject}: {path.name} cannot be read ({error.strerror})"
            ) from error
    return digest.hexdigest()[:_HASH_DIGITS]
