"""A recording whose sound was cut before under another recording: nothing is decoded or asked.

Other tags, another container or another encoding of the same packets make other bytes, and so
another recording, of the same sound (`af3core.audio.sound_identity`). Its clips are the objects of
the recording of the sound that was cut; its cut and its answers are written anew under its own
names, so that all that follows finds them as it finds any recording's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from af3core.audio.tracks import choose_tracks
from af3core.tasks.flags import is_timeline_suspect
from beam_jobs.framework.equal_clips import clip_of, heard_tracks
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.settings import JobSettings
from schemas.records import AnnotatedClip, Annotation, Clip, Recording, SegmentedRecording


def adopt_cut(
    recording: Recording, settings: JobSettings, ledger: Ledger
) -> SegmentedRecording | None:
    """The cut of a recording by that of another of its sound, whose answers are kept under it too;
    None where there is none that counts for it.
    """
    cut = cut_to_adopt(recording, settings, ledger)
    if cut is None or not all(ledger.store.exists([clip.clip_uri for clip in cut.clips])):
        return None
    tracks = heard_tracks(cut)
    clips = tuple(clip_of(recording.recording_id, clip, tracks) for clip in cut.clips)
    [known] = ledger.annotated([cut.recording_id])
    for old, new in zip(cut.clips, clips, strict=True):
        equal = EqualAnswers([(old, known.get(old.clip_id, ())), (new, ())], ledger)
        equal.take_over(new)
    return dataclasses.replace(
        cut, recording_id=recording.recording_id, clips=clips, run_id=settings.run_id, retry=0
    )


def cut_to_adopt(
    recording: Recording, settings: JobSettings, ledger: Ledger
) -> SegmentedRecording | None:
    """The cut of another recording of the same sound that counts for this one, if there is one.

    A cut with doubts is none: they were of the other one's container too.
    """
    sound, cutting = recording.sound_sha256, settings.segmentation_hash
    if not sound:
        return None
    known = dict.fromkeys((ledger.cut_of_sound(sound, cutting), recording.same_sound_as))
    for other in known:
        if other in ("", recording.recording_id):
            continue
        [cut] = ledger.segmented([other], cutting)
        if cut and is_undoubted(cut) and _fits(recording, cut, settings):
            return cut
    return None


def note_cut(recording: Recording, cut: SegmentedRecording, ledger: Ledger) -> None:
    """Let the other recordings of a sound find the cut of this one; that of the sound's first
    recording is found without.
    """
    if recording.sound_sha256 and recording.same_sound_as and is_undoubted(cut):
        ledger.put_cut_of_sound(
            recording.sound_sha256, cut.segmentation_hash, recording.recording_id
        )


def is_undoubted(cut: SegmentedRecording) -> bool:
    """Whether a cut may be that of another recording too."""
    return not cut.flags and not cut.failures


def _fits(recording: Recording, cut: SegmentedRecording, settings: JobSettings) -> bool:
    """Whether a container with other tracks, or another default, would be heard the same."""
    tracks = recording.media.tracks
    chosen = choose_tracks(tracks, settings.segmentation.track).indices if tracks else ()
    if cut.heard and chosen != cut.heard.tracks:
        return False
    decoded_ms = cut.decoded_duration_ms
    is_suspect = is_timeline_suspect(recording.media.declared_duration_ms, decoded_ms)
    return not is_suspect and decoded_ms <= settings.max_recording_s * 1000


class EqualAnswers:
    """Clips that are one object, and what is known of each: what one was answered, all were.

    Args:
        known: each clip with its entries in the ledger.
        ledger: where what is taken over is kept.
    """

    def __init__(
        self, known: Iterable[tuple[Clip, Sequence[AnnotatedClip]]], ledger: Ledger
    ) -> None:
        self._ledger = ledger
        self._known: dict[str, list[AnnotatedClip]] = {}
        self._answered: dict[tuple[int, str], tuple[AnnotatedClip, Annotation]] = {}
        for clip, entries in known:
            self._known[clip.clip_id] = []
            for entry in entries:
                self.add(clip, entry)

    def add(self, clip: Clip, entry: AnnotatedClip) -> None:
        """Note an entry of one of the clips."""
        self._known[clip.clip_id].append(entry)
        for place, answer in _by_place(clip, entry):
            self._answered.setdefault(place, (entry, answer))

    def of(self, clip: Clip) -> Sequence[AnnotatedClip]:
        """What is known of one of the clips."""
        return self._known[clip.clip_id]

    def take_over(self, clip: Clip) -> int:
        """Keep what the others were answered under a clip too; gives how many answers.

        What failed for them is asked again. The model took no time for it.
        """
        held = {place for entry in self.of(clip) for place, _ in _by_place(clip, entry)}
        names = _segment_names(clip)
        found: dict[int, tuple[AnnotatedClip, list[Annotation]]] = {}
        for place, (entry, answer) in self._answered.items():
            if place not in held:
                renamed = dataclasses.replace(answer, segment_id=names[place[0]])
                found.setdefault(id(entry), (entry, []))[1].append(renamed)
        for entry, answers in found.values():
            taken = dataclasses.replace(
                entry,
                clip_id=clip.clip_id,
                recording_id=clip.recording_id,
                model_ms=0,
                annotations=tuple(answers),
                failures=(),
                taken_over=True,
            )
            self._ledger.put_annotated(taken)
            self._known[clip.clip_id].append(taken)
        return sum(len(answers) for _, answers in found.values())


def _segment_names(clip: Clip) -> list[str]:
    """By place in the clip; that of the whole clip comes last."""
    return [*(segment.segment_id for segment in clip.segments), ""]


def _by_place(clip: Clip, entry: AnnotatedClip) -> list[tuple[tuple[int, str], Annotation]]:
    """An entry's answers by place in the clip and task."""
    places = {name: place for place, name in enumerate(_segment_names(clip))}
    return [
        ((places[answer.segment_id], answer.task_hash), answer)
        for answer in entry.annotations
        if answer.segment_id in places
    ]
