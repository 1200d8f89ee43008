"""What is known of a segment, from the tables of a night: the ground that questions stand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EventKind = Literal["speech", "sound", "music"]


@dataclass(frozen=True)
class HeardEvent:
    """Something heard, with times of the recording and measures (None: not defined).

    `label` is what it is: "a dog barking", "a man speaking", "slow piano music".
    """

    kind: EventKind
    label: str
    start_ms: int
    end_ms: int
    loudness_lufs: float | None = None
    pitch_hz: float | None = None
    spectral_centroid_hz: float | None = None
    tempo_bpm: float | None = None
    reverberation_s: float | None = None
    level_change_db: float | None = None

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms


@dataclass(frozen=True)
class SegmentEvidence:
    """A segment's unflagged annotations, in the order of their times.

    Attributes:
        captions, transcripts: texts; a segment without speech has no transcript.
        answers: (question, answer) of the night's questions.
        events: what is heard when. `events_complete` is false where something was heard that could
            not be named or timed: order and counts are then unknown.
    """

    recording_id: str
    clip_id: str
    segment_id: str
    start_ms: int
    end_ms: int
    captions: tuple[str, ...] = ()
    transcripts: tuple[str, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()
    events: tuple[HeardEvent, ...] = ()
    events_complete: bool = False

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms
