"""Given up and wrong work is done again on request, and counts until then."""

from __future__ import annotations

from pathlib import Path

import pytest

from beam_jobs.cli import main
from tests.beam_jobs.night.served_night import served_command
from tests.beam_jobs.night.streamed_archive import (
    LENGTH_MS,
    cut_ms,
    discover,
    make_streamed_archive,
    segment,
    take_for_decoder,
)
from tests.beam_jobs.small_night import DAY, rows
from tests.chat_server import chat_server


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make_streamed_archive(tmp_path)


def retry(out: Path, *options: str) -> int:
    return main(["retry", "--out", str(out), *options])


def test_a_crash_that_was_given_up_is_tried_again(
    archive: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = archive.parent / "out"
    assert discover(archive) == 0
    with monkeypatch.context() as patch:
        take_for_decoder(archive.parent, "kill -SEGV $$", patch)
        for run in ("first", "second", "third"):
            segment(archive, "--run-id", run)
    assert segment(archive) == 0
    assert cut_ms(out) == []

    capsys.readouterr()
    assert retry(out, "--failed-by", "DecoderCrashed") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"segment: {archive}/{DAY}/stream.flac: DecoderCrashed, given up after 3 attempts",
        "nothing is asked for yet; --yes does",
    ]
    assert segment(archive) == 0
    assert cut_ms(out) == []

    assert retry(out, "--failed-by", "DecoderCrashed", "--yes") == 0
    assert segment(archive) == 0
    assert cut_ms(out) == [LENGTH_MS]


def test_a_recording_that_was_cut_too_short_is_cut_again(
    archive: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As 0.1.0 left one whose decoder was killed."""
    out = archive.parent / "out"
    assert discover(archive) == 0
    with monkeypatch.context() as patch:
        take_for_decoder(archive.parent, '$FFMPEG "$@" | head -c 64044', patch)
        assert segment(archive) == 0
    assert cut_ms(out) == [2_000]
    assert retry(out, "--recording", "stream.flac", "--yes") == 0
    assert f"segment: {archive}/{DAY}/stream.flac: cut to 2.0 s" in capsys.readouterr().out

    def published() -> list[int]:
        assert main(["publish", "--out", str(out)]) == 0
        return [row["duration_ms"] for row in rows(out, "recordings")]

    assert published() == [2_000]  # until it is cut again
    assert segment(archive) == 0
    assert published() == [LENGTH_MS]
    capsys.readouterr()
    assert segment(archive) == 0
    assert capsys.readouterr().out == "all recordings are cut already\n"


def test_questions_that_a_server_refused_are_asked_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    with chat_server() as server:
        command = served_command(tmp_path, server)
        server.replies = [(200, {}, {"data": [{"id": "af3"}]}), *[(400, {}, "no audio here")] * 2]
        assert main(command) == 0
        assert [row["error_class"] for row in rows(out, "failures")] == ["RequestRefused"] * 2
        asked = len(server.bodies)
        assert main(command) == 0
        assert len(server.bodies) == asked
        capsys.readouterr()
        assert retry(out, "--failed-by", "RequestRefused", "--yes") == 0
        assert "2 questions given up, such as RequestRefused" in capsys.readouterr().out
        assert main(command) == 0
    assert rows(out, "failures") == []
    assert [row["status"] for row in rows(out, "segments")] == ["annotated"]


@pytest.mark.parametrize(
    ("options", "exit_code", "line"),
    [
        ([], 2, "af3: say what is to be done again: --failed-by CLASS"),
        (["--recording", "b.flac"], 2, "af3: --recording b.flac: not planned in corpus default"),
        (["--failed-by", "TooLong"], 1, "af3: nothing of corpus default from 0001-01-01"),
    ],
)
def test_what_is_not_there_is_said(
    archive: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    exit_code: int,
    line: str,
) -> None:
    assert discover(archive) == 0
    capsys.readouterr()
    assert retry(archive.parent / "out", *options) == exit_code
    assert capsys.readouterr().err.startswith(line)
