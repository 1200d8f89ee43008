"""What the running job read and wrote, noted where it happens and kept in its report.

Rows are counted on workers, by counters of the pipeline; `run_pipeline` hands them over here.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from io import BytesIO

from beam_jobs.framework.settings import JobSettings
from schemas import layout
from schemas.records import NightManifest
from schemas.reports import DataFacts, WrittenTable
from schemas.tables.columns import FLAGS

_PREFIX = "written_"
_ROWS, _OBJECTS, _BYTES, _FLAGGED = "rows", "objects", "bytes", "flagged"
_PARQUET = b"PAR1"
"""How a file of rows begins."""
_written: Counter[str] = Counter()
_read: Counter[str] = Counter()
_noting = threading.Lock()


def begin_data_facts() -> None:
    """Forget what an earlier job of this process noted."""
    with _noting:
        _written.clear()
        _read.clear()


def note_read(found: Iterable[NightManifest]) -> None:
    """Note the archives that plans name, and how many of their objects."""
    objects = Counter[str]()
    for manifest in found:
        named = {uri for recording in manifest.recordings for uri in recording.uris}
        objects[manifest.source] += len(named | {failure.uri for failure in manifest.failures})
    with _noting:
        _read.clear()
        _read.update(objects)


def count_written(objects: Mapping[str, bytes | None]) -> None:
    """Count the rows of objects of tables that were replaced, on the worker that did."""
    import pyarrow.parquet as pq

    from beam_jobs.framework.counters import count

    for key, data in objects.items():
        if data is not None and data.startswith(_PARQUET):
            table, file = layout.table_of(key), pq.ParquetFile(BytesIO(data))
            count(f"{_PREFIX}{_ROWS}:{table}", file.metadata.num_rows)
            count(f"{_PREFIX}{_OBJECTS}:{table}")
            count(f"{_PREFIX}{_BYTES}:{table}", len(data))
            if FLAGS.name in file.schema_arrow.names:
                flags = file.read([FLAGS.name])[FLAGS.name]
                flagged = sum(bool(of_row) for of_row in flags.to_pylist())
                count(f"{_PREFIX}{_FLAGGED}:{table}", flagged)


def note_written(counters: Mapping[str, int]) -> dict[str, int]:
    """Note what a pipeline wrote; gives its other counters."""
    written = {name: n for name, n in counters.items() if name.startswith(_PREFIX)}
    with _noting:
        _written.update(written)
    return {name: n for name, n in counters.items() if name not in written}


def data_facts(settings: JobSettings) -> DataFacts:
    """What the job read and wrote so far."""
    with _noting:
        written, read = dict(_written), dict(_read)
    tables = sorted({name.partition(":")[2] for name in written})
    model = settings.audio_model

    def of(what: str, table: str) -> int:
        return written.get(f"{_PREFIX}{what}:{table}", 0)

    return DataFacts(
        out=settings.out,
        read=dict(sorted(read.items())),
        written={
            table: WrittenTable(
                of(_ROWS, table), of(_OBJECTS, table), of(_BYTES, table), of(_FLAGGED, table)
            )
            for table in tables
        },
        model=model.checkpoint.name if model else "",
        weights_revision=model.checkpoint.revision if model else "",
    )
