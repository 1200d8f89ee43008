"""Which sounds come together in dialogues: some of each clip, with others near and far."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from af3core.dialogue.chosen_sounds import CANDIDATES, HeardSound, Relation, choose_sounds
from af3core.embedding.neighbours import Neighbour, Neighbourhood
from af3core.storage.address import open_store
from beam_jobs.derive.dialogues.dialogue_segments import dialogue_segments
from beam_jobs.derive.embedding_neighbours import published_neighbourhood
from schemas.identity import configuration_hash

BY_RULES_PER_CLIP = 4
WRITTEN_PER_CLIP = 1
"""Of a clip of at most ten minutes."""

MAX_POOL = 20_000
"""Segments among which near and far ones are sought, the newest days first: variety enough, and
read in a second for each day of a long interval."""

_FARTHEST_SHARE = 10
"""Dissimilar are the farthest tenth, or the eight farthest of fewer."""

Maker = Literal["rules", "writer"]


@dataclass(frozen=True)
class Plan:
    """A dialogue to be made: who makes it, of which sounds; `seed` is of its wordings."""

    maker: Maker
    seed: str
    sounds: tuple[HeardSound, ...]


@dataclass(frozen=True)
class CorpusSnapshot:
    """A corpus as a run sees it: what is read of it is kept as long as the run."""

    out: str
    name: str
    run_id: str


@functools.lru_cache(maxsize=32)
def day_sounds(corpus: CorpusSnapshot, date: str) -> Mapping[str, HeardSound]:
    """A day's sounds by segment."""
    return dialogue_segments(open_store(corpus.out), corpus.name, date)


@functools.lru_cache(maxsize=4)
def embedded_neighbourhood(corpus: CorpusSnapshot, model: str, until: str) -> Neighbourhood:
    """The newest embedded segments up to a day, by caption."""
    store = open_store(corpus.out)
    return published_neighbourhood(store, corpus.name, "caption", model, MAX_POOL, until)


def plans_of(
    clip: str,
    sounds: Sequence[HeardSound],
    corpus: CorpusSnapshot,
    date: str,
    model: str,
    seed: int,
) -> Iterator[Plan]:
    """The dialogues of one clip: each starts from a segment of its own, the anchor; the others are
    of other recordings of the same day or of days before.
    """
    near = embedded_neighbourhood(corpus, model, date)
    rows = {segment.segment_id: row for row, segment in enumerate(near.segments)}
    known = sorted(
        (sound for sound in sounds if sound.segment_id in rows), key=lambda sound: sound.start_ms
    )
    random = Random(configuration_hash([seed, clip]))
    makers: tuple[tuple[Maker, int], ...] = (
        ("rules", BY_RULES_PER_CLIP),
        ("writer", WRITTEN_PER_CLIP),
    )
    for maker, count in makers:
        for anchor in random.sample(known, min(count, len(known))):
            similar, dissimilar = candidates(anchor, near, rows[anchor.segment_id])
            chosen = choose_sounds(
                anchor,
                list(_published_neighbours(similar, "similar", corpus)),
                list(_published_neighbours(dissimilar, "dissimilar", corpus)),
                random,
            )
            if chosen:
                yield Plan(maker, configuration_hash([seed, maker, anchor.segment_id]), chosen)


def candidates(
    anchor: HeardSound, near: Neighbourhood, row: int
) -> tuple[tuple[Neighbour, ...], tuple[Neighbour, ...]]:
    """Eight similar and eight dissimilar segments of other recordings, by caption."""
    vector, recording = near.vectors[row], anchor.recording_id
    among = max(CANDIDATES, len(near.segments) // _FARTHEST_SHARE)
    similar = near.nearest(vector, CANDIDATES, recording)
    return similar, near.farthest(vector, CANDIDATES, recording, among)


def _published_neighbours(
    neighbours: Sequence[Neighbour], relation: Relation, corpus: CorpusSnapshot
) -> Iterator[HeardSound]:
    """What is published of neighbours; of what has changed since it was embedded, nothing."""
    for neighbour in neighbours:
        sound = day_sounds(corpus, neighbour.segment.date).get(neighbour.segment.segment_id)
        if sound is not None:
            yield replace(sound, relation=relation, distance=neighbour.distance)
