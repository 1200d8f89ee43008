"""What a job read and wrote as OpenLineage has it, from the job's report.

Imports Airflow's OpenLineage provider, which need not be there: the provider alone asks for this.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import attr
import pyarrow as pa
from airflow.providers.openlineage.extractors import OperatorLineage
from openlineage.client.event_v2 import InputDataset, OutputDataset
from openlineage.client.facet_v2 import (
    RunFacet,
    input_statistics_input_dataset,
    output_statistics_output_dataset,
    schema_dataset,
)

from schemas import layout
from schemas.jobs import DERIVED
from schemas.reports import JobReport, WrittenTable
from schemas.tables.derived_tables import ALL_TABLES
from schemas.tables.night_tables import ANSWER_TABLES, RECORDINGS

FACET = "af3_job"
"""The name of our own facet among a run's."""
FACET_SCHEMA = "https://af3-archive.invalid/docs/openlineage/Af3JobRunFacet.json"
"""Names `docs/openlineage/Af3JobRunFacet.json`; nothing is fetched from there."""
_TABLES = {table.name: table for table in ALL_TABLES}


@attr.define
class Af3JobRunFacet(RunFacet):
    """What a job of a run is, and with which model; absent values are left out.

    The names are those of the JSON schema.
    """

    job: str
    corpus: str
    runId: str  # noqa: N815
    since: str
    until: str
    exitCode: int  # noqa: N815
    piecesWaiting: int  # noqa: N815
    model: str | None = None
    weightsRevision: str | None = None  # noqa: N815
    flaggedShare: float | None = None  # noqa: N815

    @staticmethod
    def _get_schema() -> str:
        return FACET_SCHEMA


def lineage_of(report: JobReport) -> OperatorLineage[Any, Any]:
    """Inputs, outputs and our own facet of a job."""
    return OperatorLineage(
        inputs=[*_archives(report), *_tables_read(report)],
        outputs=[_table_written(report, name, t) for name, t in report.data.written.items()],
        run_facets={FACET: _facet(report)},
    )


def _archives(report: JobReport) -> Iterator[InputDataset]:
    for source, objects in report.data.read.items():
        namespace, name = _named(source)
        counted = input_statistics_input_dataset.InputStatisticsInputDatasetFacet(fileCount=objects)
        yield InputDataset(namespace, name, inputFacets={"inputStatistics": counted})


def _tables_read(report: JobReport) -> Iterator[InputDataset]:
    """A derived job is made from what a night published: its recordings and answers."""
    if report.data.out and report.job in {job.name for job in DERIVED}:
        for table in (RECORDINGS.name, *ANSWER_TABLES):
            yield InputDataset(*_table_named(report, table), facets={"schema": _schema(table)})


def _table_written(report: JobReport, name: str, written: WrittenTable) -> OutputDataset:
    counted = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
        rowCount=written.rows, size=written.size_bytes, fileCount=written.objects
    )
    return OutputDataset(
        *_table_named(report, name),
        facets={"schema": _schema(name)} if name in _TABLES else {},
        outputFacets={"outputStatistics": counted},
    )


def _facet(report: JobReport) -> Af3JobRunFacet:
    return Af3JobRunFacet(
        job=report.job,
        corpus=report.corpus,
        runId=report.run_id,
        since=report.since,
        until=report.until,
        exitCode=report.exit_code,
        piecesWaiting=sum(report.waiting.values()),
        model=report.data.model or None,
        weightsRevision=report.data.weights_revision or None,
        flaggedShare=_flagged_share(report),
    )


def _flagged_share(report: JobReport) -> float | None:
    """Of the answers that the job published, those with a flag."""
    answers = [t for name, t in report.data.written.items() if name in ANSWER_TABLES]
    rows = sum(table.rows for table in answers)
    return sum(table.flagged_rows for table in answers) / rows if rows else None


def _table_named(report: JobReport, table: str) -> tuple[str, str]:
    prefix = layout.partitions_prefix(table, report.corpus).rstrip("/")
    return _named(f"{report.data.out.rstrip('/')}/{prefix}")


def _named(address: str) -> tuple[str, str]:
    """Namespace and name of a folder or gs://, by OpenLineage's rules of naming."""
    if "://" not in address:
        return "file", address
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}", parts.path.strip("/") or "/"


def _schema(table: str) -> schema_dataset.SchemaDatasetFacet:
    return schema_dataset.SchemaDatasetFacet(
        fields=[
            _field(column.name, column.type, column.description)
            for column in _TABLES[table].columns
        ]
    )


def _field(
    name: str, kind: pa.DataType, description: str | None = None
) -> schema_dataset.SchemaDatasetFacetFields:
    struct = kind.value_type if pa.types.is_list(kind) else kind
    inner = [_field(each.name, each.type) for each in struct] if pa.types.is_struct(struct) else []
    said = "array" if inner and struct is not kind else str(kind)
    return schema_dataset.SchemaDatasetFacetFields(
        name=name, type=said, description=description, fields=inner
    )
