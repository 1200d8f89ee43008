"""A machine's damage in tables, as releases before 0.2.0 left it, is found and named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from af3core.storage.address import open_store
from beam_jobs.cli import main
from beam_jobs.framework.parquet_encoding import encode_table
from beam_jobs.framework.table_snapshot import partition_rows
from schemas import layout
from schemas.tables.night_tables import BY_NAME
from tests.beam_jobs.small_night import DAY, make_archive, night

OTHER_DAY = "2026-11-22"


@pytest.fixture
def out(untrained: Path, tmp_path: Path) -> Path:
    night(make_archive(tmp_path / "arc"), tmp_path / "out", untrained)
    return tmp_path / "out"


def rewrite(out: Path, table: str, change: Any) -> None:
    """Publish other rows of a table."""
    store = open_store(str(out))
    rows = [change(row) for row in partition_rows(store, table, "default", DAY)]
    key = layout.shard_key(table, "default", DAY, 0, 1)
    store.write(key, encode_table(BY_NAME[table], rows))


def check(out: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    exit_code = main(["check", "--out", str(out)])
    said = capsys.readouterr()
    assert exit_code == bool(said.err), said
    return said.err.splitlines()[1:]


def failure(**fields: object) -> dict[str, Any]:
    return {
        "stage": "segment",
        "object_uri": "/a.flac",
        "recording_id": "r",
        "clip_id": "",
        "segment_id": "",
        "task_id": "",
        "start_ms": None,
        "end_ms": None,
        "attempts": 1,
        "permanent": True,
        "run_id": "r",
        **fields,
    }


def test_a_good_night_has_none(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(out, capsys) == []
    assert main(["check", "--out", str(out)]) == 0
    assert capsys.readouterr().out == "nothing found in 1 days, 2 recordings\n"


def test_a_recording_that_is_too_short_for_its_bytes(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def as_if_killed(row: dict[str, Any]) -> dict[str, Any]:
        if row["object_uri"].endswith("long.mp3"):
            return row | {"size_bytes": 5_000_000, "decoded_duration_ms": 2_000}
        return row

    rewrite(out, "recordings", as_if_killed)
    [line] = check(out, capsys)
    assert "long.mp3: 5,000,000 bytes, cut to 2.0 s: the decoder did not come to its end;" in line
    assert "af3 retry --recording " in line


def test_verdicts_of_a_machine(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        failure(error_class="DecodeFailed", message="a: … (No such file or directory)"),
        failure(error_class="ServerUnavailable", message="503", permanent=False, attempts=3),
        failure(error_class="DecodeFailed", message="Invalid data found"),
        failure(error_class="StorageError", message="waits", permanent=False, attempts=0),
    ]
    key = layout.shard_key("failures", "default", DAY, 0, 1)
    open_store(str(out)).write(key, encode_table(BY_NAME["failures"], rows))
    lines = check(out, capsys)
    assert [line.rpartition("; ")[2] for line in lines] == [
        f"af3 retry --failed-by DecodeFailed --yes --out {out}",
        f"af3 retry --failed-by ServerUnavailable --yes --out {out}",
    ]
    assert lines[0].startswith("1 pieces of work given up by DecodeFailed, such as a: …")


def test_rows_that_stand_twice_or_are_lost(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = open_store(str(out))
    one, two = (layout.shard_key("segments", "default", DAY, 0, n) for n in (1, 2))
    store.write(two, store.read(one) or b"")
    tables = out / "tables"
    for table in ("recordings", "runs"):
        partition = tables / table / "corpus=default"
        shutil.copytree(partition / f"date={DAY}", partition / f"date={OTHER_DAY}")
    lines = check(out, capsys)
    assert lines[0].startswith(f"{DAY}: segments have objects of several shard counts")
    assert [f"is published on {DAY} and {OTHER_DAY};" in line for line in lines[1:]] == [True] * 2

    store.delete(two)
    shutil.rmtree(tables / "recordings" / "corpus=default" / f"date={OTHER_DAY}")
    rewrite(out, "runs", lambda row: row)
    runs = list(partition_rows(store, "runs", "default", DAY))
    later = runs[0] | {"run_id": "later", "recordings": 0}
    later["published_at"] = later["published_at"].replace(year=2030)
    key = layout.shard_key("runs", "default", DAY, 0, 1)
    store.write(key, encode_table(BY_NAME["runs"], [*runs, later]))
    [line] = check(out, capsys)
    assert line.startswith(f"{DAY}: 2 recordings were published once, and none is now;")
