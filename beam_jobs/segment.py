"""Job 2: decode each recording once, cut it at pauses, keep the clips as FLAC.

manifests ──► recordings not yet cut ──► decode, cut, write ──► ledger/segment/…
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import apache_beam as beam

from af3core.audio.clip_file import encode_flac
from af3core.audio.decode import DecodeReport, decode
from af3core.audio.segmentation import CutClip, CutSegment, cut_recording
from af3core.errors import Af3Error, DamagedMedia
from af3core.storage.address import open_store
from af3core.tasks.flags import timeline_suspect
from beam_jobs.archive import recording_file
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.ledger import Ledger, given_up
from beam_jobs.manifests import in_batches, manifests, recordings
from beam_jobs.progress import Work, shown
from beam_jobs.running import count, run_pipeline, spread
from beam_jobs.settings import NightSettings
from schemas import identity, layout
from schemas.records import Clip, Failure, Recording, Segment, SegmentedRecording

DECODERS = 2
"""Recordings that one process decodes at once: one computes while the other waits for storage."""
_decoding = threading.BoundedSemaphore(DECODERS)


def build(pipeline: beam.Pipeline, settings: NightSettings) -> beam.PCollection[str]:
    """The pipeline; gives the ids of the recordings that it cut."""
    missing = (
        pipeline
        | "Nights" >> beam.Create([settings])
        | "Missing" >> beam.FlatMap(recordings_to_cut)
    )
    return spread(missing) | "DecodeAndCut" >> beam.Map(cut_one, settings)


def recordings_to_cut(settings: NightSettings) -> Iterator[Recording]:
    """Recordings of the interval that wait to be cut."""
    ledger = Ledger(open_store(settings.out))
    for batch in recordings(manifests(ledger, settings)):
        yield from to_cut(batch, settings, ledger)


def to_cut(batch: list[Recording], settings: NightSettings, ledger: Ledger) -> list[Recording]:
    """Those that the ledger neither holds under this segmentation nor has given up on."""
    keys = [layout.segmented_key(r.recording_id, settings.segmentation_hash) for r in batch]
    there = zip(batch, ledger.store.exists(keys), strict=True)
    uncut = [recording for recording, held in there if not held]
    failed = ledger.failed("segment", [work_key(recording, settings) for recording in uncut])
    return [r for r, failure in zip(uncut, failed, strict=True) if not given_up_on(failure)]


def given_up_on(failure: Failure | None) -> bool:
    """True where the failure is final."""
    return failure is not None and given_up([failure])


def work_key(recording: Recording, settings: NightSettings) -> str:
    """The ledger's key of cutting one recording; the length limit decides failures too."""
    return identity.configuration_hash(
        [recording.recording_id, settings.segmentation_hash, settings.max_recording_s]
    )


def cut_one(recording: Recording, settings: NightSettings) -> str:
    """Decode and cut one recording; a bad one becomes a failure in the ledger."""
    ledger = Ledger(open_store(settings.out))
    with ledger.store.claim(layout.claim_key("segment", work_key(recording, settings))):
        # another run may have cut it since the listing
        if to_cut([recording], settings, ledger):
            with _decoding:
                _cut_and_store(recording, settings, ledger)
    return recording.recording_id


def _cut_and_store(recording: Recording, settings: NightSettings, ledger: Ledger) -> None:
    try:
        segmented = _cut(recording, settings, ledger)
    except Exception as error:
        [previous] = ledger.failed("segment", [work_key(recording, settings)])
        attempts = previous.attempts + 1 if previous else 1
        failure = _failure(recording, error, attempts, settings)
        ledger.put_failed(work_key(recording, settings), failure)
        count("failures")
    else:
        ledger.put_segmented(segmented)
        count("recordings_cut")
        count("clips_written", len(segmented.clips))
        count("decoded_ms", segmented.decoded_duration_ms)


def _cut(recording: Recording, settings: NightSettings, ledger: Ledger) -> SegmentedRecording:
    report = DecodeReport()
    clips = []
    with recording_file(recording) as path:
        chunks = decode(path, recording.uri, report, settings.max_recording_s)
        for cut in cut_recording(chunks, settings.segmentation):
            key = layout.clip_key(
                recording.recording_id, settings.segmentation_hash, cut.start_ms, cut.end_ms
            )
            ledger.store.write(key, encode_flac(cut.samples))
            clips.append(_clip_record(recording, settings, cut, key))
            del cut  # 19 MB, while the next clip fills
    suspect = timeline_suspect(recording.media.declared_duration_ms, report.duration_ms)
    damage = _damage(recording, report, suspect, settings)
    flags = (("timeline_suspect",) if suspect else ()) + (("damaged",) if damage else ())
    return SegmentedRecording(
        recording_id=recording.recording_id,
        segmentation_hash=settings.segmentation_hash,
        decoded_duration_ms=clips[-1].end_ms,
        flags=flags,
        clips=tuple(clips),
        failures=damage,
        run_id=settings.run_id,
    )


def _damage(
    recording: Recording, report: DecodeReport, suspect: bool, settings: NightSettings
) -> tuple[Failure, ...]:
    """A failure for what could not be decoded; the rest of the recording is used."""
    declared_ms = recording.media.declared_duration_ms
    short = suspect and declared_ms is not None and report.duration_ms < declared_ms
    if not report.complaints and not short:
        return ()
    parts = []
    if short and declared_ms is not None:
        parts.append(
            f"{report.duration_ms / 1000:.1f} s decoded of {declared_ms / 1000:.1f} s declared"
        )
    if report.complaints:
        parts.append(report.complaints)
    error = DamagedMedia(
        f"{recording.uri}: damaged or truncated, what decodes is used"
        f" ({'; '.join(parts)}); replace the file if there is a better copy"
    )
    return (_failure(recording, error, 1, settings),)


def _failure(
    recording: Recording, error: Exception, attempts: int, settings: NightSettings
) -> Failure:
    known = isinstance(error, Af3Error)
    return Failure(
        stage="segment",
        uri=recording.uri,
        corpus=recording.corpus,
        date=recording.date,
        error_class=type(error).__name__,
        message=str(error) if known else f"{recording.uri}: {type(error).__name__}: {error}",
        attempts=attempts,
        permanent=isinstance(error, Af3Error) and error.permanent,
        run_id=settings.run_id,
        recording_id=recording.recording_id,
    )


def _clip_record(recording: Recording, settings: NightSettings, cut: CutClip, key: str) -> Clip:
    clip = identity.clip_id(
        recording.recording_id, settings.segmentation_hash, cut.start_ms, cut.end_ms
    )
    return Clip(
        clip_id=clip,
        recording_id=recording.recording_id,
        clip_uri=key,
        start_ms=cut.start_ms,
        end_ms=cut.end_ms,
        segments=tuple(_segment_record(clip, segment) for segment in cut.segments),
    )


def _segment_record(clip: str, segment: CutSegment) -> Segment:
    return Segment(
        segment_id=identity.segment_id(clip, segment.start_ms, segment.end_ms),
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        speech_ms=segment.speech_ms,
        loudness_lufs=segment.description.loudness_lufs,
        peak_dbfs=segment.description.peak_dbfs,
        spectral_centroid_hz=segment.description.spectral_centroid_hz,
        skip_reason=segment.skip_reason,
        starts_in_speech=segment.starts_in_speech,
    )


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Cut what is missing; no pipeline is started where nothing is."""
    waiting = list(recordings_to_cut(settings))
    if not waiting:
        return Outcome({"recordings_cut": 0}, ["all recordings are cut already"])
    with shown("segment", _work(waiting, settings)):
        return Outcome.of_counters(run_pipeline(build, settings, beam_arguments))


def _work(waiting: list[Recording], settings: NightSettings) -> Work:
    """For the progress: a recording is done when it is cut, or has failed."""
    store = open_store(settings.out)
    lengths_ms = {r.recording_id: r.media.declared_duration_ms or 0 for r in waiting}
    left = {r.recording_id: r for r in waiting}

    def done_ms() -> int:
        for batch in in_batches(list(left.values())):
            cut = [layout.segmented_key(r.recording_id, settings.segmentation_hash) for r in batch]
            failed = [layout.failed_key("segment", work_key(r, settings)) for r in batch]
            for recording, *there in zip(
                batch, store.exists(cut), store.exists(failed), strict=True
            ):
                if any(there):
                    del left[recording.recording_id]
        return sum(lengths_ms.values()) - sum(lengths_ms[key] for key in left)

    return Work(sum(lengths_ms.values()), done_ms)


JOB = Job("segment", "decode once, cut at pauses, write clips", run)


def main(arguments: list[str] | None = None) -> int:
    """`python -m beam_jobs.segment`."""
    return job_main(JOB, arguments)


if __name__ == "__main__":
    # by its real name, so that workers find the functions
    from beam_jobs.segment import main as named

    raise SystemExit(named())
