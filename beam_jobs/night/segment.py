"""Job 2: decode each recording once, cut it at pauses, keep the clips as FLAC.

manifests ──► recordings not yet cut ──► decode, cut, write ──► ledger/segment/…

Recordings of one sound are one piece of work: the first of them is decoded and cut, the others take
its cut over. Where it cannot be used, the next one is decoded.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import apache_beam as beam

from af3core.audio.damage import Damage, DeclaredLength, find_damage
from af3core.audio.listening import Listener
from af3core.audio.tracks import heard_media
from af3core.errors import (
    ConfigurationError,
    DamagedMedia,
    MediaError,
    SourceChanged,
    UnreadableObject,
)
from beam_jobs.framework.claimed_work import Claim, do_claimed, wait_for_claim
from beam_jobs.framework.counters import count
from beam_jobs.framework.failures import Charge, charge, failure_of, given_up
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import in_batches
from beam_jobs.framework.pipeline import listed_once, run_pipeline
from beam_jobs.framework.progress import Work, show_progress
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.waiting import count_waiting, machine_faults_wait
from beam_jobs.framework.withdrawn import WithdrawnContent, withdrawals
from beam_jobs.night.clip_writer import ClipWriter
from beam_jobs.night.equal_sound import adopt_cut, note_cut
from beam_jobs.night.planned_file import check_content, planned_file
from beam_jobs.night.recordings_to_cut import (
    STAGE,
    RecordingToCut,
    SoundToCut,
    sounds_to_cut,
    to_cut,
    work_key,
)
from schemas import identity, layout
from schemas.records import Clip, Failure, Recording, SegmentedRecording, TimeGap

DECODERS = 2
"""Recordings that one process decodes at once: one computes while the other waits for storage."""
_decoding = threading.BoundedSemaphore(DECODERS)


def build(
    pipeline: beam.Pipeline,
    settings: JobSettings,
    listed: Sequence[SoundToCut] | None = None,
) -> beam.PCollection[list[str]]:
    """The pipeline, over what is listed or to be listed; gives the ids of what it cut."""
    missing = listed_once(pipeline, listed, settings, sounds_to_cut)
    return do_claimed(missing, "DecodeAndCut", cut_sound, settings)


def cut_sound(sound: SoundToCut, settings: JobSettings, claim: Claim = wait_for_claim) -> list[str]:
    """Decode and cut the recordings of a sound, once as long as nothing fails; one that fails is a
    failure in the ledger, and ends no other.

    What the machine is to blame for leaves a recording waiting. Runs on recordings of one sound
    take turns, and the second finds it cut.
    """
    with machine_faults_wait(STAGE):
        ledger = Ledger(settings.store)
        key = _claimed(sound[0].recording, settings)
        with claim(ledger.store, layout.claim_key(STAGE, key)):
            for asked in sound:
                with machine_faults_wait(STAGE):
                    _cut_if_open(asked, settings, ledger)
    return [asked.recording.recording_id for asked in sound]


def _claimed(recording: Recording, settings: JobSettings) -> str:
    """What is claimed to cut a recording: its sound, where that is known."""
    if not recording.sound_sha256:
        return work_key(recording, settings)
    return identity.configuration_hash([recording.sound_sha256, settings.segmentation_hash])


def _cut_if_open(asked: RecordingToCut, settings: JobSettings, ledger: Ledger) -> None:
    """Another run may have cut it since the listing."""
    key = work_key(asked.recording, settings)
    if to_cut([asked.recording], settings, ledger, {key: asked.retry}):
        with _decoding:
            _cut_and_store(asked, settings, ledger)


def _cut_and_store(asked: RecordingToCut, settings: JobSettings, ledger: Ledger) -> None:
    recording = asked.recording
    try:
        _check_not_withdrawn(recording, ledger)
        adopted = None if asked.retry else adopt_cut(recording, settings, ledger)
        segmented = adopted or _cut(asked, settings, ledger)
        if not adopted:
            note_cut(recording, segmented, ledger)
        ledger.put_segmented(segmented)
    except ConfigurationError:
        raise
    except WithdrawnContent:
        count("recordings_refused")
    except Exception as error:
        if withdrawals(ledger.store).covers_recording(recording):
            return  # a failure names its object
        key = work_key(recording, settings)
        [previous] = ledger.failed(STAGE, [key])
        charged = charge(previous, error, settings.run_id, asked.retry)
        failure = _failure(recording, error, charged, settings.run_id)
        ledger.put_failed(key, failure)
        if not charged.waits:
            count("failures")
        if not given_up([failure]):
            count_waiting(STAGE, error)
    else:
        if adopted:
            count("recordings_taken_over")
            count("taken_over_ms", segmented.decoded_duration_ms)
            return
        count("recordings_cut")
        count("clips_written", len(segmented.clips))
        count("decoded_ms", segmented.decoded_duration_ms)


def _cut(asked: RecordingToCut, settings: JobSettings, ledger: Ledger) -> SegmentedRecording:
    recording = asked.recording
    with planned_file(recording) as path:
        writer = ClipWriter(ledger, recording.recording_id, settings.segmentation_hash, asked.retry)
        listener, damage, clips = _decode_and_write(recording, path, settings, writer)
    try:
        _check_not_withdrawn(recording, ledger)  # meanwhile
    except WithdrawnContent:
        writer.remove()
        raise
    clock = listener.report.clock
    return SegmentedRecording(
        recording_id=recording.recording_id,
        segmentation_hash=settings.segmentation_hash,
        decoded_duration_ms=max(clip.end_ms for clip in clips),
        flags=(*damage.flags, *listener.flags),
        clips=clips,
        failures=_failures(recording, damage, settings),
        run_id=settings.run_id,
        retry=asked.retry,
        start_offset_ms=clock.start_offset_ms,
        gaps=tuple(TimeGap(gap.start_ms, gap.duration_ms) for gap in clock.gaps),
        gap_ms=clock.gap_ms,
        lost_ms=damage.lost_ms,
        notes=listener.report.notes,
        tracks=listener.tracks,
        heard=listener.heard,
    )


def _check_not_withdrawn(recording: Recording, ledger: Ledger) -> None:
    """Raise WithdrawnContent where a recording was withdrawn since it was listed."""
    if withdrawals(ledger.store).covers_recording(recording):
        raise WithdrawnContent(f"{recording.recording_id}: withdrawn since it was listed")


def _decode_and_write(
    recording: Recording, path: Path, settings: JobSettings, writer: ClipWriter
) -> tuple[Listener, Damage, tuple[Clip, ...]]:
    """Decode a recording and write its clips; what speaks against it is looked at twice.

    Where sound is missing, or the decoder says a word, the bytes are held against their hash. Where
    it names an error that a disk gives too, it decodes once more. Clips of a recording that is
    refused in the end are removed.

    Raises:
        MediaError: the recording's own fault, on the planned bytes.
        UnreadableObject, SourceChanged: the file is not what was planned, or gives this and that.
    """
    try:
        listener, clips, failed = _decode_once(recording, path, settings, writer)
        first = listener.report
        declared = _declared(recording, listener)
        damage = Damage() if failed else find_damage(path, first, declared)
        if failed or first.complaints or damage.reasons or damage.is_timeline_suspect:
            check_content(recording, path)
        if first.is_machine_suspect:
            listener, clips, failed = _decode_once(recording, path, settings, writer)
            again = listener.report
            if again.sample_count != first.sample_count:
                raise UnreadableObject(
                    f"{recording.uri}: decoded to {first.duration_ms / 1000:.1f} s, then to"
                    f" {again.duration_ms / 1000:.1f} s; check its disk or mount, run segment again"
                )
        if failed:
            raise failed
    except (MediaError, SourceChanged):
        writer.remove()
        raise
    return listener, damage, clips


def _declared(recording: Recording, listener: Listener) -> DeclaredLength | None:
    media = heard_media(recording.media, listener.heard.tracks)
    if media.declared_duration_ms is None:
        return None
    return DeclaredLength(media.declared_duration_ms, media.declared_by == "track")


def _decode_once(
    recording: Recording, path: Path, settings: JobSettings, writer: ClipWriter
) -> tuple[Listener, tuple[Clip, ...], MediaError | None]:
    """What was heard, the clips, and why the recording cannot be used, if so."""
    tracks = recording.media.tracks
    listener = Listener(
        path,
        recording.uri,
        tracks,
        settings.segmentation,
        settings.max_recording_s,
        recording.media.probed_further,
    )
    clips = []
    try:
        for channel, cut in listener.clips():
            clips.append(writer.write(cut, channel, listener.heard.tracks))
            del cut  # 19 MB, while the next clip fills
    except MediaError as error:
        return listener, tuple(clips), error
    return listener, tuple(clips), None


def _failures(recording: Recording, damage: Damage, settings: JobSettings) -> tuple[Failure, ...]:
    """A failure for what could not be decoded; the rest of the recording is used."""
    if not damage.reasons:
        return ()
    error = DamagedMedia(
        f"{recording.uri}: damaged or truncated, what decodes is used"
        f" ({'; '.join(damage.reasons)}); replace the file if there is a better copy"
    )
    run_id = settings.run_id
    return (_failure(recording, error, charge(None, error, run_id), run_id),)


def _failure(recording: Recording, error: Exception, charged: Charge, run_id: str) -> Failure:
    return failure_of(STAGE, recording, error, charged, run_id, recording_id=recording.recording_id)


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Cut what is missing; no pipeline is started where nothing is."""
    waiting = list(sounds_to_cut(settings))
    if not waiting:
        return Outcome({"recordings_cut": 0}, ["all recordings are cut already"])
    part = functools.partial(build, listed=waiting)
    with show_progress("segment", _work(waiting, settings)):
        return Outcome.of_counters(run_pipeline(part, settings, beam_arguments))


def _work(sounds: Sequence[SoundToCut], settings: JobSettings) -> Work:
    """For the progress: a recording is done when it is cut, or has failed, and as far as its clips.

    What was cut or had failed before is not seen to be done until the end. Clips that a killed run
    left count when they are written anew. What is taken over is no audio.
    """
    store = settings.store
    waiting = [each for sound in sounds for each in sound if each is sound[0] or each.retry]
    lengths_ms = {
        each.recording.recording_id: each.recording.media.likely_duration_ms for each in waiting
    }
    left = {e.recording.recording_id: e.recording for e in waiting if not (e.retry or e.has_failed)}

    def done_ms() -> int:
        for batch in in_batches(list(left.values())):
            cut = [layout.segmented_key(r.recording_id, settings.segmentation_hash) for r in batch]
            failed = [layout.failed_key(STAGE, work_key(r, settings)) for r in batch]
            for recording, *there in zip(
                batch, store.exists(cut), store.exists(failed), strict=True
            ):
                if any(there):
                    del left[recording.recording_id]
                    done.append(lengths_ms[recording.recording_id])
        return sum(done) + _begun_ms(left, settings, before)

    done: list[int] = []
    before = _clip_states(left.values(), settings)
    return Work(sum(lengths_ms.values()), done_ms)


def _begun_ms(
    left: Mapping[str, Recording], settings: JobSettings, before: Mapping[str, str]
) -> int:
    """Audio that stands in clips of recordings that are being cut; a short one is one clip."""
    ends_ms: dict[str, int] = {}
    for key, stamp in _clip_states(left.values(), settings).items():
        if stamp != before.get(key):
            recording_id = layout.recording_of_clip(key)
            ends_ms[recording_id] = max(ends_ms.get(recording_id, 0), layout.clip_end_ms(key))
    return sum(
        min(end_ms, left[recording_id].media.likely_duration_ms)
        for recording_id, end_ms in ends_ms.items()
    )


def _clip_states(recordings: Iterable[Recording], settings: JobSettings) -> dict[str, str]:
    """The states of the clips of recordings that are longer than one clip, by key."""
    prefixes = [
        layout.clips_prefix(recording.recording_id, settings.segmentation_hash)
        for recording in recordings
        if recording.media.likely_duration_ms > settings.segmentation.max_clip_s * 1000
    ]
    found: dict[str, str] = {}
    for batch in in_batches(prefixes):
        found |= settings.store.states(batch)
    return found
