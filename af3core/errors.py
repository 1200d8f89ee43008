"""Errors that say what happened and what to do. Each names its input and its remedy.

Whose fault an error is decides what is recorded of a piece of work (`fault_of`). What is recorded
for ever follows from the content alone; a machine's trouble is never a verdict on data.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

ErrorT = TypeVar("ErrorT", bound=BaseException)

MACHINE_ERRNOS = (
    errno.EIO,
    errno.ENOENT,
    errno.EACCES,
    errno.EPERM,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOSPC,
    errno.ENOMEM,
    errno.ESTALE,
    errno.ENOTCONN,
    errno.ECONNREFUSED,
    errno.EAGAIN,
)
"""What the operating system says of a disk, a mount, a limit or a server, wherever it is quoted."""


class Fault(StrEnum):
    """Whose fault an error is.

    CONTENT: the same bytes fail again; the piece is given up at once. The permanent errors of
        media and of the model are the whole list.
    ATTEMPT: it may be the content's; the piece is given up after a few attempts in different runs.
        A crash of the decoder, its stalling, its memory limit, and our own bugs are of this kind.
    MACHINE: storage, rights, a server, memory, a signal from outside, a setting. The piece waits,
        uses up no attempt, and is tried again by the next run.
    """

    CONTENT = "content"
    ATTEMPT = "attempt"
    MACHINE = "machine"


class Af3Error(Exception):
    """Base of all errors that a user may meet.

    `permanent` says that the same input fails again, so that a rerun leaves it alone.
    `is_machine_fault` says that no piece of work is charged with it.
    `facts` are what a job had found when it ended so, for its report.
    """

    facts: Mapping[str, Any] = MappingProxyType({})
    permanent = False
    is_machine_fault: ClassVar[bool] = False


class ConfigurationError(Af3Error):
    """An option, a task file or a checkpoint that cannot be used; found before any work."""

    permanent = True
    is_machine_fault = True


class GpuUnusable(ConfigurationError):
    """This GPU cannot take the model now: another one, or later, may."""

    permanent = False


class GpuFull(GpuUnusable):
    """The model does not fit what is free on it."""


class GpuMissing(GpuUnusable):
    """torch finds no GPU where one was asked for."""


class StorageError(Af3Error):
    """The storage did not answer well for long; another attempt may go through."""

    is_machine_fault = True


class SourceChanged(Af3Error):
    """A recording's bytes are not those that were planned; the next plan takes the new ones."""

    is_machine_fault = True


class DecoderKilled(Af3Error):
    """The decoder was ended from outside, as for want of memory or by an administrator."""

    is_machine_fault = True


class DecoderSilent(Af3Error):
    """The decoder's program cannot be started now, or gives no answer, as for want of memory."""

    is_machine_fault = True


class AccessDenied(StorageError):
    """This user or account may not read or write there; with the right it goes through."""


class MediaError(Af3Error):
    """A recording that cannot be used."""

    permanent = True


class EmptyObject(MediaError):
    """The object has no bytes."""


class UnreadableObject(MediaError):
    """The object could not be opened or read; access or storage may recover."""

    permanent = False
    is_machine_fault = True


class NotMedia(MediaError):
    """The bytes are no media container that the product opens."""


class ForbiddenContainer(MediaError):
    """A playlist or another format that makes a reader open other files or addresses."""


class NoAudio(MediaError):
    """A media container without an audio track."""


class TooLong(MediaError):
    """The recording exceeds the configured limit."""


class DecodeFailed(MediaError):
    """Nothing could be decoded."""


class DamagedMedia(MediaError):
    """A part could not be decoded; the rest is used and its timeline is in doubt."""


class DecodeStalled(MediaError):
    """The decoder gave nothing for too long and was stopped."""

    permanent = False


class DecoderCrashed(MediaError):
    """The decoder ended by a fault of its own, or beyond the memory that it may take."""

    permanent = False


class ModelError(Af3Error):
    """The model could not answer one request."""


class MachineModelError(ModelError):
    """The model could not answer for a reason that is not the request's: storage, memory, a GPU."""

    is_machine_fault = True


class ServerUnavailable(ModelError):
    """The server is away or busy, lets nobody in, or answers what is no chat completion."""

    is_machine_fault = True


class ThinkModelMissing(ModelError):
    """Think weights are wanted of a server that was named none."""

    is_machine_fault = True


class ModelNotServed(ModelError):
    """The server does not know the model by this name."""

    is_machine_fault = True


class SettingUnsupported(ModelError):
    """A setting of a request that the server does not take; another server may.

    `settings` are their names in `Decoding`.
    """

    is_machine_fault = True

    def __init__(self, text: str, settings: frozenset[str] = frozenset()) -> None:
        super().__init__(text)
        self.settings = settings


class SoundNotKept(ModelError):
    """The server would leave a sound out, or move it to where the request does not have it."""

    is_machine_fault = True


class ClipMissing(ModelError):
    """A clip that the ledger names is not there."""

    is_machine_fault = True


class EmptyAudio(ModelError):
    """Too few samples for one audio token (30 ms)."""

    permanent = True


class InvalidAudio(ModelError):
    """Samples that are no numbers, or no mono 16 kHz waveform."""

    permanent = True


class AudioTooLong(ModelError):
    """More audio than the model takes; it is never cut in silence."""

    permanent = True


FOREIGN_MACHINE_FAULTS = (OSError, MemoryError)
"""The operating system's errors, which libraries raise too."""


def machine_fault_names() -> frozenset[str]:
    """The names of the classes of errors that are the machine's fault, as tables hold them."""
    own = (kind for kind in _with_subclasses(Af3Error) if kind.is_machine_fault)
    foreign = (kind for base in FOREIGN_MACHINE_FAULTS for kind in _with_subclasses(base))
    return frozenset(kind.__name__ for kinds in (own, foreign) for kind in kinds)


def _with_subclasses(kind: type[ErrorT]) -> Iterator[type[ErrorT]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _with_subclasses(each)


_NO_THREAD = "can't start new thread"
"""What a `RuntimeError` of CPython says where the system gives no thread; Beam appends its step."""


def is_shortage(error: BaseException) -> bool:
    """Whether this machine has no memory or no thread left to give."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and str(error).startswith(_NO_THREAD)
    )


def fault_of(error: BaseException) -> Fault:
    """Whose fault an error is, also one that is not ours.

    The operating system's errors and its shortages are the machine's; any other foreign one is
    taken for a bug that this piece brings out.
    """
    if isinstance(error, Af3Error):
        if error.is_machine_fault:
            return Fault.MACHINE
        return Fault.CONTENT if error.permanent else Fault.ATTEMPT
    is_machine_fault = isinstance(error, FOREIGN_MACHINE_FAULTS) or is_shortage(error)
    return Fault.MACHINE if is_machine_fault else Fault.ATTEMPT
