"""The page of a night in a bucket: what it is on a disk, and written beside the tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.storage.address import split_object
from beam_jobs.cli import main
from tests.beam_jobs.night_report.archive import SECOND, two_nights
from tests.beam_jobs.night_report.seen import Seen
from tests.storage_server import BUCKET, bucket, upload

pytestmark = pytest.mark.storage_server


def test_a_page_in_a_bucket_is_the_page_on_a_disk(
    shared: Path,
    untrained: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = two_nights(shared, untrained)
    with bucket():
        upload(folder, sorted(folder.rglob("*")), "lake/out")
        out = f"gs://{BUCKET}/lake/out"
        options = ["--run-id", "both", "--date", SECOND]
        assert main(["report", "--out", out, *options]) == 0
        address = f"{out}/reports/corpus=default/run=both/report.html"
        assert capsys.readouterr().out.splitlines()[-1] == f"page        {address}"
        store, key = split_object(address)
        page = (store.read(key) or b"").decode()
        assert main(["report", "--out", out, *options[:2], "--date", "2030-01-01"]) == 2
        assert "nothing is planned from 2030-01-01" in capsys.readouterr().err
    seen = Seen(page)
    assert seen.after("Hours", 3) == ["In", "33 s", "3 recordings"]
    assert len(seen.all("audio")) == len(seen.all("img")) == 3
    assert seen.after("Against the night before", 1) == ["Compared with 20 November 2026."]
