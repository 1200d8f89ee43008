"""What is derived from a generated day: summaries, chapters, and vectors of texts and sounds."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from af3core.embedding.text import text_model_revision
from schemas.identity import ID_LENGTH
from schemas.tables.derived_tables import CHAPTERS, SUMMARIES
from schemas.tables.embedding_tables import EMBEDDINGS, TEXT_EMBEDDINGS
from tests.benchmarks.generated_answers import MODEL, REVISION
from tests.benchmarks.generated_day import GeneratedDay, table_of, times
from tests.benchmarks.generated_words import Vocabulary

TEXT_DIMENSIONS, AUDIO_DIMENSIONS = 384, 256
CENTRES = 2_000

_NOISE = 0.6
_SEGMENTS_A_CHAPTER = 20
_SUMMARY_WORDS, _TITLE_WORDS = 30, 4

Vectors = npt.NDArray[np.float32]


def whole_tables(
    day: GeneratedDay, words: Vocabulary, rng: np.random.Generator
) -> dict[str, pa.Table]:
    """Summaries and chapters of all recordings that could be decoded, by table."""
    return {SUMMARIES.name: _summaries(day, words, rng), CHAPTERS.name: _chapters(day, words, rng)}


def vector_tables(
    day: GeneratedDay, made: dict[str, pa.Table], seed: int, rng: np.random.Generator
) -> dict[str, pa.Table]:
    """The vectors of what was said, summarised and heard, by table; `made` are the day's others."""
    return {
        TEXT_EMBEDDINGS.name: _text_embeddings(day, made, seed, rng),
        EMBEDDINGS.name: _embeddings(day, made["captions"], seed, rng),
    }


def _summaries(day: GeneratedDay, words: Vocabulary, rng: np.random.Generator) -> pa.Table:
    whole = [r for r in day.recordings if r.segments[0] < r.segments[1]]
    told = words.texts(rng, np.full(len(whole), _SUMMARY_WORDS)).to_pylist()
    texts, ids = day.transcripts.to_pylist(), day.segment_ids.to_pylist()
    starts, ends = day.start_ms.tolist(), day.end_ms.tolist()
    rows = []
    for recording, summary in zip(whole, told, strict=True):
        spans = []
        char = 0
        said = [place for place in range(*recording.segments) if texts[place]]
        for place in said:
            until = char + len(texts[place])
            spans.append((ids[place], starts[place], ends[place], char, until))
            char = until + 1
        names = ("segment_id", "start_ms", "end_ms", "start_char", "end_char")
        rows.append(
            {
                "recording_id": recording.recording_id,
                "duration_ms": ends[recording.segments[1] - 1],
                "summary": summary,
                "chapter_count": len(_chapter_starts(recording.segments)),
                "transcript": " ".join(texts[place] for place in said),
                "transcript_spans": [dict(zip(names, span, strict=True)) for span in spans],
                "made_by": "rules",
                "flags": [],
                "run_id": day.run_id,
                "generated_at": day.began,
            }
        )
    return pa.Table.from_pylist(rows, schema=SUMMARIES.schema)


def _chapters(day: GeneratedDay, words: Vocabulary, rng: np.random.Generator) -> pa.Table:
    parts = [
        (
            recording.recording_id,
            number,
            first,
            min(first + _SEGMENTS_A_CHAPTER, recording.segments[1]),
        )
        for recording in day.recordings
        for number, first in enumerate(_chapter_starts(recording.segments), 1)
    ]
    ids, numbers, firsts, untils = (list(column) for column in zip(*parts, strict=True))
    return table_of(
        CHAPTERS,
        len(parts),
        recording_id=pa.array(ids),
        chapter=np.array(numbers),
        start_ms=day.start_ms[firsts],
        end_ms=day.end_ms[np.array(untils) - 1],
        title=words.texts(rng, np.full(len(parts), _TITLE_WORDS)),
        summary=words.texts(rng, np.full(len(parts), _SUMMARY_WORDS)),
        segment_count=np.array(
            [int((~day.silent[a:b]).sum()) for a, b in zip(firsts, untils, strict=True)]
        ),
        made_by="rules",
        flags=[],
        run_id=day.run_id,
        generated_at=day.began,
    )


def _chapter_starts(segments: tuple[int, int]) -> list[int]:
    return list(range(*segments, _SEGMENTS_A_CHAPTER))


def _text_embeddings(
    day: GeneratedDay, made: dict[str, pa.Table], seed: int, rng: np.random.Generator
) -> pa.Table:
    """Segments by caption and transcript, recordings and chapters by their summaries."""
    captions, summaries, chapters = made["captions"], made["summaries"], made["chapters"]
    spoken = pc.binary_join_element_wise(captions["text"], made["transcripts"]["text"], " ")
    kinds = [("chapter", chapters), ("recording", summaries), ("segment", captions)]
    counts = [len(table) for _, table in kinds]
    texts = [*chapters["summary"].to_pylist(), *summaries["summary"].to_pylist()]
    texts += spoken.to_pylist()
    rows = table_of(
        TEXT_EMBEDDINGS,
        len(texts),
        recording_id=_joined([table["recording_id"] for _, table in kinds]),
        kind=pa.array(np.repeat([kind for kind, _ in kinds], counts)),
        segment_id=_joined([_empty(counts[0] + counts[1]), captions["segment_id"]]),
        start_ms=_joined([chapters["start_ms"], _zeros(counts[1]), captions["start_ms"]]),
        end_ms=_joined([chapters["end_ms"], summaries["duration_ms"], captions["end_ms"]]),
        text_hash=pa.array([_text_hash(text) for text in texts]),
        text_embedding=_vectors(len(texts), TEXT_DIMENSIONS, seed, rng),
        text_model=text_model_revision(),
        run_id=day.run_id,
        generated_at=day.began,
    )
    return rows.sort_by([(name, "ascending") for name in TEXT_EMBEDDINGS.sort_by])


def _embeddings(
    day: GeneratedDay, captions: pa.Table, seed: int, rng: np.random.Generator
) -> pa.Table:
    rows = len(captions)
    same = ("recording_id", "clip_id", "segment_id", "start_ms", "end_ms")
    return table_of(
        EMBEDDINGS,
        rows,
        **{name: captions[name] for name in same},
        audio_embedding=_vectors(rows, AUDIO_DIMENSIONS, seed, rng),
        audio_model=f"{MODEL}@{REVISION}",
        caption="",
        caption_embedding=None,
        text_model=text_model_revision(),
        flags=[],
        run_id=day.run_id,
        generated_at=times(day.began, np.zeros(rows, np.int64)),
    )


def _vectors(rows: int, dimensions: int, seed: int, rng: np.random.Generator) -> pa.ListArray:
    """Unit vectors around the centres, each centre as often as any other."""
    near = _centres(dimensions, seed)[rng.integers(0, CENTRES, rows)]
    noise = rng.standard_normal((rows, dimensions), np.float32)
    vectors = _unit(near + noise * np.float32(_NOISE / np.sqrt(dimensions)))
    offsets = np.arange(0, (rows + 1) * dimensions, dimensions, dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(vectors.reshape(-1)))


@functools.cache
def _centres(dimensions: int, seed: int) -> Vectors:
    rng = np.random.default_rng([seed, dimensions])
    return _unit(rng.standard_normal((CENTRES, dimensions), np.float32))


def _unit(vectors: Vectors) -> Vectors:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH]


def _joined(arrays: Sequence[pa.ChunkedArray]) -> pa.ChunkedArray:
    return pa.chunked_array([chunk for array in arrays for chunk in array.chunks])


def _empty(rows: int) -> pa.ChunkedArray:
    return pa.chunked_array([pa.repeat("", rows)])


def _zeros(rows: int) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(np.zeros(rows, np.int64))])
