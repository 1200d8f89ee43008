"""Turns of real speech, and one identity across nights: in any order, killed, two at once."""

from __future__ import annotations

import datetime
import itertools
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from af3core.storage.address import store_at
from beam_jobs.cli import main
from beam_jobs.framework.parquet_encoding import encode_table
from schemas import layout
from schemas.tables.night_tables import RECORDINGS
from tests.af3core.audio.test_listening import channels_in
from tests.beam_jobs.derive.speakers.spoken_nights import (
    FIRST,
    SECOND,
    across,
    by_voice,
    conversation,
    heard_nights,
    lines,
    speakers,
    table,
    who,
)
from tests.beam_jobs.small_night import TOLERANT, night, rows


@pytest.fixture
def out(shared: Path, untrained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(heard_nights(shared, untrained), tmp_path / "out"))


def test_turns_say_who_speaks_when(out: Path) -> None:
    said = lines(out)["talk.wav"]
    assert [line[0]["voice"] for line in said] == [1, 2, 1]
    assert said[0][0]["start_ms"] == pytest.approx(500, abs=120)
    gaps = [after[0]["start_ms"] - line[-1]["end_ms"] for line, after in itertools.pairwise(said)]
    assert gaps == pytest.approx([500, 500], abs=200)
    assert {
        (row["speaker"], row["channel"], row["encoder"], row["is_overlap"])
        for row in rows(out, "speaker_turns")
    } == {(None, None, "campplus", False)}
    assert rows(out, "speakers") == []


def test_a_second_run_makes_nothing(out: Path) -> None:
    before = rows(out, "speaker_turns")
    facts = speakers(out).facts
    assert (facts["made_now"], facts["voices"], facts["turns"]) == (0, 4, len(before))
    assert rows(out, "speaker_turns") == before


@pytest.mark.parametrize("days", [(FIRST, SECOND), (SECOND, FIRST)])
def test_nights_in_either_order_have_the_same_two_speakers(
    days: tuple[str, str], out: Path
) -> None:
    across(out, "--date", days[0])
    before = table(out)
    assert len(before) == 2
    across(out, "--date", days[1])
    found = by_voice(out)
    man, woman = found["man"], found["woman"]
    assert who(out) == {"talk.wav": [man, woman, man], "call.wav": [woman, man, woman]}
    assert table(out).keys() == before.keys() == {man, woman}
    row = table(out)[man]
    assert row["recording_count"] == 2
    assert row["turn_count"] == sum(t["speaker"] == man for t in rows(out, "speaker_turns")) >= 3
    assert (row["last_date"], row["name"]) == (datetime.date(2026, 11, 22), None)
    assert across(out).facts["speaker_objects_replaced"] == 0


def test_a_run_that_was_killed_before_it_published_is_gone_on_with(out: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "from beam_jobs.framework import derivation\n"
        "derivation.publish_days = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from beam_jobs.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    given = ["speakers", "--out", str(out), "--across", "corpus"]
    killed = subprocess.run([sys.executable, "-c", code, *given], check=False)
    assert killed.returncode == -signal.SIGKILL
    log = out / "ledger" / "corpus" / "speakers" / "corpus=default"
    before = [(path.name, path.read_bytes()) for path in log.iterdir()]
    assert who(out) == {"talk.wav": [None] * 3, "call.wav": [None] * 3}
    across(out)
    assert len(by_voice(out)) == 2
    assert [(path.name, path.read_bytes()) for path in log.iterdir()] == before


def test_two_workers_at_once_know_each_others_voices(out: Path) -> None:
    command = [sys.executable, "-m", "beam_jobs", "speakers", "--out", str(out), "--across=corpus"]
    running = [
        subprocess.Popen([*command, "--date", day], stderr=subprocess.PIPE)
        for day in (FIRST, SECOND)
    ]
    assert [process.wait() for process in running] == [0, 0]
    man, woman = by_voice(out).values()
    assert who(out) == {"talk.wav": [man, woman, man], "call.wav": [woman, man, woman]}
    assert {row["recording_count"] for row in table(out).values()} == {2}


def test_identities_stay_when_a_recording_is_withdrawn_and_when_it_comes_back(out: Path) -> None:
    across(out)
    before, named = who(out), table(out)
    key = layout.shard_key("recordings", "default", FIRST, 0, 1)
    whole = (out / key).read_bytes()
    store_at(str(out)).write(key, encode_table(RECORDINGS, []))
    speakers(out, "--date", SECOND)  # of another day
    assert who(out) == {"call.wav": before["call.wav"]}
    assert table(out).keys() == named.keys()
    assert {row["recording_count"] for row in table(out).values()} == {1}
    store_at(str(out)).write(key, whole)
    across(out)
    assert who(out) == before
    assert table(out).keys() == named.keys()


def test_a_run_within_recordings_keeps_the_identities_that_are_known(out: Path) -> None:
    across(out)
    before = who(out)
    facts = speakers(out).facts
    assert who(out) == before
    assert facts["speakers_of_corpus"] == 2


def test_a_channel_of_its_own_is_a_speaker_without_any_encoder(
    untrained: Path, tmp_path: Path
) -> None:
    day = tmp_path / "archive" / FIRST
    day.mkdir(parents=True)
    speech = conversation(FIRST)
    silence = np.zeros_like(speech)
    first, second = np.concatenate([speech, silence]), np.concatenate([silence, speech])
    channels_in(day / "call.wav", [first, second])
    out = tmp_path / "out"
    night(day.parent, out, untrained, "--channels", "each", *TOLERANT)
    speakers(out, "--speaker-per-channel")
    turns = sorted(rows(out, "speaker_turns"), key=lambda row: row["start_ms"])
    assert {(row["channel"], row["voice"]) for row in turns} == {(0, 1), (1, 2)}
    assert [row["channel"] for row in turns] == sorted(row["channel"] for row in turns)
    assert {(row["encoder"], row["confidence"], row["is_overlap"]) for row in turns} == {
        ("", None, False)
    }
    assert not (out / "ledger" / "derived" / "speech_vectors").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--speaker-per-channel", "--across", "corpus"], "leave one of them out"),
        (["--voice-encoder", "no such encoder"], "--voice-encoder no such encoder: neither"),
        (["--name", "Anna"], "write SPEAKER=NAME"),
        (["--name", "nobody=Anna"], "nobody: none of the 0 voices of corpus default; af3 speakers"),
        (["--forget", "nobody.wav"], "--forget nobody.wav: none of the 0 voices"),
        (["--names", "/no/such.csv"], "/no/such.csv"),
        (["--speaker-per-channel"], "was not cut by channel; cut it so with"),
    ],
)
def test_a_wrong_wish_is_one_line(
    options: list[str], said: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["speakers", "--out", str(out), *options]) == 2
    assert said in capsys.readouterr().err
