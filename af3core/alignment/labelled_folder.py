"""A folder of recordings whose words are labelled, as stretches of known speech."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from af3core.alignment.known_speech import KnownSpeech, SpokenWord, stretches
from af3core.alignment.word_labels import SUFFIXES, read_labels
from af3core.audio import SAMPLES_PER_MS, containers
from af3core.audio.clip_file import as_waveform
from af3core.audio.decode import decode_whole
from af3core.errors import ConfigurationError

LONGEST_RECORDING_S = 4 * 3600.0
"""Decoded whole, in 230 MB an hour."""


def labelled_speech(folder: Path) -> Iterator[KnownSpeech]:
    """The recordings below a folder that a CTM or TextGrid names, by their names without suffix.

    A TextGrid has the name of its recording; a CTM names recordings, one or many.

    Raises:
        ConfigurationError: there are none, a label file is wrong or longer than its recording, or
            two recordings or label files have one name.
        Af3Error: a recording cannot be decoded.
    """
    recordings, labels = _files(folder)
    spoken: dict[str, list[SpokenWord]] = {}
    for path in labels:
        for name, words in read_labels(path).items():
            if name in spoken:
                raise ConfigurationError(f"{path}: {name} is labelled in another file too")
            if name not in recordings:
                raise ConfigurationError(f"{path}: there is no recording {name} below {folder}")
            spoken[name] = words
    if not any(spoken.values()):
        raise ConfigurationError(
            f"--calibrate {folder}: no words; it is to hold recordings and, for each, a TextGrid of"
            " its name, or a CTM that names it"
        )
    for name, words in sorted(spoken.items()):
        path = recordings[name]
        samples = as_waveform(decode_whole(path, str(path), LONGEST_RECORDING_S))
        heard_ms = len(samples) // SAMPLES_PER_MS
        if words and words[-1].start_ms >= heard_ms:
            raise ConfigurationError(
                f"{path}: {words[-1].text!r} is labelled at {words[-1].start_ms / 1000:.1f} s, and"
                f" the recording ends at {heard_ms / 1000:.1f} s"
            )
        yield from stretches(name, samples, words)


def _files(folder: Path) -> tuple[dict[str, Path], list[Path]]:
    """Recordings by name, and files of labels."""
    if not folder.is_dir():
        raise ConfigurationError(f"--calibrate {folder}: there is no such folder")
    recordings: dict[str, Path] = {}
    labels: list[Path] = []
    for path in sorted(folder.rglob("*")):
        suffix = path.suffix.lower()
        if suffix in SUFFIXES:
            labels.append(path)
        elif suffix in containers.SUFFIXES and not path.name.startswith("."):
            if path.stem in recordings:
                raise ConfigurationError(
                    f"{path}: {recordings[path.stem]} has the same name; labels go by it"
                )
            recordings[path.stem] = path
    return recordings, labels
