"""The search through every object of an output for what names withdrawn recordings.

keys ──► a name in the key ──────────────┐
bytes ─► JSON, texts, HTML, archives ────┼──► found, by what is to be done with the object
rows ──► Parquet, decoded ───────────────┘
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from af3core.errors import StorageError
from af3core.storage.concurrency import map_concurrently
from af3core.storage.folder import WRITING, FolderStore
from af3core.storage.store import Store
from beam_jobs.framework.parquet_encoding import decode_columns
from beam_jobs.withdrawal.scrubbing import has_texts, speaks_of
from beam_jobs.withdrawal.traces import Traces
from schemas import layout

Deed = Literal["index", "table", "copy", "export", "page", "object", "record", "foreign"]
"""What an object is to the removal: a file of the index, a shard, a replaced shard, a part of an
export, a page, an object about the recording, a record that speaks of it, a file that is not ours.
"""

_CHUNK_BYTES = 16 << 20
_OVERLAP_BYTES = 4096
"""Longer than any name: one that two chunks share is found."""
_AT_ONCE = 128
_PASSED_OVER = ("withdrawn", "withdrawals", "audit_log", "trained")
"""What says that it is withdrawn, what is chained by hashes and ends with its own retention, and by
hashes alone which models were trained on it."""
_SEALED = (".flac", ".opus")
"""Sound alone: known by its key."""


@dataclass
class Found:
    """What a search found.

    Attributes:
        objects: by key, what is to be done.
        searched: how many objects were looked at.
        index_tokens: of all states of the index.
    """

    objects: dict[str, Deed] = field(default_factory=dict)
    searched: int = 0
    index_tokens: set[str] = field(default_factory=set)


def search(store: Store, traces: Traces, index_tokens: frozenset[str] = frozenset()) -> Found:
    """Look through all objects of an output.

    Args:
        index_tokens: of index states that hold it whatever their files show: Lance keeps rows that
            were deleted in files that it does not read any more.

    Raises:
        StorageError: an object cannot be read, so that nobody knows what it holds.
    """
    found = Found()
    for batch in _batches(_keys(store)):
        found.searched += len(batch)
        found.index_tokens |= {key.split("/")[2] for key in batch if _is_of_index(key)}
        deeds = map_concurrently(lambda key: _deed(store, key, traces, index_tokens), batch)
        found.objects |= {k: deed for k, deed in zip(batch, deeds, strict=True) if deed}
    return found


def export_of(key: str) -> str:
    """The folder of the export that an object belongs to."""
    return "/".join(key.split("/")[:4]) + "/"


def texts_of_shard(data: bytes) -> pa.Table:
    """Columns of a Parquet file that hold texts.

    Raises:
        pyarrow.ArrowInvalid, OSError: it is damaged.
    """
    names = [f.name for f in pq.read_schema(BytesIO(data)) if has_texts(f.type)]
    return decode_columns(BytesIO(data), columns=names)


def _keys(store: Store) -> Iterator[str]:
    for stored in store.stored(""):
        yield stored.key
    if isinstance(store, FolderStore):  # a listing leaves unfinished writes out
        folder = store.root / WRITING
        if folder.is_dir():
            yield from (f"{WRITING}/{path.name}" for path in folder.iterdir() if path.is_file())


def _batches(keys: Iterator[str]) -> Iterator[list[str]]:
    held: list[str] = []
    for key in keys:
        held.append(key)
        if len(held) == _AT_ONCE:
            yield held
            held = []
    if held:
        yield held


def _is_of_index(key: str) -> bool:
    return key.startswith(layout.index_prefix("").rstrip("/") + "/") and key.count("/") > 2


def _deed(store: Store, key: str, traces: Traces, index_tokens: frozenset[str]) -> Deed | None:
    """What is to be done with an object; None where it says nothing of a withdrawn recording."""
    first = key.partition("/")[0]
    if first in _PASSED_OVER or key == layout.OUTPUT_MARKER_KEY:
        return None
    if _is_of_index(key):
        return "index" if key.split("/")[2] in index_tokens else None
    if first not in layout.OUTPUT_FOLDERS:
        is_ours = key == layout.INDEX_STATE_KEY
        if is_ours or not (traces.is_in(key) or _is_inside(store, key, traces)):
            return None
        return "foreign"
    is_named = traces.is_in_key(key)
    if not is_named and (key.endswith(_SEALED) or not _is_inside(store, key, traces)):
        return None
    if first == "tables":
        return "table"
    if first == "superseded":
        return "copy"
    if first == "exports":
        return "export"
    if is_named or not key.endswith((".json", ".html")):
        return "object"
    return "page" if key.endswith(".html") else "record"


def _is_inside(store: Store, key: str, traces: Traces) -> bool:
    """Whether an object's bytes speak of a withdrawn recording; False where it is gone by now."""
    if key.endswith(".json"):
        return traces.is_in_bytes(store.read(key) or b"")
    try:
        if key.endswith(".parquet"):
            with store.local_file(key) as file:
                return speaks_of(texts_of_shard(file.read()), traces)
        with store.local_file(key) as file:
            before = b""
            while chunk := file.read(_CHUNK_BYTES):
                if traces.is_in_bytes(before + chunk):
                    return True
                before = chunk[-_OVERLAP_BYTES:]
        return False
    except FileNotFoundError:
        return False
    except (pa.ArrowInvalid, OSError) as error:
        raise StorageError(
            f"{store.address(key)}: cannot be read ({' '.join(str(error).split())[:200]}), so that"
            " nobody knows what it holds; mend or remove it, and run it again"
        ) from error


def prefix_of(key: str) -> str:
    """What an object is counted under: its folder, and of ledger and tables the next one too."""
    parts: Sequence[str] = key.split("/")
    depth = 2 if parts[0] in ("ledger", "tables") and len(parts) > 2 else 1
    return "/".join(parts[:depth]) + "/"
