"""Where rows go: held back until they are of one moment, into a file that is whole, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.errors import ConfigurationError, StorageError
from beam_jobs.output.row_output import HELD_BYTES, Target, opened, target_of

STDOUT = Target("csv", None, is_terminal=False)


def test_rows_that_were_of_no_moment_are_never_seen(capsys: pytest.CaptureFixture[str]) -> None:
    with opened(STDOUT) as begin:
        begin().write(b"old\n")
        begin().write(b"new\n")
    assert capsys.readouterr().out == "new\n"


def test_rows_that_are_out_already_are_not_written_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with opened(STDOUT) as begin:
        begin().write(b"x" * (HELD_BYTES + 1))
        with pytest.raises(StorageError, match="part of the rows is written already: run it"):
            begin()
    assert len(capsys.readouterr().out) == HELD_BYTES + 1


def test_a_file_is_begun_anew_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("before")
    with opened(Target("csv", str(path), is_terminal=False)) as begin:
        begin().write(b"a longer text\n")
        begin().write(b"new\n")
        assert path.read_text() == "before"
    assert path.read_text() == "new\n"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    link, path = tmp_path / "link.csv", tmp_path / "r.csv"
    link.symlink_to(path)
    with opened(Target("csv", str(link), is_terminal=False)) as begin:
        begin().write(b"new\n")
    assert link.is_symlink()
    assert path.read_text() == "new\n"


def test_forms_are_told_by_suffix_and_named(tmp_path: Path) -> None:
    assert target_of(None, str(tmp_path / "a.ndjson"), "out").form == "jsonl"
    assert target_of("csv", str(tmp_path / "a.txt"), "out").form == "csv"
    assert target_of("json", None, "out") == Target("json", None, is_terminal=False)
    assert target_of(None, None, "out").form == "csv"
    with pytest.raises(ConfigurationError, match=r"^--output x: end its name with \.csv"):
        target_of(None, "x", "out")
