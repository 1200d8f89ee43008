"""The words of a stretch of sound with their times: found by an aligner, else estimated.

A word that the aligner cannot place is laid between its neighbours by its share of the speech
between them, and says so. A text that cannot be spoken in its time gets no such places: each of its
words may be anywhere in the stretch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from af3core.alignment.aligner import Aligner, Method, Placed
from af3core.alignment.interpolation import Stretch, interpolate, within
from af3core.alignment.text_words import TextWord, is_unspaced
from af3core.audio import SAMPLES_PER_MS
from af3core.audio.clip_file import as_pcm
from af3core.audio.voice_activity import FRAME_MS, frames_with_speech
from af3core.model.request import Waveform

NOT_ALIGNED = "not_aligned"
SCRIPT_UNKNOWN = "script_unknown"
TEXT_TOO_LONG = "text_too_long"
LOW_ALIGNMENT = "low_alignment"
DOUBLED_AT_CUT = "doubled_at_cut"

LEAST_CONFIDENCE = 0.5
"""A word below it is in doubt: `low_alignment`."""

FASTEST_CHARACTERS_PER_S = 35.0
"""Of alphabets: the fastest speech that is understood, some 400 words a minute, has about 33."""
FASTEST_SIGNS_PER_S = 15.0
"""Of scripts without spaces, where a sign is a syllable or more."""

_AROUND_SPEECH_MS = 200
_HUSH_LEVEL = np.float32(1e-3)
_SURE_SHARE = 0.5


@dataclass(frozen=True)
class TimedWord:
    """A word with its time from the start of the sound.

    Attributes:
        confidence: that it is spoken there, 0 to 1; None where the time is estimated.
        method: how the time was found.
    """

    start_ms: int
    end_ms: int
    confidence: float | None
    method: Method
    flags: tuple[str, ...] = ()


def align(samples: Waveform, words: Sequence[TextWord], aligner: Aligner | None) -> list[TimedWord]:
    """A time for each word of a text that is spoken in a sound.

    Args:
        samples: 16 kHz mono.
        aligner: None estimates all times.
    """
    if not words:
        return []
    duration_ms = len(samples) // SAMPLES_PER_MS
    if is_too_long(words, duration_ms):
        whole = TimedWord(0, duration_ms, 0.0, "interpolation", (TEXT_TOO_LONG,))
        return [whole] * len(words)
    speech = speech_in(samples)
    if aligner is None or duration_ms > (aligner.longest_ms or duration_ms):
        places = interpolate([len(word.normal) for word in words], speech)
        flags: tuple[str, ...] = () if aligner is None else (NOT_ALIGNED,)
        return [TimedWord(start, end, None, "interpolation", flags) for start, end in places]
    return _filled(_found(samples, words, aligner, speech), words, aligner, speech, duration_ms)


def _found(
    samples: Waveform, words: Sequence[TextWord], aligner: Aligner, speech: Sequence[Stretch]
) -> list[Placed | None]:
    """The places in the speech alone: music and sounds between are like speech to an aligner.

    Where the detector hears too little speech for the text, or most words are in doubt in what it
    hears, all of the sound is heard too, and the surer places are taken.
    """
    spoken_ms = sum(end - start for start, end in speech)
    if is_too_long(words, spoken_ms):
        return aligner.place(samples, words)
    found = aligner.place(_hushed(samples, speech), words)
    sure = sum(place is not None and place.confidence >= LEAST_CONFIDENCE for place in found)
    if sure >= _SURE_SHARE * len(words):
        return found
    return max(found, aligner.place(samples, words), key=_confidence_sum)


def _confidence_sum(places: Sequence[Placed | None]) -> float:
    return sum(place.confidence for place in places if place is not None)


def _hushed(samples: Waveform, speech: Sequence[Stretch]) -> Waveform:
    """The same with faint noise in place of all that lies apart from speech."""
    noise = np.random.default_rng(0).standard_normal(len(samples)).astype(np.float32)
    heard = _HUSH_LEVEL * noise
    for start_ms, end_ms in speech:
        start = max(0, start_ms - _AROUND_SPEECH_MS) * SAMPLES_PER_MS
        end = (end_ms + _AROUND_SPEECH_MS) * SAMPLES_PER_MS
        heard[start:end] = samples[start:end]
    return heard


def is_too_long(words: Sequence[TextWord], duration_ms: int) -> bool:
    """True where nobody speaks so many characters in the time."""
    signs = sum(is_unspaced(word.normal) for word in words)
    characters = sum(len(word.normal) + 1 for word in words if not is_unspaced(word.normal))
    least_s = signs / FASTEST_SIGNS_PER_S + characters / FASTEST_CHARACTERS_PER_S
    return 1000 * least_s > duration_ms


def speech_in(samples: Waveform) -> list[Stretch]:
    """Where the detector hears speech, in order; all of the sound where it hears none."""
    end_ms = len(samples) // SAMPLES_PER_MS
    stretches: list[Stretch] = []
    for frame in frames_with_speech(as_pcm(samples)).nonzero()[0].tolist():
        start, end = frame * FRAME_MS, min((frame + 1) * FRAME_MS, end_ms)
        if stretches and stretches[-1][1] >= start:
            stretches[-1] = (stretches[-1][0], end)
        elif start < end:
            stretches.append((start, end))
    return stretches or [(0, end_ms)]


def _timed(place: Placed, method: Method) -> TimedWord:
    flags = (LOW_ALIGNMENT,) if place.confidence < LEAST_CONFIDENCE else ()
    return TimedWord(place.start_ms, place.end_ms, place.confidence, method, flags)


def _filled(
    found: Sequence[Placed | None],
    words: Sequence[TextWord],
    aligner: Aligner,
    speech: Sequence[Stretch],
    duration_ms: int,
) -> list[TimedWord]:
    """All words: those without a place between the neighbours that have one."""
    timed: list[TimedWord] = []
    at = 0
    while at < len(words):
        place = found[at]
        if place is not None:
            timed.append(_timed(place, aligner.method))
            at += 1
            continue
        stop = next((n for n in range(at, len(words)) if found[n] is not None), len(words))
        following = found[stop] if stop < len(words) else None
        start_ms = timed[-1].end_ms if timed else 0
        end_ms = following.start_ms if following is not None else duration_ms
        gap = words[at:stop]
        places = interpolate([len(word.normal) for word in gap], within(speech, start_ms, end_ms))
        for word, (start, end) in zip(gap, places, strict=True):
            flag = SCRIPT_UNKNOWN if aligner.unknown_characters(word) else NOT_ALIGNED
            timed.append(TimedWord(start, end, None, "interpolation", (flag,)))
        at = stop
    return timed
