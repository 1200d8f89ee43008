"""An export in a bucket: the bytes of the one on a disk, each clip fetched once for a shard."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.storage.address import open_store
from beam_jobs.derive.export import export_job
from beam_jobs.derive.export.export_clips import SoundsMissing
from beam_jobs.derive.export.export_writer import ExportWriter
from schemas import layout
from schemas.options.derive import EXPORT_FORMATS
from tests.beam_jobs.derive.export.derived_rows import pair_row, write_pairs
from tests.beam_jobs.rivals import claims_taken_over, meanwhile
from tests.beam_jobs.small_night import DAY, night, rows, settings_of
from tests.faulty_network import between
from tests.media import programme, write
from tests.storage_server import BUCKET, bucket, found_at, server_address, upload

pytestmark = pytest.mark.storage_server

OUT = f"gs://{BUCKET}/nights/out"
CUT = ("--max-clip-s", "30", "--max-segment-s", "12", "--target-segment-s", "8")


def test_an_export_in_a_bucket_is_that_on_a_disk(tmp_path: Path, untrained: Path) -> None:
    archive, out = tmp_path / "archive", tmp_path / "out"
    write(archive / DAY / "a.flac", programme(60))
    night(archive, out, untrained, *CUT)
    segments = rows(out, "segments")
    write_pairs(out, [pair_row(row, f"pair{n}") for n, row in enumerate(segments)])
    clips = {row["clip_id"] for row in segments}
    with bucket(), between(server_address()) as network, found_at(network.address):
        upload(out, sorted(out.rglob("*")), "nights/out")
        for form in (each for each in EXPORT_FORMATS if each != "af-think"):  # no thoughts here
            told = ("--format", form)
            export_job.run(settings_of(archive, out, untrained, *told, job="export"))
            before = network.downloads("nights/out/clips/")
            export_job.run(settings_of(archive, OUT, untrained, *told, job="export"))
            assert network.downloads("nights/out/clips/") - before == len(clips) < len(segments)
            prefix = layout.export_prefix("default", DAY, DAY, form)
            stores = open_store(str(out)), open_store(OUT)
            keys = [next(store.walk([prefix])) for store in stores]
            assert keys[0] == keys[1]
            assert len(keys[0]) >= 2
            assert stores[0].read_many(keys[0]) == stores[1].read_many(keys[0])
        open_store(OUT).delete(segments[0]["clip_uri"])
        with pytest.raises(SoundsMissing, match=f"^{OUT}/{segments[0]['clip_uri']}: the clip is"):
            export_job.run(settings_of(archive, OUT, untrained, job="export"))


def test_a_run_that_was_overtaken_exports_anew(
    tmp_path: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its claim was lost while it wrote; another run exported more rows meanwhile."""
    archive, out = tmp_path / "archive", tmp_path / "out"
    write(archive / DAY / "a.flac", programme(40))
    night(archive, out, untrained, *CUT)
    pairs = [pair_row(row, f"pair{n}") for n, row in enumerate(rows(out, "segments"))]
    write_pairs(out, pairs[:1])
    with bucket(), found_at(server_address()):
        upload(out, sorted(out.rglob("*")), "nights/out")
        settings = settings_of(archive, OUT, untrained, job="export")

        def other() -> None:
            write_pairs(out, pairs)
            upload(out, sorted((out / "tables" / "pairs").rglob("*")), "nights/out")
            export_job.run(settings)

        calls = meanwhile(monkeypatch, ExportWriter, "flush", other)
        with claims_taken_over():
            export_job.run(settings)
        assert calls == [3]  # by the first run, the other, and the first again
        export_job.run(settings_of(archive, out, untrained, job="export"))
        stores = open_store(str(out)), open_store(OUT)
        keys = [next(store.walk(["exports/"])) for store in stores]
        assert keys[0] == keys[1]
        assert stores[0].read_many(keys[0]) == stores[1].read_many(keys[0])
