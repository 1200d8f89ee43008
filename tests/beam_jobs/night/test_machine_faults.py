"""A machine's trouble is never a verdict on a recording: it waits, and the next run does it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from af3core.errors import (
    Af3Error,
    ConfigurationError,
    DecodeStalled,
    Fault,
    NotMedia,
    ServerUnavailable,
    StorageError,
    UnreadableObject,
    fault_of,
)
from af3core.model.engines import openai_engine
from af3core.model.engines.served.retries import Backoff
from beam_jobs.cli import main
from beam_jobs.framework.failures import Charge, charge
from schemas.records import Failure
from tests.beam_jobs.night.served_night import served_command
from tests.beam_jobs.night.streamed_archive import (
    LENGTH_MS,
    cut_ms,
    discover,
    make_streamed_archive,
    segment,
    take_for_decoder,
)
from tests.beam_jobs.small_night import DAY, QUICK_TASKS, TOLERANT, night, rows
from tests.chat_server import chat_server
from tests.media import programme, spoken, write


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return make_streamed_archive(tmp_path)


@pytest.mark.parametrize(
    ("death", "kind"), [("kill -KILL $$", "DecoderKilled"), ("exit 255", "DecoderKilled")]
)
def test_a_killed_decoder_keeps_nothing_and_is_no_attempt(
    archive: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    death: str,
    kind: str,
) -> None:
    out = archive.parent / "out"
    assert discover(archive) == 0
    with monkeypatch.context() as patch:
        take_for_decoder(archive.parent, f'$FFMPEG "$@" | head -c 64044\n{death}', patch)
        for _ in range(4):
            assert segment(archive) == 3
    said = capsys.readouterr().err
    assert f"af3: segment: 1 pieces wait (1 {kind}); all else is done, run it again" in said
    assert cut_ms(out) == []
    assert segment(archive) == 0
    assert cut_ms(out) == [LENGTH_MS]


def test_a_crashing_decoder_is_given_up_after_three_runs(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = archive.parent / "out"
    assert discover(archive) == 0
    with monkeypatch.context() as patch:
        take_for_decoder(archive.parent, '$FFMPEG "$@" | head -c 64044\nkill -SEGV $$', patch)
        assert segment(archive, "--run-id", "first") == 3
        assert segment(archive, "--run-id", "first") == 3  # a retry of one run is one attempt
        assert segment(archive, "--run-id", "second") == 3
        assert segment(archive, "--run-id", "third") == 0
    assert segment(archive, "--run-id", "fourth") == 0
    assert cut_ms(out) == []
    assert main(["publish", "--out", str(out)]) == 0
    [row] = rows(out, "failures")
    assert (row["error_class"], row["permanent"]) == ("DecoderCrashed", False)
    assert row["message"].endswith("stream.flac: the decoder crashed (Segmentation fault)")
    assert [row["status"] for row in rows(out, "recordings")] == ["failed"]


def test_a_mount_that_goes_away_while_it_is_cut(
    archive: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, away = archive.parent / "out", archive.parent / "away"
    assert discover(archive) == 0
    with monkeypatch.context() as patch:
        take_for_decoder(
            archive.parent, f'mv {archive} {away}; mkdir {archive}; $FFMPEG "$@"', patch
        )
        assert segment(archive) == 3
    assert "stream.flac: cannot be read now (No such file or directory); check" in (
        capsys.readouterr().err
    )
    assert segment(archive) == 3
    assert main(["publish", "--out", str(out)]) == 0
    assert [row["status"] for row in rows(out, "recordings")] == ["waiting"]
    [row] = rows(out, "failures")
    assert (row["error_class"], row["permanent"]) == ("UnreadableObject", False)
    archive.rmdir()
    away.rename(archive)
    assert segment(archive) == 0
    assert cut_ms(out) == [LENGTH_MS]


def test_a_file_that_grows_behind_the_plan_is_cut_behind_the_next(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = archive.parent / "out"
    path = write(archive / DAY / "stream.flac", spoken())
    assert discover(archive) == 0
    write(path, programme(20))
    assert segment(archive) == 3
    assert f"{path}: changed since it was planned; run plan again" in capsys.readouterr().err
    assert cut_ms(out) == []
    assert discover(archive) == 0
    assert segment(archive) == 0
    [length_ms] = cut_ms(out)
    assert length_ms > 20_000


def test_equal_size_and_time_do_not_hide_other_bytes_from_a_doubt(
    archive: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = archive / DAY / "stream.flac"
    assert discover(archive) == 0
    status, held = path.stat(), path.read_bytes()
    path.write_bytes(held[: len(held) // 2] + bytes(len(held) - len(held) // 2))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert segment(archive) == 3
    assert "stream.flac: holds other bytes than were planned; run plan" in capsys.readouterr().err


def test_a_disk_that_gives_this_and_that_is_not_believed(
    archive: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = archive.parent / "out"
    assert discover(archive) == 0
    once = archive.parent / "once"
    broken = (
        f"if [ ! -e {once} ]; then touch {once}; echo 'x: Input/output error' >&2;"
        ' $FFMPEG "$@" | head -c 64044; exit 0; fi; exec $FFMPEG "$@"'
    )
    take_for_decoder(archive.parent, broken, monkeypatch)
    assert segment(archive) == 3
    said = capsys.readouterr().err
    assert "decoded to 2.0 s, then to 60.0 s; check its disk or mount, run segment again" in said
    assert segment(archive) == 0
    assert cut_ms(out) == [LENGTH_MS]


def test_a_server_that_answers_503_for_nights_gives_up_no_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    quick = lambda: Backoff(tries=2, first_s=0.01)  # noqa: E731
    monkeypatch.setattr(openai_engine, "Backoff", quick)
    with chat_server() as server:
        command = served_command(tmp_path, server)
        for _ in range(4):
            server.replies = [(503, {}, "busy")] * 9
            assert main(command) == 3
            assert "annotate: 1 pieces wait (1 ServerUnavailable)" in capsys.readouterr().err
        [segment_row] = rows(out, "segments")
        assert (segment_row["status"], segment_row["skip_reason"]) == ("skipped", "not_annotated")
        assert rows(out, "failures") == []
        server.replies = []
        assert main(command) == 0
    [segment_row] = rows(out, "segments")
    assert segment_row["status"] == "annotated"


def test_waiting_recordings_are_held_against_their_share(
    untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    for number in range(4):
        write(archive / DAY / f"{number}.wav", spoken()[number * 1000 :])
    night(archive, out, untrained)
    shutil.rmtree(out / "ledger" / "segment")
    capsys.readouterr()
    lenient = ["--max-flagged-share", "1"]
    audit = ["audit", "--out", str(out), "--model", str(untrained), *lenient]
    audit += ["--tasks", str(tmp_path / "quick_tasks.yaml")]
    assert main(audit) == 1
    said = capsys.readouterr().err
    assert "4 of 4 recordings wait to be decoded, more than the 5% allowed; run segment" in said
    assert main([*audit, "--max-waiting-share", "1"]) == 0
    assert "; 4 recordings wait to be decoded, 0:00 of audio to be annotated" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (NotMedia("x"), Fault.CONTENT),
        (DecodeStalled("x"), Fault.ATTEMPT),
        (ValueError("a bug"), Fault.ATTEMPT),
        (UnreadableObject("x"), Fault.MACHINE),
        (StorageError("x"), Fault.MACHINE),
        (ConfigurationError("x"), Fault.MACHINE),
        (ServerUnavailable("x"), Fault.MACHINE),
        (OSError(28, "No space left on device"), Fault.MACHINE),
        (MemoryError(), Fault.MACHINE),
        (RuntimeError("can't start new thread"), Fault.MACHINE),
        (RuntimeError("can't start new thread [while running 'Segment']"), Fault.MACHINE),
        (RuntimeError("dictionary changed size during iteration"), Fault.ATTEMPT),
    ],
)
def test_whose_fault_an_error_is(error: Exception, fault: Fault) -> None:
    assert fault_of(error) == fault


def failure(**fields: object) -> Failure:
    known = {"attempts": 1, "permanent": False, "run_id": "one"} | fields
    return Failure(
        stage="segment",
        uri="u",
        corpus="c",
        date=DAY,
        error_class="DecodeStalled",
        message="m",
        **known,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("earlier", "error", "run_id", "charged"),
    [
        (None, DecodeStalled("x"), "one", Charge(1, False, False, 0)),
        (failure(), DecodeStalled("x"), "one", Charge(1, False, False, 0)),
        (failure(), DecodeStalled("x"), "two", Charge(2, False, False, 0)),
        (failure(attempts=2), StorageError("x"), "three", Charge(2, False, True, 0)),
        (failure(attempts=0, waits=True), DecodeStalled("x"), "one", Charge(1, False, False, 0)),
        (None, NotMedia("x"), "one", Charge(1, True, False, 0)),
    ],
)
def test_what_a_piece_is_charged_with(
    earlier: Failure | None, error: Af3Error, run_id: str, charged: Charge
) -> None:
    assert charge(earlier, error, run_id) == charged


def test_a_request_to_try_again_begins_at_no_attempt() -> None:
    assert charge(failure(attempts=3), DecodeStalled("x"), "two", retry=1) == Charge(
        1, False, False, 1
    )


def test_an_object_that_plan_cannot_read_waits_and_holds_up_what_was_never_read(
    tmp_path: Path, untrained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that leads nowhere is there, and gives no bytes."""
    archive, out = tmp_path / "arc", tmp_path / "out"
    day = archive / DAY
    write(day / "good.wav", spoken())
    (day / "away.wav").symlink_to(tmp_path / "nowhere")
    (tmp_path / "tasks.yaml").write_text(QUICK_TASKS)
    options = ["--model", str(untrained), "--tasks", str(tmp_path / "tasks.yaml")]
    command = ["annotate", str(archive), "--out", str(out), "--follow-links", *options]
    command += [*TOLERANT]
    assert main(command) == 3
    assert "1 pieces wait (1 UnreadableObject)" in capsys.readouterr().err
    [row] = rows(out, "failures")
    assert (row["error_class"], row["permanent"]) == ("UnreadableObject", False)
    audit = ["audit", "--out", str(out), "--max-flagged-share", "1"]
    assert main(audit) == 1
    assert "1 of 1 recordings wait to be decoded, more than the 5%" in capsys.readouterr().err

    write(tmp_path / "nowhere.wav", programme(10)[5_000:])
    (day / "away.wav").unlink()
    (day / "away.wav").symlink_to(tmp_path / "nowhere.wav")
    assert main(command) == 0
    # away again: its rows stand, and nothing holds up the night
    (tmp_path / "nowhere.wav").rename(tmp_path / "elsewhere.wav")
    assert main(command) == 3
    assert main(audit) == 0
    assert sorted(row["flags"] for row in rows(out, "recordings")) == [[], ["source_unavailable"]]
