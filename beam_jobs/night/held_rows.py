"""What a shard's tables hold now, against what is about to replace it. Pure but for the reading.

Nothing is published because something was absent: a recording whose work waits keeps its rows, and
a task that is published is not left without an answer unless somebody says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from io import BytesIO

from af3core.errors import Af3Error
from af3core.storage.store import Store
from beam_jobs.framework.parquet_encoding import decode_rows
from beam_jobs.night.repeated_phrases import without_stock_flag
from beam_jobs.night.rows import NOT_ANNOTATED, WAITING, Row, TableRows
from schemas.tables.night_tables import ANSWER_TABLES, BY_NAME, TRANSCRIPTS

HeldRows = Mapping[str, list[Row]]
"""Published rows by table."""


class FewerAnswers(Af3Error):
    """Publishing would leave a published task without an answer for audio that it covers."""

    permanent = True


def held_objects(store: Store, keys: Mapping[str, str]) -> dict[str, bytes | None]:
    """The bytes of published objects, by table; None of what is gone meanwhile."""
    return dict(zip(keys, store.read_many(list(keys.values())), strict=True))


def held_rows(objects: Mapping[str, bytes | None]) -> HeldRows:
    """The rows of published objects, by table. Pure."""
    return {
        table: decode_rows(BytesIO(data), BY_NAME[table]) if data else []
        for table, data in objects.items()
    }


def waiting_recordings(rows: TableRows) -> set[str]:
    """Recordings some of whose work waits. Pure."""
    found = rows.by_table.get("recordings", [])
    return {row["recording_id"] for row in found if _is_waiting(row)}


def keep_what_waits(rows: TableRows, held: HeldRows) -> TableRows:
    """The rows, with the published ones of recordings whose work waits.

    A recording that is not cut or not annotated to its end, for a machine's sake, stays as it was
    published, all of it, if it was published whole; but for flags that follow from the whole day,
    which are found anew.
    """
    waiting = waiting_recordings(rows)
    whole = {row["recording_id"] for row in held.get("recordings", []) if not _is_waiting(row)}
    kept = waiting & whole
    if not kept:
        return rows
    merged = TableRows()
    merged.taken_over.update({k: n for k, n in rows.taken_over.items() if k[0] not in kept})
    for table in dict.fromkeys((*rows.by_table, *held)):
        for row in rows.by_table.get(table, []):
            if row["recording_id"] not in kept:
                merged.add(table, row)
        for row in held.get(table, []):
            if row["recording_id"] in kept:
                merged.add(table, without_stock_flag(row) if table == TRANSCRIPTS.name else row)
    return merged


def check_no_fewer(rows: TableRows, held: HeldRows, dropped: Collection[str]) -> None:
    """See that each recording has answers of every task that it is published with.

    A recording that is no longer planned, or in which nothing is heard under another cutting, is
    left out.

    Raises:
        FewerAnswers: one has none; the message counts by task.
    """
    there = {
        row["recording_id"] for row in rows.by_table.get("recordings", []) if row["annotated_ms"]
    }
    answered = {_answer(row) for table in ANSWER_TABLES for row in rows.by_table.get(table, [])}
    answered |= {_answer(row) for row in rows.by_table.get("failures", [])}
    lost: Counter[str] = Counter()
    for table in ANSWER_TABLES:
        for task, recording in {_answer(row) for row in held.get(table, [])} - answered:
            if recording in there and task not in dropped:
                lost[task] += 1
    if lost:
        said = ", ".join(f"{task} in {n} recordings" for task, n in sorted(lost.items()))
        raise FewerAnswers(
            f"published answers would be gone: {said}; plan with these tasks too, drop one with"
            " --drop-task NAME, or publish with --accept-fewer"
        )


def _answer(row: Row) -> tuple[str, str]:
    return row["task_id"], row["recording_id"]


def _is_waiting(recording: Row) -> bool:
    """True where some of a recording's work waits."""
    reasons = {part["reason"] for part in recording["skipped"]}
    return recording["status"] == WAITING or NOT_ANNOTATED in reasons
