"""Where each annotated segment lies among all: by its sound, and by its caption.

segments + captions ──► AF-Whisper's mean state, the caption's vector ──► tables/embeddings
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from af3core.embedding.text import load_text_embedder, text_model_revision
from af3core.errors import ModelError
from af3core.model.engines import EngineSettings, load_engine
from af3core.model.request import Sound, SoundEmbedder, Vector
from af3core.retrieval.neighbours import unit
from af3core.storage.address import open_store
from beam_jobs.answering import model_turn
from beam_jobs.clip_sounds import ClipObject, clip_sounds
from beam_jobs.derived import Derivation, Made, Piece, Row, derive, rows_by_recording
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.settings import NightSettings
from beam_jobs.vectors import pack_vector
from schemas.embedding_tables import EMBEDDINGS
from schemas.identity import configuration_hash

STAGE = "embed"
RULES_VERSION = 1
"""Counts up when the vectors of the same audio and caption change."""


def audio_model(engine: EngineSettings) -> str:
    """What the audio embeddings of an engine are comparable by; none of a served one."""
    served = engine.name == "openai"
    return "" if served else f"{engine.checkpoint.name}@{engine.checkpoint.revision}"


def pieces(settings: NightSettings, date: str) -> Iterator[Piece]:
    """A recording's annotated segments, each with its caption if it has one."""
    store, corpus = open_store(settings.out), settings.corpus
    captions = rows_by_recording(store, "captions", corpus, date)
    recordings = rows_by_recording(store, "recordings", corpus, date)
    models = [settings.engine.identity, text_model_revision(settings.deriving.text_model)]
    for recording, segments in rows_by_recording(store, "segments", corpus, date).items():
        told = best_captions(captions.get(recording, []))
        evidence = [
            _segment(row, told.get(row["segment_id"]))
            for row in segments
            if row["status"] in ("annotated", "partial")
        ]
        if evidence:
            identity = configuration_hash([RULES_VERSION, models, evidence])
            uri = recordings[recording][0]["object_uri"]
            work_ms = sum(row["end_ms"] - row["start_ms"] for row in evidence)
            yield Piece(recording, corpus, date, identity, evidence, uri, work_ms)


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


def make(piece: Piece, settings: NightSettings) -> Made:
    """The rows of one recording.

    Raises:
        ModelError: a segment that the model has answered about cannot be heard any more.
    """
    segments: list[Row] = piece.evidence
    heard = _heard(segments, settings) if audio_model(settings.engine) else {}
    told = _told(segments, settings)
    rows = [
        {
            "recording_id": piece.recording_id,
            "clip_id": segment["clip_id"],
            "segment_id": segment["segment_id"],
            "start_ms": segment["start_ms"],
            "end_ms": segment["end_ms"],
            "audio_embedding": _packed(heard.get(segment["segment_id"])),
            "audio_model": audio_model(settings.engine),
            "caption": segment["caption"],
            "caption_embedding": _packed(told.get(segment["segment_id"])),
            "text_model": text_model_revision(settings.deriving.text_model),
            "flags": segment["flags"],
        }
        for segment in segments
    ]
    counts = {"segments": len(rows), "captions": len(told), "sounds": len(heard)}
    return Made({EMBEDDINGS.name: rows}, counts)


def _heard(segments: Sequence[Row], settings: NightSettings) -> dict[str, Vector]:
    """By segment. The model's batches hold one clip's sounds, so that a vector is the same to the
    last digit in any run.
    """
    store = open_store(settings.out)
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
    return unit(vector)


def _told(segments: Sequence[Row], settings: NightSettings) -> dict[str, Vector]:
    captioned = [row for row in segments if row["caption"]]
    if not captioned:
        return {}
    embedder = load_text_embedder(settings.deriving.text_model)
    vectors = embedder.embed([row["caption"] for row in captioned])
    return {row["segment_id"]: v for row, v in zip(captioned, vectors, strict=True)}


def _packed(vector: Vector | None) -> str | None:
    return None if vector is None else pack_vector(vector)


EMBED = Derivation(STAGE, (EMBEDDINGS,), pieces, make)


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Embed the published segments of the interval, and publish their vectors."""
    return derive(EMBED, settings, beam_arguments)


JOB = Job("embed", "place each annotated segment among all, by its sound and its caption", run)


def main(arguments: list[str] | None = None) -> int:
    """`python -m beam_jobs.embed`."""
    return job_main(JOB, arguments)


if __name__ == "__main__":
    # by its real name, so that workers find the functions
    from beam_jobs.embed import main as named

    raise SystemExit(named())
