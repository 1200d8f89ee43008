"""What the encoder is taught at every step of time: the word or sound, the phone, the speaker.

The world is synthetic, so the truth is known to the millisecond; a cross-entropy at every audio
token teaches the encoder in minutes what CTC, which has to find the times itself, needs hours for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from af3core.nano.lexicon import all_words
from af3core.nano.music import INSTRUMENTS, TEMPI
from af3core.nano.scenes import MAX_SPEAKERS, Event, Scene
from af3core.nano.synthesis import SOUNDS

TOKEN_MS = 40
PHONE_MS = 20

MUSIC = tuple(f"{tempo} {instrument} music" for tempo in TEMPI for instrument in INSTRUMENTS)
BEDS = ("", *MUSIC)
HEARD = ("", *sorted(all_words()), *SOUNDS, *MUSIC)
SPEAKERS = ("", *(f"{sex} {number}" for number in range(MAX_SPEAKERS) for sex in ("man", "woman")))
PHONES = (
    "_ ? 0 3 @ @L A A@ D E I IR N O O@ OI S T U U@ V VR Z a aI aI3 aI@ aU aa b d dZ e@ eI f g h i"
    " i@ i@3 j k l m n o@ oU p r s t tS u v w z"
).split()

_HEARD = {name: number for number, name in enumerate(HEARD)}
_SPEAKER = {name: number for number, name in enumerate(SPEAKERS)}
_PHONE = {name: number for number, name in enumerate(PHONES)}
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Targets:
    """Classes at each audio token `[tokens]`; phones at 50 Hz `[2 * tokens]`."""

    heard: Labels
    speaker: Labels
    bed: Labels
    phones: Labels


def targets_of(scene: Scene, tokens: int) -> Targets:
    """The truth of a scene at the middle of each of its audio tokens."""
    heard = np.zeros(tokens, np.int64)
    speaker = np.zeros(tokens, np.int64)
    phones = np.zeros(2 * tokens, np.int64)
    for event in scene.events:
        starts_ms = event.word_starts_ms or (event.start_ms,)
        names = event.what.split() if event.kind == "speech" else [event.what]
        _fill(heard, TOKEN_MS, event, starts_ms, [_HEARD[name] for name in names])
        if event.kind == "speech":
            _fill(speaker, TOKEN_MS, event, (event.start_ms,), [_speaker_class(event)])
            classes = [_PHONE.get(name, 0) for name in event.phones]
            _fill(phones, PHONE_MS, event, event.phone_starts_ms, classes)
    return Targets(heard, speaker, np.full(tokens, BEDS.index(scene.bed), np.int64), phones)


def _speaker_class(event: Event) -> int:
    return _SPEAKER[f"{event.sex} {event.speaker}"]


def _fill(
    labels: Labels, step_ms: int, event: Event, starts_ms: tuple[int, ...], classes: list[int]
) -> None:
    """Write each class from its start to the next one's, the last to the event's end."""
    ends_ms = (*starts_ms[1:], event.end_ms)
    for start, end, label in zip(starts_ms, ends_ms, classes, strict=True):
        first, last = (max(0, round(ms / step_ms)) for ms in (start, end))
        labels[first : max(last, first + 1)] = label
