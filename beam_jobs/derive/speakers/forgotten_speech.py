"""Which voices are forgotten ones, by when they speak: under any encoder and any rules. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from schemas.corpus_records import CorpusSpeakers, SpeechSpan

_FORGOTTEN_SHARE = 0.5
"""A voice is a forgotten one where more of its speech than this is that of a forgotten one."""
Span = tuple[int, int]


def spans_of(recordings: Collection[str], said: CorpusSpeakers) -> list[SpeechSpan]:
    """The forgotten speech of recordings, such as those of one sound."""
    return [span for span in said.forgotten_speech if span.recording_id in recordings]


def forgotten_voices(turns: Iterable[dict[str, Any]], spans: Sequence[SpeechSpan]) -> set[int]:
    """Numbers of the voices of a recording's turns that are forgotten ones.

    Args:
        turns: rows of `speaker_turns`, of one recording and one encoder.
        spans: of the recording, or of one of the same sound.
    """
    by_voice: defaultdict[int, list[Span]] = defaultdict(list)
    for turn in turns if spans else ():
        by_voice[turn["voice"]].append((turn["start_ms"], turn["end_ms"]))
    return {voice for voice, spoken in by_voice.items() if is_forgotten(spoken, spans)}


def is_forgotten(spoken: Sequence[Span], spans: Sequence[SpeechSpan]) -> bool:
    """Whether what is spoken in a recording is that of a forgotten voice."""
    said, speech_ms = _joined((span.start_ms, span.end_ms) for span in spans), 0
    shared_ms = first = 0
    for start_ms, end_ms in sorted(spoken):
        speech_ms += end_ms - start_ms
        while first < len(said) and said[first][1] <= start_ms:
            first += 1
        for span_start_ms, span_end_ms in said[first:]:
            if span_start_ms >= end_ms:
                break
            shared_ms += min(end_ms, span_end_ms) - max(start_ms, span_start_ms)
    return shared_ms > _FORGOTTEN_SHARE * speech_ms


def _joined(spans: Iterable[Span]) -> list[Span]:
    """In order, none beside another: what two encoders heard counts once."""
    joined: list[Span] = []
    for start_ms, end_ms in sorted(spans):
        if joined and start_ms <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end_ms))
        else:
            joined.append((start_ms, end_ms))
    return joined
