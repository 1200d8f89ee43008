"""Speech whose word times are known: what heads are chosen on, and aligners are judged by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from af3core.alignment.interpolation import interpolate
from af3core.alignment.text_words import TextWord, words_of_text
from af3core.audio import SAMPLES_PER_MS
from af3core.model.request import Waveform

LONGEST_MS = 25_000
_AROUND_MS = 300


@dataclass(frozen=True)
class SpokenWord:
    """A word and when it is spoken, in milliseconds from the start of its recording."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True)
class KnownSpeech:
    """A stretch of a recording with all the words that are spoken in it, in order.

    Attributes:
        recording: which it is of.
        samples: 16 kHz mono.
        words: as a text holds them.
        times_ms: start and end of each from the start of the samples.
    """

    recording: str
    samples: Waveform = field(repr=False)
    words: tuple[TextWord, ...]
    times_ms: tuple[tuple[int, int], ...]


def stretches(
    recording: str, samples: Waveform, spoken: Sequence[SpokenWord], longest_ms: int = LONGEST_MS
) -> Iterator[KnownSpeech]:
    """A recording in stretches as long as segments, each cut at the longest pause it can end at.

    Pure.

    Args:
        recording: its name.
        samples: 16 kHz mono.
        spoken: its words in order, without overlap. What holds several words of a text, as two
            signs of Chinese, is taken to give each the same time a character; marks alone are none.
        longest_ms: of a stretch, but for a single word.
    """
    left = [word for each in spoken for word in _single_words(each)]
    while left:
        first_ms = left[0].start_ms
        count = sum(word.end_ms - first_ms <= longest_ms for word in left) or 1
        if count < len(left):
            pauses = [left[n].start_ms - left[n - 1].end_ms for n in range(1, count + 1)]
            half = count // 2  # not so early that the stretch is short
            count = max(range(half, count), key=lambda n: (pauses[n], n)) + 1
        taken, left = left[:count], left[count:]
        yield _stretch(recording, samples, taken)


def _single_words(spoken: SpokenWord) -> list[SpokenWord]:
    found = words_of_text(spoken.text)
    if not found:
        return []
    places = interpolate([len(word.normal) for word in found], [(spoken.start_ms, spoken.end_ms)])
    return [
        SpokenWord(start, end, word.text) for word, (start, end) in zip(found, places, strict=True)
    ]


def _stretch(recording: str, samples: Waveform, taken: Sequence[SpokenWord]) -> KnownSpeech:
    start_ms = max(0, taken[0].start_ms - _AROUND_MS)
    end_ms = taken[-1].end_ms + _AROUND_MS
    words = words_of_text(" ".join(word.text for word in taken))
    times = tuple((word.start_ms - start_ms, word.end_ms - start_ms) for word in taken)
    heard = samples[start_ms * SAMPLES_PER_MS : end_ms * SAMPLES_PER_MS]
    return KnownSpeech(recording, heard, tuple(words), times)


def split(speech: Iterable[KnownSpeech]) -> tuple[list[KnownSpeech], list[KnownSpeech]]:
    """What heads are chosen on, and what is held out: every third recording, or every third
    stretch where there are less than three recordings.
    """
    known = list(speech)
    names = list(dict.fromkeys(each.recording for each in known))
    if len(names) >= 3:
        held = {name for number, name in enumerate(names) if number % 3 == 2}
        is_held = [each.recording in held for each in known]
    else:
        is_held = [number % 3 == 2 for number in range(len(known))]
    chosen = [each for each, held_out in zip(known, is_held, strict=True) if not held_out]
    return chosen, [each for each, held_out in zip(known, is_held, strict=True) if held_out]
