"""The demo night, real model and all questions, in a bucket and on a disk: row for row."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.nano.demo_archive import ARCHIVE
from beam_jobs.cli import main
from tests.beam_jobs.demo import GIVEN, demo_night
from tests.beam_jobs.small_night import all_rows, rows
from tests.storage_server import BUCKET, bucket, upload

pytestmark = pytest.mark.storage_server

COUNTS = {
    "recordings": 8,
    "segments": 75,
    "captions": 75,
    "transcripts": 75,
    "answers": 375,
    "failures": 0,
}


@pytest.mark.parametrize(
    ("names", "counts"),
    [
        (
            ["concert_break.ogg", "reel_17.wav"],
            {
                "recordings": 2,
                "segments": 7,
                "captions": 7,
                "transcripts": 7,
                "answers": 35,
                "failures": 0,
            },
        ),
        pytest.param(["*"], COUNTS, marks=pytest.mark.long),
    ],
)
def test_the_demo_night_in_a_bucket_equals_the_local_one(
    names: list[str], counts: dict[str, int], shared: Path
) -> None:
    local = demo_night(shared)
    kept = [path for name in names for path in ARCHIVE.rglob(name)]
    with bucket():
        upload(ARCHIVE, kept, "radio")
        source, out = f"gs://{BUCKET}/radio", f"gs://{BUCKET}/lake/annotated"
        assert main(["annotate", source, "--out", out, *GIVEN]) == 0
        there = all_rows(out, source)
        [run] = rows(out, "runs")
    here = all_rows(local, str(ARCHIVE))
    assert {name: len(found) for name, found in here.items()} == COUNTS
    recordings = {row["recording_id"] for row in there["recordings"]}
    assert there == {
        name: [row for row in found if row["recording_id"] in recordings]
        for name, found in here.items()
    }
    assert {name: len(found) for name, found in there.items()} == counts
    asked = counts["captions"] + counts["transcripts"] + counts["answers"]
    assert (run["recordings"], run["answers_made"]) == (counts["recordings"], asked)
