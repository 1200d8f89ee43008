"""Times of words by their share of the time of speech: the baseline, and what fills gaps.

No word's place is known: the words are laid over the stretches of speech in their order, each as
long as its characters are many. Sounds, hesitation and emphasis are not heard.
"""

from __future__ import annotations

from collections.abc import Sequence

Stretch = tuple[int, int]
"""From and to, in milliseconds."""


def interpolate(lengths: Sequence[int], stretches: Sequence[Stretch]) -> list[Stretch]:
    """When words are spoken, if all characters take the same time.

    Args:
        lengths: of the words, in characters; one of 0 counts as one of 1.
        stretches: where speech is, in order, without overlap.

    Returns:
        One stretch a word, in order; all are empty where the stretches are.
    """
    if not stretches:
        raise ValueError("no stretch to lay words over")
    weights = [max(1, length) for length in lengths]
    total_ms = sum(end - start for start, end in stretches)
    places, passed, total = [], 0, sum(weights)
    for weight in weights:
        start = _time_at(passed * total_ms / total, stretches, is_end=False)
        passed += weight
        end = _time_at(passed * total_ms / total, stretches, is_end=True)
        places.append((start, max(start, end)))
    return places


def _time_at(spoken_ms: float, stretches: Sequence[Stretch], is_end: bool) -> int:
    """The time at which so much has been spoken; a start goes to the next stretch at a border."""
    left = spoken_ms
    for start, end in stretches:
        length = end - start
        if left < length or (is_end and left <= length):
            return round(start + left)
        left -= length
    return stretches[-1][1]


def within(stretches: Sequence[Stretch], start_ms: int, end_ms: int) -> list[Stretch]:
    """The parts of stretches between two times; that time itself where there is none."""
    parts = [(max(a, start_ms), min(b, end_ms)) for a, b in stretches]
    return [(a, b) for a, b in parts if a < b] or [(start_ms, max(start_ms, end_ms))]
