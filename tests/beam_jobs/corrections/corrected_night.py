"""A night of nano with one corrected transcript, caption and choice, and one flag lifted."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from af3core.nano.demo_archive import DATE
from af3core.storage.address import open_store
from beam_jobs.corrections.adding import add_corrections
from beam_jobs.framework.parquet_encoding import decode_rows, encode_table
from schemas import layout
from schemas.tables.derived_tables import ALL_TABLES
from tests.beam_jobs.embedded_night import embedded_night

REEL = "reel_17.wav"
SAID = (
    "eighty parliamentary short senator reports from glasgow the presidential chancellor will be"
    " nervous because edgar frightened it december"
)
MENDED = SAID.replace("glasgow", "leeds")
SEEN = "Waves, then a man speaking about politics, then footsteps."
RAIN = "Rain on a tin roof, then a man speaking."
DOUBT = "generic_caption"
DOUBTED = "A man speaking about politics, then a woman speaking about politics."
FIRST = {"recording": REEL, "start_ms": 0, "end_ms": 17_024}
SECOND = {"recording": REEL, "start_ms": 17_024, "end_ms": 34_752}
THIRD = {"recording": REEL, "start_ms": 34_752, "end_ms": 51_118}
WORD_MS = 800


def night_to_correct(shared: Path, folder: Path) -> Path:
    """A copy of the embedded night, in which one caption has a flag and one transcript the times of
    its words.
    """
    out = folder / "out"
    shutil.copytree(embedded_night(shared), out)
    captions = table_rows(out, "captions")
    for row in captions:
        row["flags"] = [DOUBT] if row["text"] == DOUBTED else row["flags"]
    write_table(out, "captions", captions)
    [said] = [row for row in table_rows(out, "transcripts") if row["text"] == SAID]
    write_table(out, "words", words_of(said))
    return out


def correct(out: Path) -> str:
    """Correct it; gives the batch."""
    rows = [
        FIRST | {"task_id": "transcript", "old_value": SAID, "new_value": MENDED},
        SECOND | {"task_id": "caption", "old_value": SEEN, "new_value": RAIN},
        FIRST | {"task_id": "speaker", "kind": "choice", "new_value": "a woman"},
        THIRD | {"task_id": "caption", "kind": "flag_lifted", "new_value": DOUBT},
    ]
    return add_corrections(str(out), rows, by="Ada").batch_id


def table_rows(out: Path, table: str) -> list[dict[str, Any]]:
    """A table's rows of the day, as they lie in its object."""
    with open_store(str(out)).open(_key(table)) as file:
        return decode_rows(file)


def write_table(out: Path, table: str, rows: list[dict[str, Any]], date: str = DATE) -> None:
    """Replace a table's object of a day."""
    [schema] = [each for each in ALL_TABLES if each.name == table]
    full = [schema.empty_row() | row for row in rows]
    open_store(str(out)).write(_key(table, date), encode_table(schema, full))


def words_of(transcript: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of words that were all found, one after the other."""
    names = ("recording_id", "clip_id", "segment_id", "task_id", "run_id", "generated_at")
    rows, at = [], 0
    for position, word in enumerate(transcript["text"].split()):
        rows.append(
            {name: transcript[name] for name in names}
            | {"start_ms": WORD_MS * position, "end_ms": WORD_MS * (position + 1)}
            | {"position": position, "word": word, "normalised": word, "method": "ctc"}
            | {"start_char": at, "end_char": at + len(word), "confidence": 0.9}
        )
        at += len(word) + 1
    return rows


def _key(table: str, date: str = DATE) -> str:
    return layout.shard_key(table, "default", date, 0, 1)
