"""Removing what a search found, kind after kind; each step can be done again.

index ──► tables, as every publish replaces them ──► replaced copies ──► exports ──► pages
      ──► objects about the recording ──► records that speak of it
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa

from af3core.errors import StorageError
from af3core.storage.concurrency import map_concurrently
from af3core.storage.folder import FolderStore
from af3core.storage.store import Store, update
from beam_jobs.framework.parquet_encoding import encode_columns, shard_columns
from beam_jobs.framework.publishing import (
    Assembled,
    Publisher,
    Stamps,
    publish_objects,
    readable_keys,
    replaced_states,
)
from beam_jobs.withdrawal.scrubbing import GONE, scrubbed, scrubbed_rows, speaks_of
from beam_jobs.withdrawal.search_output import Deed, Found, export_of
from beam_jobs.withdrawal.traces import Traces
from schemas import layout
from schemas.identity import canonical_json
from schemas.record_format import RecordError, parse_json

RUN = "withdraw"
"""Stands for the run that replaced objects."""

STAGE_OF_TABLE: dict[str, str] = {
    **dict.fromkeys(
        (
            *("recordings", "segments", "captions", "transcripts", "answers", "failures"),
            "runs",
        ),
        "night",
    ),
    "events": "events",
    "words": "align",
    "speaker_turns": "speakers",
    "speakers": "identities",
    "embeddings": "embed",
    "text_embeddings": "texts",
    **dict.fromkeys(("pairs", "rejected_pairs"), "skills"),
    **dict.fromkeys(("thoughts", "rejected_thoughts"), "think"),
    **dict.fromkeys(("summaries", "chapters"), "summarise"),
    "findings": "find",
    "descriptions": "describe",
    "dialogues": "dialogues",
    "chats": "chat",
    "evaluations": "evaluate",
    "corrections": "correct",
}
"""Which stage publishes a table: no two share one."""


def remove(store: Store, found: Found, traces: Traces) -> None:
    """Remove what was found, or take what is withdrawn out of it.

    Raises:
        StorageError: the storage is in trouble. What is done by then stays done.
    """
    by_deed: defaultdict[Deed, list[str]] = defaultdict(list)
    for key, deed in sorted(found.objects.items()):
        by_deed[deed].append(key)
    if by_deed["index"]:
        with store.claim(layout.claim_key("index", "search")):
            store.delete(layout.INDEX_STATE_KEY)
            _delete(store, by_deed["index"])
    _rewrite_tables(store, by_deed["table"], traces)
    _delete(store, by_deed["copy"])
    for folder in sorted(set(map(export_of, by_deed["export"]))):
        _remove_export(store, folder)
    with _turn(store, bool(by_deed["page"] or by_deed["object"])):
        _delete(store, [*by_deed["page"], *by_deed["object"]])
    map_concurrently(lambda key: _scrub_record(store, key, traces), by_deed["record"])


@contextmanager
def _turn(store: Store, is_needed: bool) -> Iterator[None]:
    """A plan that was written before waits until this is done, as it does for `af3 clean`."""
    if not is_needed:
        yield
        return
    with store.claim(layout.REMOVAL_CLAIM_KEY):
        yield


def _delete(store: Store, keys: Sequence[str]) -> None:
    map_concurrently(store.delete, keys)
    if isinstance(store, FolderStore):
        store.remove_empty_folders(keys)


def _remove_export(store: Store, folder: str) -> None:
    """The sheet before the shards: killed in between, nothing says that the export is whole."""
    with store.claim(layout.export_claim_key(folder)):
        [keys] = store.walk([folder])
        sheets = [key for key in keys if key.endswith(".md")]
        _delete(store, sheets)
        _delete(store, [key for key in keys if key not in sheets])


def _rewrite_tables(store: Store, keys: Iterable[str], traces: Traces) -> None:
    """Publish the objects of a day and a stage without what is withdrawn, all together."""
    stages = {
        (*layout.day_of(key), STAGE_OF_TABLE[layout.table_of(key)])
        for key in keys
        if layout.table_of(key) in STAGE_OF_TABLE
    }
    for corpus, date, stage in sorted(stages):
        publish_without(store, corpus, date, stage, traces)


def publish_without(store: Store, corpus: str, date: str, stage: str, traces: Traces) -> None:
    """Take withdrawn rows out of a stage's tables of a day.

    Where a writer died that had begun to replace them, the day becomes what readers saw: the last
    whole publish.
    """
    tables = [table for table, of in STAGE_OF_TABLE.items() if of == stage]
    prefixes = [layout.partition_prefix(table, corpus, date) for table in tables]

    def keys() -> list[str]:
        begun = replaced_states(store, corpus, date, stage)
        listed = (key for found in store.walk(prefixes) for key in found)
        return sorted({*begun, *(key for key in listed if layout.shard_count_of(key))})

    def assemble(stamps: Stamps) -> Assembled[None]:
        held = replaced_states(store, corpus, date, stage)
        readable = readable_keys(stamps, held)
        objects: dict[str, bytes | None] = {}
        for key in stamps:
            rows = _rows(store, key, readable.get(key))
            if rows is None:
                if key in held or stamps[key]:
                    objects[key] = None
            elif key in held or speaks_of(rows, traces):
                objects[key] = encode_columns(scrubbed_rows(rows, traces))
        return Assembled(objects, None)

    claim_key = layout.publish_claim_key(corpus, date, stage)
    publish_objects(store, claim_key, Publisher(stage, RUN), keys, assemble)


def _rows(store: Store, key: str, copy: str | None) -> pa.Table | None:
    """The published rows of an object; None where readers see none."""
    if copy is None:
        return None
    try:
        return shard_columns(store, key, copy=copy)
    except FileNotFoundError:
        return None


def _scrub_record(store: Store, key: str, traces: Traces) -> None:
    """Take what is withdrawn out of a record; where all of it is about that, or nobody can read
    it, it goes.
    """
    goes = False

    def change(data: bytes | None) -> bytes | None:
        nonlocal goes
        if data is None:
            return None
        goes = False
        try:
            value = parse_json(data)
        except RecordError:
            goes = True
            return None
        new = scrubbed(value, traces)
        goes = new is GONE or _is_empty(key, new)
        return None if goes or new is value else _written(new, data)

    update(store, key, change)
    if goes:
        _delete(store, [key])


def _is_empty(key: str, value: Mapping[str, object]) -> bool:
    """Whether a batch of corrections has nothing left to say."""
    if not key.startswith("corrections/"):
        return False
    return not any(isinstance(held, list) and held for held in value.values())


def _written(value: object, earlier: bytes) -> bytes:
    """JSON in the form in which it was written."""
    if earlier.count(b"\n") > 1:
        return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
    return canonical_json(value).encode()


def run_to_the_end(look: Callable[[], Found], store: Store, traces: Traces, rounds: int) -> Found:
    """Remove until a search finds nothing: what a night that runs beside this writes meanwhile is
    found by the next.

    Raises:
        StorageError: something is found after all rounds.
    """
    found = look()
    for _ in range(rounds):
        if not any(deed != "foreign" for deed in found.objects.values()):
            return found
        remove(store, found, traces)
        found = look()
    left = [key for key, deed in found.objects.items() if deed != "foreign"]
    if left:
        raise StorageError(
            f"{store.address('')}: {len(left)} objects still hold what is withdrawn, written"
            " meanwhile; let running jobs end, and run it again"
        )
    return found
