"""Which weights: the embedded nano, a local folder, or a hub id with a pinned revision."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.installation import install_command, require_extra
from af3core.model.audio_limits import AF3_LIMIT, AudioLimit
from af3core.model.weights.bucket_checkpoint import fetch_from_bucket
from af3core.model.weights.completeness import (
    check_weight_files,
    think_folder,
    unreadable,
)
from af3core.model.weights.family import (
    AF3_TYPE,
    CONFIG,
    EXTRACTOR_CONFIG,
    PROCESSOR_CONFIG,
    limit_of_folder,
    model_type_of,
)
from af3core.model.weights.think_pair import check_base
from af3core.storage.bucket_client import SCHEME

NANO = "nano"
AF3_HUB_ID = "nvidia/audio-flamingo-3-hf"

NANO_NOTICE = (
    "model nano knows only its own synthetic world (espeak-ng voices, generated sounds);"
    f" for a real archive use --model {AF3_HUB_ID}"
)

_LICENCES = {
    NANO: "Apache-2.0",
    AF3_HUB_ID: "NVIDIA OneWay Noncommercial License; Qwen Research License",
}
_SETTINGS_FILES = (CONFIG, PROCESSOR_CONFIG, EXTRACTOR_CONFIG)
_WANTED_FILES = ("*.json", "*.safetensors", "*.jinja", "*.txt", "*.model", "think/*", "stage35/*")


@dataclass(frozen=True)
class Checkpoint:
    """Weights on this machine. `revision` is a hub commit, or a hash of the files (in a bucket of
    their checksums); `limit` is how much they hear by their processor's configuration, or as it was
    said of weights that a server holds; `think` is a whole checkpoint that thinks beside them.
    """

    name: str
    revision: str
    folder: Path
    licence: str
    model_type: str = AF3_TYPE
    limit: AudioLimit = AF3_LIMIT
    think: Checkpoint | None = None

    @property
    def has_think(self) -> bool:
        """True where weights for thinking lie beside the base weights: an adapter in its folder, or
        a whole checkpoint.
        """
        return self.think is not None or think_folder(self.folder) is not None

    def with_think(self, think: Checkpoint) -> Checkpoint:
        """A pair: `think` answers where the model is to think. Another pair is another model, by
        name and revision.

        Raises:
            ConfigurationError: the checkpoint has think weights in its own folder.
        """
        check_base(self.name, self.folder, think.name)
        licences = "; ".join(dict.fromkeys((self.licence, think.licence)))
        return replace(
            self,
            name=f"{self.name}+{think.name}",
            revision=f"{self.revision}+{think.revision}",
            licence=licences,
            think=think,
        )


def find_checkpoint(
    model: str, revision: str | None = None, with_weights: bool = True
) -> Checkpoint:
    """Resolve `nano`, a folder, gs://BUCKET/PREFIX or a hub id to files on this machine.

    What lies elsewhere is fetched once into a cache. Imports no torch.

    Args:
        model: as above.
        revision: commit of a hub id; the newest where it is None.
        with_weights: false fetches the configuration alone, for jobs that only name the model.

    Raises:
        ConfigurationError: no such checkpoint, not one of the Flamingo family, or not whole; with
            weights, packages of the extra `model` are missing too.
        StorageError: its disk or mount does not answer, or this user may not read it.
    """
    if with_weights:
        require_extra("model", f"--model {model}")
    name, wanted = model, _WANTED_FILES if with_weights else _SETTINGS_FILES
    is_here = model == NANO or _is_folder(model)
    if is_here:
        folder = nano_folder() if model == NANO else Path(model)
        name = folder.name if model != NANO else NANO
        model_type = model_type_of(model, folder)
        if with_weights:
            check_weight_files(model, folder)  # before all bytes are read
        found = _files_hash(model, folder)
    elif model.startswith(SCHEME):
        found, folder = fetch_from_bucket(model, _WANTED_FILES, wanted)
    else:
        folder = _fetch(model, revision, wanted)
        found, revision = folder.name, None
    if revision:
        raise ConfigurationError(
            f"--model-revision {revision}: only a hub id has revisions, and {model} is a folder"
        )
    if not is_here:
        model_type = model_type_of(model, folder)
        if with_weights:
            check_weight_files(model, folder)
    licence = _LICENCES.get(model, "see the model card")
    limit = limit_of_folder(model, folder, model_type)
    return Checkpoint(name, found, folder, licence, model_type, limit)


def _is_folder(model: str) -> bool:
    """Whether a model's name is that of a folder here.

    Raises:
        StorageError: nobody can tell, as for want of rights on what it lies in.
    """
    try:
        return Path(model).is_dir()
    except OSError as error:
        raise unreadable(model, error, model) from error


def nano_folder() -> Path:
    """The embedded checkpoint, in transformers' format."""
    return Path(__file__).parents[2] / "nano" / "checkpoint"


def known_licence(model: str) -> str | None:
    """The licence of a model's weights by its name in the tables; None where it is not known."""
    return _LICENCES.get(model)


def served_checkpoint(
    model: str, revision: str | None, limit: AudioLimit = AF3_LIMIT
) -> Checkpoint:
    """Weights that a server holds, by the name that it serves them under. What it loaded is not
    known here: another revision is another name, or is said with `revision`, and how much it hears
    with `limit`.
    """
    revision = revision or f"served:{model}"
    return Checkpoint(model, revision, Path(), "see the model card", limit=limit)


def _fetch(model: str, revision: str | None, wanted: Sequence[str]) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import (
            HfHubHTTPError,
            HFValidationError,
            LocalEntryNotFoundError,
        )
    except ImportError as error:
        raise ConfigurationError(
            f"--model {model}: is no folder here, and to fetch it needs huggingface-hub:"
            f" {install_command('model')}"
        ) from error
    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=list(wanted)))
    except HFValidationError as error:
        raise ConfigurationError(
            f"--model {model}: neither nano, nor a folder, nor a hub id such as {AF3_HUB_ID}"
        ) from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ConfigurationError(
            f"--model {model}: cannot be fetched ({type(error).__name__}); check the name, the"
            " network and your access to it, or give a folder that holds it"
        ) from error


def _files_hash(model: str, folder: Path) -> str:
    """SHA-256 over names and bytes of all files that can change an answer, 16 digits."""
    digest = hashlib.sha256()
    paths = {path for pattern in _WANTED_FILES for path in folder.glob(pattern)}
    for path in sorted(paths):
        if path.name == "figures.json":
            continue
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        try:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise unreadable(model, error, path) from error
    return digest.hexdigest()[:16]
