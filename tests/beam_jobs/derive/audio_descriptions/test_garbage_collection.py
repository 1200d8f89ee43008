"""What a run replaces stays for late readers; the next run removes it, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from af3core.storage.address import store_at
from beam_jobs.derive.audio_descriptions import describe_job
from beam_jobs.derive.audio_descriptions.garbage_collection import stored_sounds, sweep
from tests.beam_jobs.derive.audio_descriptions.described import (
    SHORT,
    described,
    sounds,
    summarised,
)
from tests.beam_jobs.small_night import DAY, night, rows

CORPUS = "default"
DEADLINE_S = 240


def named(out: str) -> set[str]:
    return {row["sound_uri"] for row in rows(out, "descriptions")}


def test_the_run_after_the_one_that_replaced_a_sound_removes_it(
    out: str, annotated: Path, untrained: Path
) -> None:
    described(out, annotated, untrained)
    first = named(out)
    summarised(out, "Ships go out.")
    outcome = described(out, annotated, untrained)
    second = named(out)
    assert sounds(out).keys() == first | second
    assert "old_sounds_removed" not in outcome.facts
    again = described(out, annotated, untrained)
    assert (again.facts["made_now"], again.facts["old_sounds_removed"]) == (0, 1)
    assert "old_sounds_removed: 1" in again.lines
    assert sounds(out).keys() == second == named(out)
    assert "old_sounds_removed" not in described(out, annotated, untrained).facts


def test_what_was_removed_is_spoken_anew_when_it_is_told_again(
    out: str, annotated: Path, untrained: Path
) -> None:
    summarised(out, "Ships come in.")
    described(out, annotated, untrained)
    first = named(out)
    summarised(out, "Ships go out.")
    for _ in range(2):
        described(out, annotated, untrained)
    assert not first & sounds(out).keys()
    summarised(out, "Ships come in.")
    assert described(out, annotated, untrained).facts["made_now"] == 1
    assert named(out) == first < sounds(out).keys()


def test_a_recording_that_is_not_chosen_keeps_its_sound(
    out: str, annotated: Path, untrained: Path
) -> None:
    described(out, annotated, untrained)
    first = named(out)
    summarised(out, "Ships go out.")
    for _ in range(2):
        described(out, annotated, untrained, "--recording", SHORT)
    assert sounds(out).keys() == first == named(out)


def test_what_came_while_the_run_worked_is_left_alone(
    out: str, annotated: Path, untrained: Path
) -> None:
    described(out, annotated, untrained)
    store = store_at(out)
    prefix = f"descriptions/corpus={CORPUS}/date={DAY}/aa"
    store.write(f"{prefix}/left.opus", b"of a run that was killed")
    before = stored_sounds(store, CORPUS, [DAY])
    store.write(f"{prefix}/new.opus", b"of a run that will publish")
    assert sweep(store, before, CORPUS, [DAY]) == 1
    assert sounds(out).keys() == named(out) | {f"{prefix}/new.opus"}


def test_other_days_and_corpora_are_left_alone(out: str, annotated: Path, untrained: Path) -> None:
    described(out, annotated, untrained)
    others = {
        f"descriptions/corpus={corpus}/date={date}/aa/bb.opus"
        for corpus, date in (("default2", DAY), (CORPUS, "2026-11-20"))
    }
    for key in others:
        store_at(out).write(key, b"a sound")
    described(out, annotated, untrained, "--date", DAY)
    assert sounds(out).keys() == named(out) | others


def test_each_corpus_has_its_own_sounds(annotated: Path, untrained: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    for corpus in ("one", "two"):
        night(annotated / "archive", out, untrained, "--corpus", corpus)
        summarised(out, "Ships come in.", corpus=corpus)
        described(out, annotated, untrained, "--corpus", corpus)
    assert {uri.split("/")[1] for uri in named(out)} == {"corpus=one", "corpus=two"}
    summarised(out, "Ships go out.", corpus="one")
    for _ in range(2):
        described(out, annotated, untrained, "--corpus", "one")
    assert named(out) == sounds(out).keys()


def test_a_run_holds_the_corpuss_turn_from_its_first_look_to_its_last(
    out: str, annotated: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, turn = store_at(out), f"claims/describe/corpus={CORPUS}"
    held: list[tuple[str, bool]] = []

    def watch(name: str) -> None:
        real = getattr(describe_job, name)

        def watched(*given: Any) -> Any:
            held.append((name, store.exists([turn])[0]))
            return real(*given)

        monkeypatch.setattr(describe_job, name, watched)

    for name in ("stored_sounds", "derive", "sweep"):
        watch(name)
    described(out, annotated, untrained)
    assert held == [("stored_sounds", True), ("derive", True), ("sweep", True)]
    assert store.exists([turn]) == [False]


def test_two_runs_at_once_leave_every_row_its_sound(
    annotated: Path, untrained: Path, tmp_path: Path
) -> None:
    out = str(tmp_path / "out")
    night(annotated / "archive", out, untrained)
    summarised(out, "Ships come in.")
    for speed in ("1", "1.5"):
        described(out, annotated, untrained, "--speed", speed)
    command = [
        sys.executable,
        "-m",
        "beam_jobs",
        "describe",
        "--out",
        out,
        "--speed",
    ]
    processes = [
        subprocess.Popen([*command, speed], stderr=subprocess.PIPE, text=True)
        for speed in ("1", "2")
    ]
    for process in processes:
        _, error = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0, error
    assert len(named(out)) == 1
    assert named(out) < sounds(out).keys()
    assert [path for path in Path(out, "claims").rglob("*") if path.is_file()] == []
