"""Which heads of a checkpoint follow speech: the record of a calibration, and where it is kept.

Beside the weights where the checkpoint is a folder of the user's that can be written to; else in
`~/.cache/af3-archive/calibrations`, by the weights' revision: a hub's cache and that of buckets are
not written into, and the embedded model is part of the package. The file's suffix is none that a
checkpoint's identity is made of.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.model.forced_answer import Head
from af3core.model.weights.checkpoint import NANO, Checkpoint
from schemas.record_format import Record, RecordError, stored_bytes

FILE = "attention_heads.calibration"
PLACE = Path("~/.cache/af3-archive/calibrations")
_REMEDY = (
    "choose its heads: af3 align --aligner attention --calibrate espeak, or a FOLDER of speech"
)
_HASH_DIGITS = 8


@dataclass(frozen=True)
class StartErrors(Record):
    """Of the starts of words whose times are known, in milliseconds.

    Attributes:
        words: that were found.
        median_ms, p95_ms: of the heads' absolute errors.
        estimated_median_ms, estimated_p95_ms: the same of plain interpolation.
    """

    words: int
    median_ms: float
    p95_ms: float
    estimated_median_ms: float
    estimated_p95_ms: float


@dataclass(frozen=True)
class CalibratedHead(Record):
    """A query head of a layer of the decoder, both from 0."""

    layer: int
    head: int


@dataclass(frozen=True)
class AttentionCalibration(Record):
    """The heads that were chosen for one checkpoint, and how well they do.

    Attributes:
        model, revision: of the weights; it counts for no others.
        heads: whose attention is averaged.
        speech: what they were chosen on.
        chosen_on, held_out: errors on what they were chosen on, and on the rest.
    """

    model: str
    revision: str
    heads: tuple[CalibratedHead, ...]
    speech: str
    chosen_on: StartErrors
    held_out: StartErrors

    @property
    def head_numbers(self) -> tuple[Head, ...]:
        return tuple((each.layer, each.head) for each in self.heads)

    @property
    def heads_hash(self) -> str:
        """Of what decides times: the heads, in order."""
        return hashlib.sha256(repr(self.head_numbers).encode()).hexdigest()[:_HASH_DIGITS]


def find_calibration(checkpoint: Checkpoint) -> AttentionCalibration:
    """The calibration of a checkpoint.

    Raises:
        ConfigurationError: there is none, it is damaged, or it was made for other weights.
    """
    for path in (_path_here(checkpoint), checkpoint.folder / FILE):
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
        return _checked(path, data, checkpoint)
    raise ConfigurationError(
        f"--aligner attention: nobody has chosen heads of {checkpoint.name} yet; {_REMEDY}"
    )


def _checked(path: Path, data: bytes, checkpoint: Checkpoint) -> AttentionCalibration:
    try:
        found = AttentionCalibration.from_bytes(data)
        if not found.heads:
            raise RecordError("it names no head")
    except RecordError as error:
        raise ConfigurationError(f"{path}: {error}; {_REMEDY}") from error
    if found.revision != checkpoint.revision:
        raise ConfigurationError(
            f"{path}: made for the weights {found.revision} of {found.model}, and these are"
            f" {checkpoint.revision}; {_REMEDY}"
        )
    return found


def keep_calibration(calibration: AttentionCalibration, checkpoint: Checkpoint) -> Path:
    """Write a calibration to its place, whole or not at all; gives the file.

    Raises:
        ConfigurationError: no place for it can be written to.
    """
    here, data = _path_here(checkpoint), stored_bytes(calibration) + b"\n"
    if checkpoint.name != NANO and not _is_cached(checkpoint):
        try:
            written = _write(checkpoint.folder / FILE, data)
            here.unlink(missing_ok=True)  # of a time when the folder could not be written to
            return written
        except OSError:
            pass  # read-only: the other place is for that
    try:
        here.parent.mkdir(parents=True, exist_ok=True)
        return _write(here, data)
    except OSError as error:
        raise ConfigurationError(f"{here}: cannot be written ({error.strerror})") from error


def _path_here(checkpoint: Checkpoint) -> Path:
    return PLACE.expanduser() / f"{checkpoint.revision.replace('/', '_')}.calibration"


def _is_cached(checkpoint: Checkpoint) -> bool:
    """Whether a folder is a cache's: a hub's and a bucket's are named by their revision."""
    return checkpoint.folder.name.startswith(checkpoint.revision)


def _write(path: Path, data: bytes) -> Path:
    number, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
