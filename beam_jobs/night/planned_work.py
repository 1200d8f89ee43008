"""Recordings and audio of an interval against the ledger: what is done, what is open.

Recordings of one sound are decoded and asked once: one of them counts, the others take over.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from af3core.audio.cut_points import Segmentation
from af3core.audio.tracks import choose_tracks
from af3core.tasks.task import Task
from beam_jobs.framework.equal_clips import heard_tracks, original_clip, taken_over_from
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import equal_recordings
from beam_jobs.framework.settings import JobSettings
from beam_jobs.night.equal_sound import cut_to_adopt, is_undoubted
from beam_jobs.night.pending_questions import STAGE as ANNOTATE
from beam_jobs.night.pending_questions import all_questions, pending_questions
from beam_jobs.night.recordings_to_cut import STAGE as SEGMENT
from beam_jobs.night.recordings_to_cut import to_cut
from schemas.records import AnnotatedClip, Clip, NightManifest, Recording, SegmentedRecording

Known = Mapping[str, Sequence[AnnotatedClip]]


@dataclass(frozen=True)
class PlannedWork:
    """Recordings and audio of an interval, by what the ledger holds of it.

    Attributes:
        to_cut_ms: declared length of what is not decoded yet; all of it is to be annotated.
        held_ms: audio whose questions are all answered (or given up on).
        to_ask_ms: audio that is cut and waits, by the share of its questions that is open.
        taken_over: recordings that have, or get, the cut and the answers of another one of the same
            sound. `taken_over_ms` is their audio that is not asked for them; the three above are
            without it.
    """

    recordings: int = 0
    failures: int = 0
    duration_ms: int = 0
    to_cut_ms: int = 0
    held_ms: int = 0
    to_ask_ms: int = 0
    taken_over: int = 0
    taken_over_ms: int = 0


@dataclass(frozen=True)
class _Held:
    """A planned recording, and what the ledger holds of it.

    Attributes:
        is_open: it is to be cut.
        source: whose clips it has, or will have: its own, or another's.
        known_of_source: what that other one was answered, where it is not planned beside it.
    """

    recording: Recording
    cut: SegmentedRecording | None
    known: Known
    is_open: bool
    source: str
    known_of_source: Known = field(default_factory=dict)

    @property
    def is_copy(self) -> bool:
        """Whether its clips are another's."""
        return self.source != self.recording.recording_id


def planned_work(
    found: Iterable[NightManifest], ledger: Ledger, settings: JobSettings
) -> PlannedWork:
    """Add up the manifests against the ledger; an equal recording of two dates counts once."""
    plans = list(found)
    retries, asked_again = ledger.retries(SEGMENT), ledger.retries(ANNOTATE)
    work = PlannedWork(failures=sum(len(manifest.failures) for manifest in plans))
    for batch in equal_recordings(lambda: plans):
        of_batch = [recording for group in batch for recording in group]
        held = _held(of_batch, ledger, settings, retries)
        for group in batch:
            for each in _of_sound(list(itertools.islice(held, len(group))), settings, asked_again):
                work = _add(work, each)
    return work


def _held(
    batch: Sequence[Recording], ledger: Ledger, settings: JobSettings, retries: Mapping[str, int]
) -> Iterator[_Held]:
    ids = [recording.recording_id for recording in batch]
    segmented = ledger.segmented(ids, settings.segmentation_hash)
    waiting = to_cut(batch, settings, ledger, retries)
    open_ids = {each.recording.recording_id for each in waiting}
    for recording, cut, known in zip(batch, segmented, ledger.annotated(ids), strict=True):
        is_open = recording.recording_id in open_ids
        if cut is None and is_open and recording.same_sound_as:
            # the sound's first one is not looked for elsewhere: it is rarely cut after the others
            yield _adopting(recording, ledger, settings)
        else:
            held = _Held(recording, cut, known, is_open, _source(recording, cut))
            if held.is_copy and held.source not in ids:
                [answered] = ledger.annotated([held.source])
                held = replace(held, known_of_source=answered)
            yield held


def _adopting(recording: Recording, ledger: Ledger, settings: JobSettings) -> _Held:
    """A recording that is not cut yet, with the cut and the answers that it will take over."""
    cut = cut_to_adopt(recording, settings, ledger)
    if cut is None:
        return _Held(recording, None, {}, True, recording.recording_id)
    [known] = ledger.annotated([cut.recording_id])
    return _Held(recording, cut, known, True, _source(recording, cut))


def _source(recording: Recording, cut: SegmentedRecording | None) -> str:
    uris = [clip.clip_uri for clip in cut.clips] if cut else []
    others = {taken_over_from(recording.recording_id, uri) for uri in uris}
    return others.pop() if len(others) == 1 and "" not in others else recording.recording_id


def _of_sound(
    held: Sequence[_Held], settings: JobSettings, asked_again: Mapping[str, int]
) -> Iterator[PlannedWork]:
    """The work of recordings of one sound: of those with the same clips one is asked, and of those
    that are to be decoded the first.
    """
    own = [each for each in held if each.cut and not each.is_copy]
    asked = {each.recording.recording_id for each in own}
    is_cut = any(each.cut and is_undoubted(each.cut) for each in own)
    for each in held:
        if each.cut is None:
            is_copy = each.is_open and is_cut
            is_cut |= each.is_open
            yield _uncut(each, settings.segmentation, is_copy)
        else:
            retry = asked_again.get(each.recording.recording_id, 0)
            is_asked = not each.is_copy or each.source not in asked
            asked.add(each.source)
            yield _cut(each.cut, each, settings, retry, is_asked)


def _uncut(held: _Held, cutting: Segmentation, is_copy: bool) -> PlannedWork:
    declared_ms = held.recording.media.likely_duration_ms
    if is_copy:
        return PlannedWork(1, 0, declared_ms, taken_over=1, taken_over_ms=declared_ms)
    to_cut_ms = declared_ms * _channels_to_cut(held.recording, cutting) if held.is_open else 0
    return PlannedWork(recordings=1, duration_ms=declared_ms, to_cut_ms=to_cut_ms)


def _channels_to_cut(recording: Recording, cutting: Segmentation) -> int:
    """How often a recording is annotated: once for each channel that is cut by itself."""
    media = recording.media
    if cutting.channels != "each":
        return 1
    if not media.tracks:
        return max(media.channels, 1)
    chosen = choose_tracks(media.tracks, cutting.track).indices
    return max(sum(track.channels for track in media.tracks if track.index in chosen), 1)


def _cut(
    cut: SegmentedRecording, held: _Held, settings: JobSettings, retry: int, is_asked: bool
) -> PlannedWork:
    tasks = settings.task_hashes()
    held_ms = to_ask_ms = 0
    for clip in cut.clips:
        asked = len(all_questions(clip, tasks))
        if not asked:
            continue
        still_open = _open_questions(clip, heard_tracks(cut), held, tasks, retry)
        missing = len(still_open) if is_asked else 0
        open_ms = clip.duration_ms * missing // asked
        to_ask_ms += open_ms
        held_ms += clip.duration_ms - open_ms
    return PlannedWork(
        recordings=1,
        duration_ms=cut.decoded_duration_ms,
        held_ms=0 if held.is_copy else held_ms,
        to_ask_ms=to_ask_ms,
        taken_over=int(held.is_copy),
        taken_over_ms=cut.decoded_duration_ms - to_ask_ms if held.is_copy else 0,
    )


def _open_questions(
    clip: Clip, tracks: tuple[int, ...], held: _Held, tasks: Mapping[str, Task], retry: int
) -> set[tuple[str, int, int]]:
    """Tasks and times without an answer, of the clip and of the one that its object was cut as."""
    known = held.known.get(clip.clip_id, ())
    pending = pending_questions(clip, tasks, known, retry)
    found = {(asked.task_hash, asked.start_ms, asked.end_ms) for asked in pending}
    original = original_clip(clip, tracks)
    if original and (answered := held.known_of_source.get(original.clip_id)):
        pending = pending_questions(original, tasks, answered)
        found &= {(asked.task_hash, asked.start_ms, asked.end_ms) for asked in pending}
    return found


def _add(one: PlannedWork, other: PlannedWork) -> PlannedWork:
    first, second = asdict(one), asdict(other)
    return PlannedWork(**{name: first[name] + second[name] for name in first})
