"""Where each annotated segment lies among all: by its sound, and by its caption.

segments + captions ──► AF-Whisper's mean state, the caption's vector ──► tables/embeddings
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from af3core.embedding.neighbours import unit_vector
from af3core.embedding.text import load_text_embedder, text_model_revision
from af3core.errors import ModelError
from af3core.model.engines.engine_registry import EngineSettings, load_engine, model_turn
from af3core.model.request import Sound, SoundEmbedder, Vector
from beam_jobs.framework.clip_audio import ClipObject, clip_sounds
from beam_jobs.framework.corrected_rows import corrected_by_recording
from beam_jobs.framework.derivation import (
    Derivation,
    Piece,
    PieceRows,
    Row,
    derive,
)
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.ledger import pack_vector
from beam_jobs.framework.settings import JobSettings
from schemas.identity import configuration_hash
from schemas.options.derive import TextModel
from schemas.tables.embedding_tables import EMBEDDINGS

STAGE = "embed"
RULES_VERSION = 1
"""Counts up when the vectors of the same audio and caption change."""


def audio_model(engine: EngineSettings) -> str:
    """What the audio embeddings of an engine are comparable by; none of a served one."""
    served = engine.name == "openai"
    return "" if served else f"{engine.checkpoint.name}@{engine.checkpoint.revision}"


def pieces(settings: JobSettings, date: str) -> Iterator[Piece]:
    """A recording's annotated segments, each with its caption if it has one."""
    store, corpus = settings.store, settings.corpus
    recordings, published, captions = corrected_by_recording(
        store, ("recordings", "segments", "captions"), corpus, date
    ).values()
    models = [settings.engine.hearing_identity, text_model_revision(settings[TextModel].text_model)]
    for recording, segments in published.items():
        told = best_captions(captions.get(recording, []))
        evidence = [
            _segment(row, told.get(row["segment_id"]))
            for row in segments
            if row["status"] in ("annotated", "partial")
        ]
        if evidence:
            decides = [RULES_VERSION, models, evidence]
            yield Piece(
                recording_id=recording,
                corpus=corpus,
                date=date,
                identity=configuration_hash(decides),
                evidence=evidence,
                uri=recordings[recording][0]["object_uri"],
                work_ms=sum(row["end_ms"] - row["start_ms"] for row in evidence),
                decides=decides,
                clip_uri=evidence[0]["clip_uri"],
            )


def best_captions(rows: Sequence[Row]) -> dict[str, Row]:
    """One caption per segment: an undoubted one before a flagged one, then by the task's name.
    Captions of whole clips are left out.
    """
    best: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: (bool(row["flags"]), row["task_id"])):
        if row["segment_id"]:
            best.setdefault(row["segment_id"], row)
    return best


def _segment(row: Row, caption: Row | None) -> Row:
    names = ("clip_id", "segment_id", "start_ms", "end_ms", "clip_uri", "clip_start_ms")
    flags = caption["flags"] if caption else row["flags"]
    text = caption["text"] if caption else ""
    return {name: row[name] for name in names} | {"caption": text, "flags": list(flags)}


def derive_rows(piece: Piece, settings: JobSettings) -> PieceRows:
    """The rows of one recording.

    Raises:
        ModelError: a segment that the model has answered about cannot be heard any more.
    """
    segments: list[Row] = piece.evidence
    heard = _sound_vectors(segments, settings) if audio_model(settings.engine) else {}
    told = _caption_vectors(segments, settings)
    rows = [
        {
            "recording_id": piece.recording_id,
            "clip_id": segment["clip_id"],
            "segment_id": segment["segment_id"],
            "start_ms": segment["start_ms"],
            "end_ms": segment["end_ms"],
            "audio_embedding": _pack_or_none(heard.get(segment["segment_id"])),
            "audio_model": audio_model(settings.engine),
            "caption": segment["caption"],
            "caption_embedding": _pack_or_none(told.get(segment["segment_id"])),
            "text_model": text_model_revision(settings[TextModel].text_model),
            "flags": segment["flags"],
        }
        for segment in segments
    ]
    counts = {"segments": len(rows), "captions": len(told), "sounds": len(heard)}
    return PieceRows({EMBEDDINGS.name: rows}, counts)


def _sound_vectors(segments: Sequence[Row], settings: JobSettings) -> dict[str, Vector]:
    """By segment. The model's batches hold one clip's sounds, so that a vector is the same to the
    last digit in any run.
    """
    store = settings.store
    clips: dict[ClipObject, list[Row]] = {}
    for row in segments:
        clips.setdefault(ClipObject(row["clip_uri"], row["clip_start_ms"]), []).append(row)
    found: dict[str, Vector] = {}
    for clip, rows in clips.items():
        spans = [(row["start_ms"], row["end_ms"]) for row in rows]
        sounds = clip_sounds(clip, spans, store)
        with model_turn:
            engine = cast(SoundEmbedder, load_engine(settings.engine))
            vectors = engine.embed([_sound(sounds[span]) for span in spans])
        found |= {row["segment_id"]: _unit(v) for row, v in zip(rows, vectors, strict=True)}
    return found


def _sound(read: Sound | ModelError) -> Sound:
    if isinstance(read, ModelError):
        raise read
    return read


def _unit(vector: Vector | ModelError) -> Vector:
    if isinstance(vector, ModelError):
        raise vector
    return unit_vector(vector)


def _caption_vectors(segments: Sequence[Row], settings: JobSettings) -> dict[str, Vector]:
    captioned = [row for row in segments if row["caption"]]
    if not captioned:
        return {}
    embedder = load_text_embedder(settings[TextModel].text_model)
    vectors = embedder.embed([row["caption"] for row in captioned])
    return {row["segment_id"]: v for row, v in zip(captioned, vectors, strict=True)}


def _pack_or_none(vector: Vector | None) -> str | None:
    return None if vector is None else pack_vector(vector)


EMBED = Derivation(STAGE, (EMBEDDINGS,), pieces, derive_rows)


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Embed the published segments of the interval, and publish their vectors."""
    return derive(EMBED, settings, beam_arguments)
