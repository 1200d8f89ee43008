"""What the model would have said of a generated day: captions, transcripts, two questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from schemas.identity import configuration_hash
from schemas.tables.columns import Table
from schemas.tables.night_tables import ANSWERS, CAPTIONS, TRANSCRIPTS
from tests.benchmarks.generated_day import GeneratedDay, Ints, table_of, times
from tests.benchmarks.generated_words import Vocabulary

MODEL, REVISION = "nano", "generated"
SPEAKERS = ("a man", "a woman", "several speakers", "nobody")
SPEAKER_QUESTION, TOPIC_QUESTION = "Who is speaking?", "What is it about?"
ANSWERS_A_SEGMENT = 4

_FLAGGED = 0.03
_FLAGS = np.array(["low_confidence", "cut_off", "looping_text"])
_CAPTION_WORDS = (9, 22)
_TOPIC_WORDS = (1, 4)
_CHOICE_WORDS = 3
_TOKENS_A_WORD = 1.3
_MS_A_SEGMENT = 40

Columns = dict[str, Any]


def answer_tables(
    day: GeneratedDay, words: Vocabulary, rng: np.random.Generator
) -> dict[str, pa.Table]:
    """Captions, transcripts and answers of all segments but the silent ones, by table."""
    heard = np.flatnonzero(~day.silent)
    lengths = rng.integers(*_CAPTION_WORDS, len(heard))
    captions = {
        "task_id": "caption",
        "task_hash": configuration_hash("caption"),
        "prompt_id": configuration_hash("caption prompt"),
        "text": words.texts(rng, lengths),
        "thinking": "",
    }
    said = day.word_counts[heard]
    transcripts = {
        "task_id": "transcript",
        "task_hash": configuration_hash("transcript"),
        "prompt_id": configuration_hash("transcript prompt"),
        "text": day.transcripts.take(pa.array(heard)),
        "word_count": said,
        "language": pa.array(np.full(len(heard), "en"), mask=said == 0),
        "language_probability": pa.array(np.full(len(heard), 0.9), mask=said == 0),
    }
    return {
        CAPTIONS.name: _table(CAPTIONS, day, heard, lengths, captions, rng),
        TRANSCRIPTS.name: _table(TRANSCRIPTS, day, heard, said, transcripts, rng),
        ANSWERS.name: _questions(day, heard, words, rng),
    }


def flag_lists(*flags: np.ndarray) -> pa.ListArray:
    """One list per row, of the flags at its place; an empty text is none."""
    given = np.column_stack(flags)
    counts = (given != "").sum(axis=1)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(given[given != ""], pa.string()))


def recording_flags(day: GeneratedDay) -> np.ndarray:
    """The flag of each segment's recording, or an empty text."""
    return np.where(day.doubted, "timeline_suspect", "")


def _questions(
    day: GeneratedDay, heard: Ints, words: Vocabulary, rng: np.random.Generator
) -> pa.Table:
    """Who speaks and what about, in turn."""
    rows = len(heard)
    nobody = SPEAKERS.index("nobody")
    speaker = np.where(day.word_counts[heard] > 0, rng.integers(0, nobody, rows), nobody)
    choices = np.array(SPEAKERS)[speaker].tolist()
    told = np.array([f"({'ABCD'[n]}) {text}" for n, text in enumerate(SPEAKERS)])[speaker].tolist()
    topic_words = rng.integers(*_TOPIC_WORDS, rows)
    offsets = np.concatenate([[0], np.cumsum(np.tile([len(SPEAKERS), 0], rows))]).astype(np.int32)
    columns = {
        "task_id": _in_turn(["speaker"] * rows, ["topic"] * rows),
        "task_hash": _in_turn(
            *([configuration_hash(task)] * rows for task in ("speaker", "topic"))
        ),
        "prompt_id": _in_turn(
            *([configuration_hash(text)] * rows for text in (SPEAKER_QUESTION, TOPIC_QUESTION))
        ),
        "question": _in_turn([SPEAKER_QUESTION] * rows, [TOPIC_QUESTION] * rows),
        "options": pa.ListArray.from_arrays(offsets, pa.array(list(SPEAKERS) * rows)),
        "choice": _in_turn(choices, [""] * rows),
        "text": _in_turn(told, words.texts(rng, topic_words).to_pylist()),
        "thinking": "",
    }
    lengths = np.column_stack([np.full(rows, _CHOICE_WORDS), topic_words]).reshape(-1)
    return _table(ANSWERS, day, np.repeat(heard, 2), lengths, columns, rng)


def _in_turn(first: Sequence[str], second: Sequence[str]) -> pa.StringArray:
    return pa.array([text for pair in zip(first, second, strict=True) for text in pair])


def _table(
    table: Table,
    day: GeneratedDay,
    places: Ints,
    words: Ints,
    columns: Columns,
    rng: np.random.Generator,
) -> pa.Table:
    """The rows of the segments at these places, with what every answer has."""
    rows = len(places)
    flagged = (rng.random(rows) < _FLAGGED) & (words > 0)
    flags = np.where(flagged, _FLAGS[rng.integers(0, len(_FLAGS), rows)], "")
    doubt = -rng.exponential(0.12, rows)
    taken = pa.array(places)
    return table_of(
        table,
        rows,
        recording_id=day.recording_ids.take(taken),
        clip_id=day.clip_ids.take(taken),
        segment_id=day.segment_ids.take(taken),
        start_ms=day.start_ms[places],
        end_ms=day.end_ms[places],
        mean_logprob=np.where(flags == "low_confidence", doubt - 1, np.maximum(doubt, -1)),
        token_count=np.ceil(words * _TOKENS_A_WORD).astype(np.int64),
        finish_reason=pa.array(np.where(flags == "cut_off", "length", "stop")),
        flags=flag_lists(flags, recording_flags(day)[places]),
        model=MODEL,
        weights_revision=REVISION,
        engine="af3",
        run_id=day.run_id,
        generated_at=times(day.began, places * _MS_A_SEGMENT),
        examples=[],
        channel=pa.nulls(rows, pa.int64()),
        **columns,
    )
