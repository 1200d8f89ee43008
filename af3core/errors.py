"""Errors that say what happened and what to do. Each names its input and its remedy."""

from __future__ import annotations


class Af3Error(Exception):
    """Base of all errors that a user may meet.

    `permanent` says that the same input fails again, so that a rerun leaves it alone.
    """

    permanent = False


class ConfigurationError(Af3Error):
    """An option, a task file or a checkpoint that cannot be used; found before any work."""

    permanent = True


class StorageError(Af3Error):
    """The storage did not answer well for long; another attempt may go through."""


class MediaError(Af3Error):
    """A recording that cannot be used."""

    permanent = True


class EmptyObject(MediaError):
    """The object has no bytes."""


class UnreadableObject(MediaError):
    """The object could not be opened or read; access or storage may recover."""

    permanent = False


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


class ModelError(Af3Error):
    """The model could not answer one request."""


class EmptyAudio(ModelError):
    """Too few samples for one audio token (30 ms)."""

    permanent = True


class InvalidAudio(ModelError):
    """Samples that are no numbers, or no mono 16 kHz waveform."""

    permanent = True


class AudioTooLong(ModelError):
    """More audio than the model takes; it is never cut in silence."""

    permanent = True
