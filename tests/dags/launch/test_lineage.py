"""A report as OpenLineage has it: addresses, counts, schemas, and our facet by its JSON schema."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openlineage.client.serde import Serde

from dags.launch.job_operator import Af3JobOperator
from dags.launch.lineage import FACET_SCHEMA, lineage_of
from schemas.reports import DataFacts, JobReport, WrittenTable

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "docs" / "openlineage" / "Af3JobRunFacet.json"


def report(job: str, data: DataFacts, **more: Any) -> JobReport:
    return JobReport(
        job, "r-1", "radio", "2026-11-03", "2026-11-03", "t", 1.0, 0, data=data, **more
    )


def as_sent(value: object) -> Any:
    return json.loads(Serde.to_json(value))


PUBLISHED = DataFacts(
    out="gs://lake/annotated",
    read={"gs://archive/radio": 12},
    written={
        "captions": WrittenTable(40, 2, 9000, 4),
        "transcripts": WrittenTable(60, 2, 8000, 16),
        "recordings": WrittenTable(12, 2, 7000, 12),
    },
    model="audio-flamingo-3-hf",
    weights_revision="abc",
)


def test_what_is_published_has_its_archive_its_tables_and_its_flags() -> None:
    lineage = lineage_of(report("publish", PUBLISHED))
    (archive,) = lineage.inputs
    assert (archive.namespace, archive.name) == ("gs://archive", "radio")
    assert as_sent(archive.inputFacets["inputStatistics"])["fileCount"] == 12
    captions = lineage.outputs[0]
    assert captions.namespace == "gs://lake"
    assert captions.name == "annotated/tables/captions/corpus=radio"
    counted = as_sent(captions.outputFacets["outputStatistics"])
    assert (counted["rowCount"], counted["fileCount"], counted["size"]) == (40, 2, 9000)
    facet = lineage.run_facets["af3_job"]
    assert facet.flaggedShare == 0.2  # recordings are no answers
    assert (facet.model, facet.weightsRevision, facet.runId) == (
        "audio-flamingo-3-hf",
        "abc",
        "r-1",
    )


def test_a_nested_column_has_its_fields() -> None:
    (recordings,) = (
        each
        for each in lineage_of(report("publish", PUBLISHED)).outputs
        if "recordings" in each.name
    )
    fields = {f["name"]: f for f in as_sent(recordings.facets["schema"])["fields"]}
    assert fields["skipped"]["type"] == "array"
    assert [f["name"] for f in fields["skipped"]["fields"]][:1] == ["reason"]
    assert fields["flags"]["type"] == "list<item: string>"


def test_a_derived_job_reads_what_a_night_published() -> None:
    data = DataFacts(out="/annotated", written={"events": WrittenTable(5, 1, 100, 0)})
    lineage = lineage_of(report("events", data))
    assert [(each.namespace, each.name) for each in lineage.inputs] == [
        ("file", f"/annotated/tables/{name}/corpus=radio")
        for name in ("recordings", "captions", "transcripts", "answers")
    ]
    assert lineage.run_facets["af3_job"].flaggedShare is None


@pytest.mark.parametrize(
    "of",
    [
        report("publish", PUBLISHED),
        report("events", DataFacts(), waiting={"StorageError": 2}),
        JobReport("plan", "", "", "", "", "t", 1.0, 2),  # its options were wrong
    ],
    ids=lambda of: of.job,
)
def test_the_facet_is_as_its_schema_says(of: JobReport) -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    assert schema["$id"] == FACET_SCHEMA
    sent = as_sent(lineage_of(of).run_facets["af3_job"])
    assert sent["_schemaURL"] == FACET_SCHEMA
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(sent, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(sent | {"colour": 1}, schema)


def test_a_report_of_an_earlier_release_has_a_facet() -> None:
    held = report("publish", DataFacts()).to_json()
    del held["data"]
    lineage = lineage_of(JobReport.from_json(held))
    assert (lineage.inputs, lineage.outputs) == ([], [])
    assert lineage.run_facets["af3_job"].corpus == "radio"


def test_a_task_that_has_no_report_has_no_lineage() -> None:
    task = Af3JobOperator(task_id="plan", job="plan", arguments=lambda _: [])
    assert task.get_openlineage_facets_on_complete(None) is None


def test_without_the_provider_dags_are_read_and_jobs_run() -> None:
    code = """
import sys
sys.modules["openlineage"] = None
import dags.night.factory, dags.launch.seen
from schemas.reports import JobReport
seen = dags.launch.seen.SeenFromOutside()
class Part: map_index = -1
seen.show(JobReport("plan", "r", "c", "d", "d", "2026-11-03T00:00:00+00:00", 1.0, 0), {"ti": Part})
print(seen._seen.job)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["plan"], done.stderr
