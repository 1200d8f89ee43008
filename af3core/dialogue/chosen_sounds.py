"""The sounds of a dialogue: what is known of each, and which come together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

Relation = Literal["anchor", "similar", "dissimilar"]

CANDIDATES = 8
"""Similar ones, and as many dissimilar (AF3 paper, AF-Chat)."""

FEWEST_SOUNDS, MOST_SOUNDS = 2, 8
MAX_TOTAL_MS = 600_000
"""AF3 hears ten minutes in one conversation."""


@dataclass(frozen=True)
class KnownAnswer:
    """An undoubted answer of the night; `chosen` where it is one of the question's options."""

    question: str
    answer: str
    chosen: bool


@dataclass(frozen=True)
class HeardSound:
    """A segment with what is known of it; what carries a flag is left out.

    `distance` is the captions' cosine distance to the dialogue's first choice, the anchor.
    """

    segment_id: str
    recording_id: str
    clip_uri: str
    clip_start_ms: int
    start_ms: int
    end_ms: int
    caption: str
    transcript: str = ""
    loudness_lufs: float | None = None
    answers: tuple[KnownAnswer, ...] = ()
    relation: Relation = "anchor"
    distance: float | None = None

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms


def choose_sounds(
    anchor: HeardSound,
    similar: Sequence[HeardSound],
    dissimilar: Sequence[HeardSound],
    random: Random,
) -> tuple[HeardSound, ...]:
    """The anchor with one to seven others, as many similar as dissimilar where both are there, in
    an order at random, together at most ten minutes; none where the anchor stays alone.
    """
    wanted = random.randint(FEWEST_SOUNDS, MOST_SOUNDS)
    pools = [random.sample(list(pool), len(pool)) for pool in (similar, dissimilar)]
    random.shuffle(pools)
    chosen, total_ms = [anchor], anchor.duration_ms
    while len(chosen) < wanted and any(pools):
        pools.reverse()
        if not pools[0]:
            continue
        sound = pools[0].pop()
        fits = total_ms + sound.duration_ms <= MAX_TOTAL_MS
        if fits and sound.segment_id not in {known.segment_id for known in chosen}:
            chosen.append(sound)
            total_ms += sound.duration_ms
    if len(chosen) < FEWEST_SOUNDS:
        return ()
    random.shuffle(chosen)
    return tuple(chosen)
