"""Of several people's corrections one holds; and what becomes of another recording of the sound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from af3core.errors import ConfigurationError
from beam_jobs.cli import main
from beam_jobs.corrections.adding import add_corrections, undo_corrections
from beam_jobs.corrections.correction_states import correction_states
from beam_jobs.corrections.settling import settle_corrections
from tests.beam_jobs.corrections.shown import shown
from tests.beam_jobs.search.said import FIRST, SECOND, place, publish, put

RECORDING, OTHER = "a" * 24, "b" * 24
SAID = ["a strom", "calm seas"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    out = tmp_path / "out"
    publish(out, FIRST, {RECORDING: SAID})
    return out


def add(out: Path, by: str, **more: Any) -> str:
    """Correct the second half minute; gives the identifier."""
    row = {"recording": RECORDING, "start_ms": 30_000, "end_ms": 60_000} | more
    return f"{add_corrections(str(out), [row], by=by).batch_id}-00000"


def states(out: Path) -> list[tuple[str, str]]:
    found = correction_states(str(out), "default").found.to_pylist()
    return [(each["corrected_by"], each["state"]) for each in found]


def settle(out: Path, *identifiers: str, by: str = "Eve") -> int:
    return settle_corrections(str(out), identifiers, by=by)


def test_the_earlier_of_two_holds_until_a_later_one_differs(out: Path) -> None:
    first = add(out, "Ada", new_value="calm sea")
    add(out, "Bob", new_value="calm seals")
    assert states(out) == [("Ada", "conflict"), ("Bob", "conflict")]
    assert settle(out, first) == 1
    assert shown(out)[1] == ("calm sea", "Ada")
    assert states(out) == [("Ada", "shown"), ("Bob", "superseded")]
    add(out, "Cem", new_value="calm bees")
    assert shown(out)[1] == ("calm bees", "Cem")
    assert states(out) == [("Ada", "conflict"), ("Bob", "superseded"), ("Cem", "conflict")]


def test_a_settlement_is_undone_as_an_undo_is(out: Path) -> None:
    first = add(out, "Ada", new_value="calm sea")
    add(out, "Bob", new_value="calm seals")
    settle(out, first)
    assert undo_corrections(str(out), by="Ada", of_person="Eve") == 1
    assert shown(out)[1] == ("calm seals", "Bob")
    assert states(out) == [("Ada", "conflict"), ("Bob", "conflict")]


def test_wrong_without_a_value_hides_no_text_of_another_person(out: Path) -> None:
    add(out, "Ada", new_value="calm sea")
    verdict = add(out, "Bob", kind="wrong")
    assert shown(out, columns="text, correction")[1] == ("calm sea", "text")
    assert states(out) == [("Ada", "conflict"), ("Bob", "conflict")]
    settle(out, verdict)
    assert shown(out, columns="text, correction")[1] == ("calm seas", "wrong")
    assert states(out) == [("Ada", "superseded"), ("Bob", "shown")]


def test_a_verdict_on_a_persons_text_is_agreement_or_conflict(out: Path) -> None:
    add(out, "Ada", new_value="calm sea")
    row = {"recording": RECORDING, "start_ms": 30_000, "end_ms": 60_000, "old_value": "calm sea"}
    assert add_corrections(str(out), [row | {"kind": "right"}], by="Bob").outdated == 0
    assert states(out) == [("Ada", "shown"), ("Bob", "agreed")]
    assert add_corrections(str(out), [row | {"kind": "wrong"}], by="Cem").outdated == 0
    assert shown(out)[1] == ("calm sea", "Ada")
    assert states(out) == [("Ada", "conflict"), ("Bob", "agreed"), ("Cem", "conflict")]


def test_the_same_said_twice_is_no_conflict(out: Path) -> None:
    add(out, "Ada", kind="right")
    add(out, "Bob", new_value="calm seas", old_value="calm")
    assert states(out) == [("Ada", "superseded"), ("Bob", "outdated")]


def test_what_was_said_of_another_text_holds_of_this_one(out: Path) -> None:
    first = add(out, "Ada", kind="right")
    put(out, FIRST, "transcripts", [place(RECORDING, 1) | {"text": "calm bees"}])
    assert states(out) == [("Ada", "outdated")]
    settle(out, first)
    assert states(out) == [("Ada", "shown")]
    assert shown(out, columns="text, correction") == [("calm bees", "right")]
    put(out, FIRST, "transcripts", [place(RECORDING, 1) | {"text": "come"}])
    assert states(out) == [("Ada", "outdated")]


def test_what_cannot_be_settled(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = add(out, "Ada", new_value="calm sea")
    second = add(out, "Bob", new_value="calm seals")
    given = ["correct", "--out", str(out), "--by", "Eve"]
    assert main([*given, "--settle", "x"]) == 2
    assert "--settle x: no correction of corpus default; see --decisions" in capsys.readouterr().err
    assert main([*given, "--settle", first, "--settle", second]) == 2
    assert f"{first} is of the same row; name one of them" in capsys.readouterr().err
    assert main([*given, "--settle", first, "--dry-run"]) == 0
    assert capsys.readouterr().out == "1 would be settled\n"
    undo_corrections(str(out), [first], by="Ada")
    with pytest.raises(ConfigurationError, match="it was undone; undo that first"):
        settle(out, first)
    put(out, FIRST, "transcripts", [place(RECORDING, 0) | {"text": "a storm"}])
    with pytest.raises(ConfigurationError, match="no row is at nearly its place any more"):
        settle(out, second)
    assert main([*given, "--settle", second]) == 2


def test_a_recording_of_the_same_sound_has_the_corrections_of_the_other(out: Path) -> None:
    """As when tags are changed: other bytes, and the one of before is gone."""
    sound = {"sound_sha256": "s" * 64}
    put(out, FIRST, "recordings", [{"recording_id": RECORDING, "object_uri": "/arc/a.wav"} | sound])
    add(out, "Ada", new_value="calm sea")
    put(out, FIRST, "recordings", [])
    put(out, FIRST, "transcripts", [])
    publish(out, SECOND, {OTHER: SAID})
    assert states(out) == [("Ada", "unplaced")]
    put(out, SECOND, "recordings", [{"recording_id": OTHER, "object_uri": "/arc/a.wav"} | sound])
    assert shown(out) == [("a strom", None), ("calm sea", "Ada")]
    assert states(out) == [("Ada", "shown")]


def test_a_text_over_a_cut_that_is_split_is_listed(out: Path) -> None:
    """In halves it is of none; nearly all of it in one, that one says less."""
    add(out, "Ada", new_value="calm sea")
    first = place(RECORDING, 1) | {"end_ms": 45_000, "text": "calm"}
    last = place(RECORDING, 1) | {"start_ms": 45_000, "segment_id": "s", "text": "seas"}
    put(out, FIRST, "transcripts", [first, last])
    assert shown(out) == [("calm", None), ("seas", None)]
    assert states(out) == [("Ada", "unplaced")]
    first["end_ms"] = last["start_ms"] = 58_000
    put(out, FIRST, "transcripts", [first, last])
    assert states(out) == [("Ada", "outdated")]
