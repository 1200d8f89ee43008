"""When each word is spoken: the transcripts of each clip, aligned with its sound.

segments + transcripts ──► words ──► aligner ──► a time for each word ──► tables/words

Transcripts are aligned as people corrected them. One that repeats itself, or that has words where
nobody speaks, is no text of its sound, and has no words here; its flag says so in its table.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from af3core.alignment import ALIGNMENT_VERSION
from af3core.alignment.align import (
    DOUBLED_AT_CUT,
    LOW_ALIGNMENT,
    NOT_ALIGNED,
    SCRIPT_UNKNOWN,
    TEXT_TOO_LONG,
    TimedWord,
    align,
)
from af3core.alignment.aligner import Aligner
from af3core.alignment.aligner_registry import aligner_identity, load_aligner
from af3core.alignment.text_runs import LONGEST_RUN_MS, RunWord, WrittenText, runs_of, words_of_run
from af3core.errors import Af3Error, ConfigurationError, MachineModelError, ModelError
from af3core.model.isolation import as_model_error
from af3core.model.request import Sound
from af3core.model.weights.languages import LIKELY
from beam_jobs.derive.attention_heads import calibrate
from beam_jobs.framework.clip_audio import ClipObject, clip_sounds
from beam_jobs.framework.corrected_rows import corrected_by_recording
from beam_jobs.framework.derivation import Derivation, Piece, PieceRows, Row, derive
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.settings import JobSettings
from schemas.identity import configuration_hash
from schemas.options.derive import Aligning
from schemas.tables.word_tables import WORDS

STAGE = "align"
NO_TEXT_OF_ITS_SOUND = frozenset(
    ("looping_text", "transcript_without_speech", "speech_without_transcript")
)
"""Flags of transcripts whose words are the model's alone."""
_CONFIDENCE_DIGITS = 4
_GPU_IS_FULL = "OutOfMemoryError"
"""torch's error, by name, as torch is not imported here: others use the GPU too."""


def pieces(settings: JobSettings, date: str) -> Iterator[Piece]:
    """The day's clips whose transcripts have words, one piece each."""
    store, corpus = settings.store, settings.corpus
    aligner = aligner_identity(settings[Aligning].aligner, settings.audio_model)
    segments, transcripts = corrected_by_recording(
        store, ("segments", "transcripts"), corpus, date
    ).values()
    for recording, rows in transcripts.items():
        by_clip: dict[str, list[Row]] = {}
        for row in rows:
            if row["text"].strip() and not NO_TEXT_OF_ITS_SOUND & set(row["flags"]):
                by_clip.setdefault(row["clip_id"], []).append(row)
        clips: dict[str, list[Row]] = {}
        for row in segments.get(recording, []):
            clips.setdefault(row["clip_id"], []).append(row)
        for clip, written in by_clip.items():
            if clip not in clips:
                continue
            evidence = _evidence(clip, clips[clip], written)
            decides = [ALIGNMENT_VERSION, asdict(aligner), evidence["clip_id"], evidence["texts"]]
            yield Piece(
                recording_id=recording,
                corpus=corpus,
                date=date,
                identity=configuration_hash(decides),
                evidence=evidence,
                uri=evidence["clip_uri"],
                work_ms=sum(text["end_ms"] - text["start_ms"] for text in evidence["texts"]),
                decides=decides,
                clip_uri=evidence["clip_uri"],
            )


def _evidence(clip: str, segments: Sequence[Row], written: Sequence[Row]) -> Row:
    """What the times of a clip's words follow from."""
    in_speech = {row["segment_id"]: bool(row["starts_in_speech"]) for row in segments}
    texts = [
        {
            "task_id": row["task_id"],
            "segment_id": row["segment_id"],
            "start_ms": row["start_ms"],
            "end_ms": row["end_ms"],
            "text": row["text"],
            "starts_in_speech": in_speech.get(row["segment_id"], False),
            "language": row["language"] if (row["language_probability"] or 0) >= LIKELY else None,
        }
        for row in written
    ]
    return {
        "clip_id": clip,
        "clip_uri": segments[0]["clip_uri"],
        "clip_start_ms": segments[0]["clip_start_ms"],
        "channel": segments[0]["channel"],
        "texts": texts,
    }


def derive_rows(piece: Piece, settings: JobSettings) -> PieceRows:
    """The words of one clip.

    Raises:
        ModelError: the clip cannot be read, or the aligner failed.
        ConfigurationError: the aligner cannot be loaded, or is another one than was listed.
    """
    evidence: dict[str, Any] = piece.evidence
    name, model = settings[Aligning].aligner, settings.audio_model
    aligner, identity = load_aligner(name, model), aligner_identity(name, model)
    listed = piece.decides[1]
    if listed != asdict(identity):  # its times would be kept as the other one's
        raise ConfigurationError(
            f"--aligner {name}: revision {listed['revision']} when the work was listed, and"
            f" {identity.revision} here and now; give all machines the same one, and run it again"
        )
    texts = [WrittenText(**text) for text in evidence["texts"]]
    runs = runs_of(texts, min(LONGEST_RUN_MS, (aligner and aligner.longest_ms) or LONGEST_RUN_MS))
    clip = ClipObject(evidence["clip_uri"], evidence["clip_start_ms"])
    sounds = clip_sounds(clip, [_span(run) for run in runs], settings.store)
    rows: list[Row] = []
    counts: Counter[str] = Counter({"texts": len(evidence["texts"])})
    for run in runs:
        sound = sounds[_span(run)]
        if isinstance(sound, ModelError):
            raise sound
        words = words_of_run(run)
        beyond = _beyond(run, aligner)
        timed = timed_words(sound, words, None if beyond else aligner)
        if beyond and aligner is not None:
            timed = [replace(time, flags=(*time.flags, NOT_ALIGNED)) for time in timed]
            counts[f"words in {beyond}, which {aligner.name} lacks"] += len(timed)
        counts.update(_counts(words, timed, aligner))
        rows += [
            _row(piece, word, time, run[0].start_ms)
            | {"aligner": identity.name, "aligner_revision": identity.revision}
            for word, time in zip(words, timed, strict=True)
        ]
    return PieceRows({WORDS.name: rows}, counts)


def _beyond(run: Sequence[WrittenText], aligner: Aligner | None) -> str:
    """Languages of a run that the aligner was not made for; empty where it takes them."""
    if aligner is None or aligner.languages is None:
        return ""
    found = {text.language for text in run if text.language}
    return ", ".join(sorted(found - aligner.languages))


def _span(run: Sequence[WrittenText]) -> tuple[int, int]:
    return run[0].start_ms, run[-1].end_ms


def timed_words(sound: Sound, words: Sequence[RunWord], aligner: Aligner | None) -> list[TimedWord]:
    """A time for each word that is spoken in a sound.

    Raises:
        ModelError: the aligner failed; the other clips have their times.
    """
    try:
        return align(sound.samples, [word.word for word in words], aligner)
    except (Af3Error, ImportError):  # these are no clip's
        raise
    except Exception as error:
        if type(error).__name__ == _GPU_IS_FULL:
            raise MachineModelError(f"the aligner found no room on the GPU: {error}") from error
        raise as_model_error(error) from error


def _row(piece: Piece, word: RunWord, time: TimedWord, start_ms: int) -> Row:
    evidence, confidence = piece.evidence, time.confidence
    return {
        "recording_id": piece.recording_id,
        "clip_id": evidence["clip_id"],
        "segment_id": word.text.segment_id,
        "task_id": word.text.task_id,
        "start_ms": start_ms + time.start_ms,
        "end_ms": start_ms + time.end_ms,
        "position": word.position,
        "word": word.word.text,
        "normalised": word.word.normal,
        "start_char": word.word.start_char,
        "end_char": word.word.end_char,
        "confidence": None if confidence is None else round(confidence, _CONFIDENCE_DIGITS),
        "method": time.method,
        "channel": evidence["channel"],
        "speaker": None,
        "flags": [*time.flags, *([DOUBLED_AT_CUT] if word.is_doubled else [])],
    }


def _counts(
    words: Sequence[RunWord], timed: Sequence[TimedWord], aligner: Aligner | None
) -> Counter[str]:
    """Words, those in doubt, and those of scripts that the aligner lacks, by script."""
    counts: Counter[str] = Counter({"words": len(timed)})
    for word, time in zip(words, timed, strict=True):
        for flag in (LOW_ALIGNMENT, NOT_ALIGNED, TEXT_TOO_LONG):
            counts[f"words {flag}"] += flag in time.flags
        counts[f"words {DOUBLED_AT_CUT}"] += word.is_doubled
        if SCRIPT_UNKNOWN in time.flags and aligner is not None:
            script = _script(aligner.unknown_characters(word.word))
            counts[f"words in {script}, which {aligner.name} lacks"] += 1
    return +counts


def _script(characters: str) -> str:
    """The script of the first character, as Unicode names it: CYRILLIC, CJK, THAI."""
    return unicodedata.name(characters[0], "unnamed characters").split()[0]


ALIGN = Derivation(STAGE, (WORDS,), pieces, derive_rows)


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Align what is not aligned yet; replace the interval's words.

    Raises:
        ConfigurationError: there is no such aligner, or it is to be calibrated and cannot.
    """
    aligning = settings[Aligning]
    if aligning.calibrate is not None:
        calibrate(aligning, settings.audio_model)
    aligner_identity(aligning.aligner, settings.audio_model)
    return derive(ALIGN, settings, beam_arguments)
