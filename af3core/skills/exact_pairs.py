"""Pairs that need no language model: they follow from timed events and measures, and are exact.

Every maker asks only what has one right option by a clear margin; where there is none, it makes no
pair.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from af3core.skills.evidence import SegmentEvidence
from af3core.skills.exact_measures import attributes, counting, level_changes
from af3core.skills.exact_time import grounding, order, referring
from af3core.skills.pair import Pair

EXACT_VERSION = 1
"""Counts up when the same events give other pairs."""

MOST_PER_SKILL = 3
"""Of one skill about one segment: more would say the same."""

_MAKERS: tuple[Callable[[SegmentEvidence, Random], list[Pair]], ...] = (
    order,
    referring,
    grounding,
    level_changes,
    attributes,
    counting,
)
"""Their names seed their random choices: a maker that is renamed makes other pairs."""

EXACT_SKILLS = (
    "temporal_order",
    "temporal_attribute",
    "temporal_referring",
    "temporal_grounding",
    "attribute_identification",
    "counting_level_1",
    "counting_level_2",
    "counting_level_3",
)


def exact_pairs(evidence: SegmentEvidence, seed: int) -> list[Pair]:
    """The pairs of a segment, by skill; the same evidence and seed give the same pairs.

    None where not all that is heard is known: an unnamed sound makes order and counts guesses.
    """
    if not evidence.events_complete or not evidence.events:
        return []
    made: dict[str, list[Pair]] = {}
    for maker in _MAKERS:
        random = Random(f"{seed} {evidence.segment_id} {maker.__name__}")
        for pair in maker(evidence, random):
            made.setdefault(pair.skill, []).append(pair)
    chosen = []
    for skill, pairs in made.items():
        random = Random(f"{seed} {evidence.segment_id} {skill}")
        chosen += random.sample(pairs, min(len(pairs), MOST_PER_SKILL))
    return chosen
