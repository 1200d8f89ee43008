"""The whole demo night, real model and all questions, in a bucket and on a disk: row for row."""

from __future__ import annotations

import pytest

from af3core.nano.demo_archive import ARCHIVE
from beam_jobs.cli import main
from tests.beam_jobs.demo import GIVEN, demo_night
from tests.beam_jobs.night import all_rows, rows
from tests.storage_server import BUCKET, bucket, upload


def test_the_demo_night_in_a_bucket_equals_the_local_one(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    local = str(demo_night(tmp_path_factory.getbasetemp()))
    with bucket():
        upload(ARCHIVE, ARCHIVE.rglob("*"), "radio")
        source, out = f"gs://{BUCKET}/radio", f"gs://{BUCKET}/lake/annotated"
        assert main(["annotate", source, "--out", out, *GIVEN]) == 0
        there = all_rows(out, source)
        [run] = rows(out, "runs")
    here = all_rows(local, str(ARCHIVE))
    assert {name: len(found) for name, found in here.items()} == {
        "recordings": 8,
        "segments": 75,
        "captions": 75,
        "transcripts": 75,
        "answers": 375,
        "failures": 0,
    }
    assert there == here
    assert (run["recordings"], run["answers_made"]) == (8, 525)
