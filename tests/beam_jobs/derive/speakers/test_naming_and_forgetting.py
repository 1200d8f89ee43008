"""A name holds for its voice; what is forgotten is gone, not made again, and renames nobody."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from beam_jobs.cli import main
from beam_jobs.derive.speakers import recording_turns
from tests.beam_jobs.derive.speakers.spoken_nights import (
    FIRST,
    SECOND,
    across,
    by_voice,
    heard_nights,
    speakers,
    table,
    who,
)
from tests.beam_jobs.small_night import rows


@pytest.fixture
def out(shared: Path, untrained: Path, tmp_path: Path) -> Path:
    copy = Path(shutil.copytree(heard_nights(shared, untrained), tmp_path / "out"))
    across(copy, "--date", FIRST)
    return copy


def names(out: Path) -> dict[str, str | None]:
    named = table(out)
    return {voice: named[speaker]["name"] for voice, speaker in by_voice(out).items()}


def vectors_in(out: Path) -> dict[str, list[int]]:
    """Numbers of the voices whose vectors the ledger has, by recording."""
    found: dict[str, list[int]] = {}
    for path in sorted((out / "ledger" / "derived" / "speakers").rglob("*.json")):
        voices = json.loads(path.read_text())["rows"]["voices"]
        numbers = [voice["voice"] for voice in voices if voice["vector"] is not None]
        found[path.parent.name] = numbers
    return found


def test_a_name_holds_when_nights_come_and_until_another_is_given(
    out: Path, tmp_path: Path
) -> None:
    man = by_voice(out)["man"]
    assert speakers(out, "--name", f"{man}=Ben Ødegård").facts["voices_named"] == 1
    assert names(out) == {"man": "Ben Ødegård", "woman": None}
    across(out)
    assert names(out) == {"man": "Ben Ødegård", "woman": None}
    assert table(out)[man]["recording_count"] == 2
    file = tmp_path / "names.csv"
    file.write_text(f'speaker,name\n{by_voice(out)["woman"]},"Berg, Anna"\n', "utf-8")
    speakers(out, "--names", file, "--name", f"{man}=")
    assert names(out) == {"man": None, "woman": "Berg, Anna"}


def test_a_name_holds_under_another_encoder(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = by_voice(out)
    speakers(out, "--name", f"{before['woman']}=Anna")
    monkeypatch.setattr(recording_turns, "DIARIZATION_VERSION", 1_000)
    across(out)
    assert set(by_voice(out).values()).isdisjoint(before.values())
    assert names(out) == {"man": None, "woman": "Anna"}


def test_a_forgotten_voice_is_gone_and_the_other_keeps_its_name(out: Path) -> None:
    across(out)
    found = by_voice(out)
    man, woman = found["man"], found["woman"]
    speakers(out, "--name", f"{man}=Ben", "--name", f"{woman}=Anna")
    facts = speakers(out, "--forget", man).facts
    assert (facts["voices_forgotten"], facts["days_renewed"]) == (1, 2)
    assert who(out) == {"talk.wav": [None, woman, None], "call.wav": [woman, None, woman]}
    assert {speaker: row["name"] for speaker, row in table(out).items()} == {woman: "Anna"}
    assert sorted(vectors_in(out).values()) == [[1], [2]]
    assert not list((out / "ledger" / "derived" / "speech_vectors").rglob("*.json"))
    assert man not in "".join(path.read_text() for path in (out / "ledger").rglob("*.json"))
    across(out)
    assert who(out) == {"talk.wav": [None, woman, None], "call.wav": [woman, None, woman]}


def test_a_forgotten_voice_stays_so_where_its_recording_is_heard_anew(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speakers(out, "--forget", by_voice(out)["man"])
    monkeypatch.setattr(recording_turns, "DIARIZATION_VERSION", 1_000)
    across(out, "--date", FIRST)
    man, woman, again = who(out)["talk.wav"]
    assert (man, again) == (None, None)
    assert woman is not None


def test_a_forgotten_recording_has_no_turns_any_more(out: Path) -> None:
    across(out)
    before = who(out)
    facts = speakers(out, "--forget", "talk.wav").facts
    assert (facts["recordings_forgotten"], facts["objects_removed"]) == (1, 2)
    assert who(out) == {"call.wav": before["call.wav"]}
    assert across(out).facts["made_now"] == 0
    assert who(out) == {"call.wav": before["call.wav"]}
    assert {row["recording_count"] for row in table(out).values()} == {1}
    said = json.loads((out / "ledger" / "speakers" / "corpus=default.json").read_text())
    [sound] = said["forgotten_sounds"]
    [recording] = [r for r in rows(out, "recordings") if r["object_uri"].endswith("talk.wav")]
    assert sound == recording["sound_sha256"]


def test_the_same_command_does_the_rest_where_it_was_stopped(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    across(out, "--date", SECOND)
    found = by_voice(out)
    with monkeypatch.context() as stopped:
        stopped.setattr(
            "beam_jobs.derive.speakers.forgetting.change_members", _raise_keyboard_interrupt
        )
        with pytest.raises(KeyboardInterrupt):
            speakers(out, "--forget", found["man"])
    assert main(["speakers", "--out", str(out), "--forget", found["man"]]) == 0
    assert who(out)["talk.wav"] == [None, found["woman"], None]


def _raise_keyboard_interrupt(*_arguments: object) -> None:
    raise KeyboardInterrupt
