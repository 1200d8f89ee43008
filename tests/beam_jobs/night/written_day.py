"""A planned, cut and annotated day, written into the ledger as its jobs leave it; no model runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.settings import JobSettings
from schemas.identity import clip_id, content_hash, recording_id, segment_id
from schemas.records import (
    AnnotatedClip,
    Annotation,
    Clip,
    MediaInfo,
    NightManifest,
    Recording,
    Segment,
    SegmentedRecording,
)

SEGMENT_MS = 30_000
LANGUAGE = "en"
"""Of all transcripts."""
_AT = "2026-11-22T00:00:00.000+00:00"


@dataclass(frozen=True)
class Said:
    """What a model transcribed of half a minute, and how that measures."""

    text: str
    speech_ms: int = 15_000
    loudness_lufs: float = -20.0
    spectral_centroid_hz: float = 1_500.0


def write_day(
    settings: JobSettings, date: str, said: Mapping[str, Sequence[Said]], shards: int = 1
) -> None:
    """A day of recordings by name, each of one clip; every task but transcripts is answered with a
    short text.
    """
    ledger = Ledger(settings.store)
    recordings = tuple(_recording(settings, date, name, len(said[name])) for name in said)
    for recording, parts in zip(recordings, said.values(), strict=True):
        clip = _clip(settings, recording, parts)
        ledger.put_segmented(
            SegmentedRecording(
                recording.recording_id,
                settings.segmentation_hash,
                clip.end_ms,
                (),
                (clip,),
                (),
                settings.run_id,
            )
        )
        ledger.put_annotated(_annotated(settings, clip, parts))
    plan = NightManifest(
        settings.corpus, date, settings.source, settings.run_id, _AT, shards, recordings, ()
    )
    ledger.put_manifest(plan)


def _recording(settings: JobSettings, date: str, name: str, segments: int) -> Recording:
    digest = content_hash([name.encode()])
    return Recording(
        recording_id=recording_id(digest),
        content_sha256=digest,
        uri=f"/archive/{name}.wav",
        duplicate_uris=(),
        corpus=settings.corpus,
        date=date,
        size_bytes=1,
        modified_at=_AT,
        media=MediaInfo("wav", "pcm_s16le", 16_000, 1, segments * SEGMENT_MS),
    )


def _clip(settings: JobSettings, recording: Recording, parts: Sequence[Said]) -> Clip:
    end_ms = len(parts) * SEGMENT_MS
    clip = clip_id(recording.recording_id, settings.segmentation_hash, 0, end_ms)
    segments = tuple(
        Segment(
            segment_id(clip, at, at + SEGMENT_MS),
            at,
            at + SEGMENT_MS,
            part.speech_ms,
            part.loudness_lufs,
            -3.0,
            part.spectral_centroid_hz,
        )
        for at, part in zip(range(0, end_ms, SEGMENT_MS), parts, strict=True)
    )
    uri = f"clips/{recording.recording_id}/{clip}.flac"
    return Clip(clip, recording.recording_id, uri, 0, end_ms, segments)


def _annotated(settings: JobSettings, clip: Clip, parts: Sequence[Said]) -> AnnotatedClip:
    answers = []
    for task_hash, task in settings.task_hashes().items():
        for segment, part in zip(clip.segments, parts, strict=True):
            text = part.text if task.kind == "transcript" else "A man speaks while it rains."
            answers.append(
                Annotation(
                    task_id=task.task_id,
                    task_hash=task_hash,
                    kind=task.kind,
                    prompt_id=task.prompt_id,
                    segment_id=segment.segment_id,
                    start_ms=segment.start_ms,
                    end_ms=segment.end_ms,
                    raw_text=text,
                    text=text,
                    thinking="",
                    choice=task.options[0] if task.options else "",
                    mean_logprob=-0.1,
                    token_count=9,
                    finish_reason="stop",
                    language=LANGUAGE if task.kind == "transcript" else None,
                    language_probability=0.5,
                )
            )
    return AnnotatedClip(
        clip.clip_id,
        clip.recording_id,
        settings.checkpoint.name,
        settings.checkpoint.revision,
        settings.engine.label,
        settings.run_id,
        _AT,
        5,
        tuple(answers),
    )
