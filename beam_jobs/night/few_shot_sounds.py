"""The sounds of examples: read from the clips of their segments, as many as the model takes.

An example whose segment is no longer published, or whose clip is gone or damaged, is told by its
caption. A machine's trouble decides nothing: the question waits.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from af3core.embedding.neighbours import EmbeddedSegment
from af3core.errors import ClipMissing, ModelError, StorageError
from af3core.loaded_once import LoadedOnce
from af3core.model.isolation import as_model_error
from af3core.model.request import Sound
from af3core.storage.store import Store
from beam_jobs.framework.clip_audio import ClipObject, Span, clip_sounds
from beam_jobs.framework.table_snapshot import take_snapshot
from beam_jobs.night.shown_example import ShownExample
from schemas.tables.night_tables import SEGMENTS

_COLUMNS = ("segment_id", "clip_uri", "clip_start_ms", "start_ms", "end_ms")


@dataclass(frozen=True)
class _Place:
    """Where a segment's audio lies."""

    clip: ClipObject
    span: Span


@dataclass(frozen=True)
class SegmentSounds:
    """The audio of a corpus's published segments, as they were published when a day was first
    looked at.
    """

    store: Store
    corpus: str
    _places_of: LoadedOnce[[str], dict[str, _Place]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # whichever of the clips that are asked beside each other comes first
        object.__setattr__(self, "_places_of", LoadedOnce(self._found_places))

    def read(
        self,
        segments: Iterable[EmbeddedSegment],
        decoding: AbstractContextManager[object] = nullcontext(),  # noqa: B008 - it holds nothing
    ) -> dict[str, Sound | ModelError]:
        """By segment, each clip fetched once; what is not published is left out.

        Args:
            segments: to be heard.
            decoding: held while a clip is decoded.
        """
        found: dict[str, Sound | ModelError] = {}
        for clip, spans in self._by_clip(segments).items():
            read = _clip_sounds(clip, spans.values(), self.store, decoding)
            found |= {segment_id: read[span] for segment_id, span in spans.items()}
        return found

    def length_ms(self, segments: Iterable[EmbeddedSegment]) -> int:
        """Of all that `read` gives, together."""
        by_clip = self._by_clip(segments).values()
        return sum(end_ms - start_ms for spans in by_clip for start_ms, end_ms in {*spans.values()})

    def _by_clip(self, segments: Iterable[EmbeddedSegment]) -> dict[ClipObject, dict[str, Span]]:
        by_clip: dict[ClipObject, dict[str, Span]] = {}
        for segment in segments:
            place = self._places_of(segment.date).get(segment.segment_id)
            if place is not None:
                by_clip.setdefault(place.clip, {})[segment.segment_id] = place.span
        return by_clip

    def _found_places(self, date: str) -> dict[str, _Place]:
        snapshot = take_snapshot(self.store, [SEGMENTS.name], self.corpus, date, date)
        return {
            row["segment_id"]: _Place(
                ClipObject(row["clip_uri"], row["clip_start_ms"]),
                (row["start_ms"], row["end_ms"]),
            )
            for shard in snapshot.stamps
            for row in snapshot.columns(shard, _COLUMNS).to_pylist()
        }


def _clip_sounds(
    clip: ClipObject,
    spans: Iterable[Span],
    store: Store,
    decoding: AbstractContextManager[object],
) -> dict[Span, Sound | ModelError]:
    """As `clip_sounds`; what the storage has to say against it keeps no other question waiting."""
    wanted = list(spans)
    try:
        return clip_sounds(clip, wanted, store, decoding)
    except StorageError as error:
        return dict.fromkeys(wanted, as_model_error(error))


def with_sounds(
    shown: Sequence[ShownExample], sounds: Mapping[str, Sound | ModelError]
) -> tuple[ShownExample, ...] | ModelError:
    """The examples with the sounds that can be had, or the machine's trouble for which the question
    waits. Pure.
    """
    found = []
    for each in shown:
        sound = sounds.get(each.neighbour.segment.segment_id)
        if isinstance(sound, Sound):
            found.append(each.heard(sound))
        elif sound is None or isinstance(sound, ClipMissing) or not sound.is_machine_fault:
            found.append(each)
        else:
            return sound
    return tuple(found)


def as_many_as_fit(
    shown: tuple[ShownExample, ...], is_taken: Callable[[tuple[ShownExample, ...]], bool]
) -> tuple[ShownExample, ...]:
    """The nearest examples with their sounds, as many as the model takes; where it takes none of
    them so, all of them by their captions. Pure but for `is_taken`.
    """
    for count in range(len(shown), 0, -1):
        nearest = shown[:count]
        if any(each.example.sound for each in nearest) and is_taken(nearest):
            return nearest
    return tuple(
        dataclasses.replace(each, example=dataclasses.replace(each.example, sound=None))
        for each in shown
    )
