"""Files that a user names: none in the place of a device, a pipe, a folder or a result."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from af3core.errors import ConfigurationError
from beam_jobs.cli import main
from beam_jobs.output.file_to_write import check_beside_results, check_file_to_write


def test_only_files_are_replaced(tmp_path: Path) -> None:
    check_file_to_write("--output", str(tmp_path / "new.csv"))
    (tmp_path / "there.csv").touch()
    check_file_to_write("--output", str(tmp_path / "there.csv"))
    check_file_to_write("--output", "gs://bucket/rows.csv")
    with pytest.raises(ConfigurationError, match="that is a folder; name a file"):
        check_file_to_write("--output", str(tmp_path))
    with pytest.raises(ConfigurationError, match="its folder does not exist; make it"):
        check_file_to_write("--output", str(tmp_path / "none" / "r.csv"))
    with pytest.raises(ConfigurationError, match=r"^--output /dev/null: that is a device"):
        check_file_to_write("--output", "/dev/null")


@pytest.mark.parametrize(
    "command", [["query", "SELECT 1", "--format", "csv", "--output"], ["audit", "--report"]]
)
def test_a_pipe_stays_a_pipe(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert main([*command, str(pipe), "--out", str(tmp_path)]) == 2
    assert f"{command[-1]} {pipe}: that is a device or a pipe" in capsys.readouterr().err
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_rows_replace_no_results(tmp_path: Path) -> None:
    check_beside_results("--output", str(tmp_path / "rows.csv"), str(tmp_path))
    shard = tmp_path / "tables" / "captions" / "part-00000-of-00001.parquet"
    (tmp_path / "link").symlink_to(tmp_path / "tables")
    for path in (shard, tmp_path / "link" / "x.parquet"):
        with pytest.raises(ConfigurationError, match="lies among the results"):
            check_beside_results("--output", str(path), str(tmp_path))
    with pytest.raises(ConfigurationError, match="lies among the results"):
        check_beside_results("--output", "gs://b/out/tables/x.csv", "gs://b/out/")
