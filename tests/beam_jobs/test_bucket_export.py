"""An export in a bucket: the bytes of the one on a disk, each clip fetched once for a shard."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.storage.address import open_store
from beam_jobs import export
from beam_jobs.deriving import EXPORT_FORMATS
from beam_jobs.exports.sounds import SoundsMissing
from schemas import layout
from tests.beam_jobs.exports.derived_rows import pair_row, write_pairs
from tests.beam_jobs.night import DAY, night, rows, settings_of
from tests.faulty_network import between
from tests.media import programme, write
from tests.storage_server import BUCKET, bucket, found_at, server_address, upload

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
        for form in EXPORT_FORMATS:
            told = ("--format", form)
            export.run(settings_of(archive, out, untrained, *CUT, *told))
            before = network.downloads("nights/out/clips/")
            export.run(settings_of(archive, OUT, untrained, *CUT, *told))
            assert network.downloads("nights/out/clips/") - before == len(clips) < len(segments)
            prefix = layout.export_prefix("default", DAY, DAY, form)
            stores = open_store(str(out)), open_store(OUT)
            keys = [next(store.walk([prefix])) for store in stores]
            assert keys[0] == keys[1]
            assert len(keys[0]) >= 2
            assert stores[0].read_many(keys[0]) == stores[1].read_many(keys[0])
        open_store(OUT).delete(segments[0]["clip_uri"])
        with pytest.raises(SoundsMissing, match=f"^{OUT}/{segments[0]['clip_uri']}: the clip is"):
            export.run(settings_of(archive, OUT, untrained, *CUT))
