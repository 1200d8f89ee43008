"""A recording whose sound was cut before under another recording: nothing is decoded or asked.

Other tags, another container or another encoding of the same packets make other bytes, and so
another recording, of the same sound (`af3core.audio.sound_identity`). Its clips are the objects of
the sound's first recording; its cut and its answers are written anew under its own names, so that
all that follows finds them as it finds any recording's.
"""

from __future__ import annotations

import dataclasses

from af3core.audio.tracks import choose_tracks
from af3core.tasks.flags import is_timeline_suspect
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.settings import JobSettings
from schemas import identity
from schemas.records import Annotation, Clip, Recording, SegmentedRecording


def adopt_cut(
    recording: Recording, settings: JobSettings, ledger: Ledger
) -> SegmentedRecording | None:
    """The cut of a recording by that of its sound's first one, whose answers are kept under it too;
    None where there is none that counts for it.

    A cut with doubts is none: they were of the first one's container too.
    """
    if not recording.same_sound_as:
        return None
    [cut] = ledger.segmented([recording.same_sound_as], settings.segmentation_hash)
    if cut is None or cut.flags or cut.failures or not _fits(recording, cut, settings):
        return None
    if not all(ledger.store.exists([clip.clip_uri for clip in cut.clips])):
        return None
    heard = cut.heard.tracks if cut.heard else (0,)
    clips = tuple(_renamed(clip, recording.recording_id, heard, settings) for clip in cut.clips)
    _adopt_answers(cut, clips, ledger)
    return dataclasses.replace(
        cut, recording_id=recording.recording_id, clips=clips, run_id=settings.run_id, retry=0
    )


def _fits(recording: Recording, cut: SegmentedRecording, settings: JobSettings) -> bool:
    """Whether a container with other tracks, or another default, would be heard the same."""
    tracks = recording.media.tracks
    chosen = choose_tracks(tracks, settings.segmentation.track).indices if tracks else ()
    if cut.heard and chosen != cut.heard.tracks:
        return False
    decoded_ms = cut.decoded_duration_ms
    is_suspect = is_timeline_suspect(recording.media.declared_duration_ms, decoded_ms)
    return not is_suspect and decoded_ms <= settings.max_recording_s * 1000


def _renamed(clip: Clip, recording_id: str, heard: tuple[int, ...], settings: JobSettings) -> Clip:
    span = (clip.start_ms, clip.end_ms)
    clip_id = identity.clip_id(recording_id, settings.segmentation_hash, *span, clip.channel, heard)
    segments = tuple(
        dataclasses.replace(s, segment_id=identity.segment_id(clip_id, s.start_ms, s.end_ms))
        for s in clip.segments
    )
    return dataclasses.replace(clip, clip_id=clip_id, recording_id=recording_id, segments=segments)


def _adopt_answers(cut: SegmentedRecording, clips: tuple[Clip, ...], ledger: Ledger) -> None:
    """Keep what the first recording was answered; what failed is asked again."""
    [known] = ledger.annotated([cut.recording_id])
    for old, new in zip(cut.clips, clips, strict=True):
        names = {
            o.segment_id: n.segment_id for o, n in zip(old.segments, new.segments, strict=True)
        }
        names[""] = ""  # of the whole clip
        for entry in known.get(old.clip_id, ()):
            answers = _renamed_answers(entry.annotations, names)
            if answers:
                ledger.put_annotated(
                    dataclasses.replace(
                        entry,
                        clip_id=new.clip_id,
                        recording_id=new.recording_id,
                        annotations=answers,
                        failures=(),
                    )
                )


def _renamed_answers(
    annotations: tuple[Annotation, ...], names: dict[str, str]
) -> tuple[Annotation, ...]:
    return tuple(
        dataclasses.replace(answer, segment_id=names[answer.segment_id])
        for answer in annotations
        if answer.segment_id in names
    )
