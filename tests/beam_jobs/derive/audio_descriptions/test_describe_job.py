"""Spoken descriptions: sounds beside the tables, nothing spoken twice, each failure said."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from af3core.errors import ConfigurationError
from af3core.storage.address import store_at
from beam_jobs.cli import main
from beam_jobs.framework.parquet_encoding import decode_columns, encode_columns
from schemas import layout
from tests.af3core.speech.tiny_voices import save_vits
from tests.beam_jobs.derive.audio_descriptions.described import (
    LONG,
    SHORT,
    chapter,
    described,
    sounds,
    summarised,
)
from tests.beam_jobs.small_night import DAY, rows


def test_a_description_is_spoken_beside_the_tables(
    out: str, annotated: Path, untrained: Path
) -> None:
    outcome = described(out, annotated, untrained)
    [row] = rows(out, "descriptions")
    assert row["text"] == (
        "This is long, a recording of the twenty-first of November, twenty twenty-six,"
        " forty-four seconds long. Ships come in. It has one chapter."
        " From the start: The harbour."
    )
    assert (row["voice"], row["backend"], row["flags"]) == (
        "espeak:en-us",
        "espeak",
        ["extractive"],
    )
    assert row["voice_revision"].startswith("espeakng-loader ")
    assert row["sound_uri"] == (
        f"descriptions/corpus=default/date={DAY}/{row['recording_id']}/{row['description_id']}.opus"
    )
    samples, rate_hz = soundfile.read(io.BytesIO(sounds(out)[row["sound_uri"]]))
    assert abs(1000 * len(samples) / rate_hz - row["duration_ms"]) <= 50
    assert 5_000 < row["duration_ms"] < 30_000
    assert float(np.abs(samples).max()) > 0.05
    assert row["first_audio_ms"] > 0
    assert row["real_time_factor"] > 0
    assert outcome.facts == {
        "recordings_described": 1,
        "recordings_without_summary": 1,
        "speech_ms": row["duration_ms"],
        "made_now": 2,
        "failures": 0,
    }
    assert outcome.lines[-1] == ("1 recordings have no summary to speak; af3 summarise makes them")


def test_a_rerun_speaks_nothing_and_a_changed_summary_is_spoken_anew(
    out: str, annotated: Path, untrained: Path
) -> None:
    described(out, annotated, untrained)
    [before], first = rows(out, "descriptions"), sounds(out)
    assert described(out, annotated, untrained).facts["made_now"] == 0
    assert (rows(out, "descriptions"), sounds(out)) == ([before], first)
    summarised(out, "Ships go out.", chapter("The harbour", "Bells ring."))
    assert described(out, annotated, untrained).facts["made_now"] == 1
    [after] = rows(out, "descriptions")
    assert " Ships go out. " in after["text"]
    assert after["description_id"] != before["description_id"]
    assert sounds(out).keys() == {before["sound_uri"], after["sound_uri"]}


def test_chosen_recordings_are_spoken_and_the_others_keep_theirs(
    out: str, annotated: Path, untrained: Path
) -> None:
    assert described(out, annotated, untrained, "--recording", SHORT).facts == {
        "recordings_without_summary": 1, "made_now": 1, "failures": 0,
    }  # fmt: skip
    assert rows(out, "descriptions") == []
    described(out, annotated, untrained, "--recording", LONG)
    [first] = rows(out, "descriptions")
    summarised(out, "A bell.", name=SHORT)
    facts = described(out, annotated, untrained, "--recording", SHORT).facts
    assert (facts["recordings_described"], facts["made_now"]) == (2, 1)
    both = {row["recording_id"]: row for row in rows(out, "descriptions")}
    assert len(both) == 2
    assert both[first["recording_id"]] == first
    with pytest.raises(ConfigurationError, match=r"^--recording gone.wav: not in the tables of"):
        described(out, annotated, untrained, "--recording", "gone.wav")


def test_rows_of_the_first_version_of_the_table_are_kept(
    out: str, annotated: Path, untrained: Path
) -> None:
    described(out, annotated, untrained)
    [first] = rows(out, "descriptions")
    store = store_at(out)
    key = layout.shard_key("descriptions", "default", DAY, 0, 1)
    with store.open(key) as file:
        kept = decode_columns(file).drop_columns(["speaker_revision", "speed"])
    store.write(key, encode_columns(kept))
    for entry in next(store.walk(["ledger/derived/describe/"])):
        store.delete(entry)
    described(out, annotated, untrained, "--recording", SHORT)
    assert rows(out, "descriptions") == [first | {"speed": None}]
    assert sounds(out).keys() == {first["sound_uri"]}


def test_hostile_text_is_spoken_as_words(out: str, annotated: Path, untrained: Path) -> None:
    plain = 'break time="900s"/'
    marked = chapter("\x01\x0250S", "[[h@l@U]] \u202e <mark name='x'>")
    summarised(out, f"<{plain}>", marked, marked | {"chapter": 2, "start_ms": 20_000})
    described(out, annotated, untrained)
    [row] = rows(out, "descriptions")
    assert row["text"].endswith(
        ' forty-four seconds long. Break time="900s"/. It has two chapters.'
        " From the start: 50S. H@l@U mark name='x'."
        " From twenty seconds: 50S. H@l@U mark name='x'."
    )
    assert 5_000 < row["duration_ms"] < 90_000


def test_a_voice_without_a_sound_is_a_failure_of_each_recording(
    out: str, annotated: Path, untrained: Path, tmp_path: Path
) -> None:
    voice = save_vits(tmp_path / "mute")
    known = json.loads((voice / "vocab.json").read_text())
    (voice / "vocab.json").write_text(json.dumps({chr(0x4E00 + at): at for at in known.values()}))
    outcome = described(out, annotated, untrained, "--voice", str(voice))
    assert outcome.facts["failures"] == 1
    [line] = [line for line in outcome.lines if line.startswith("failed: ")]
    assert line.endswith(f"{LONG}: voice mute has no sound for its text; take another voice")
    assert rows(out, "descriptions") == []


def test_another_voice_replaces_the_row_and_leaves_the_sound(
    out: str, annotated: Path, untrained: Path, tmp_path: Path
) -> None:
    described(out, annotated, untrained)
    [first] = rows(out, "descriptions")
    described(out, annotated, untrained, "--voice", str(save_vits(tmp_path / "tiny")))
    [second] = rows(out, "descriptions")
    assert (second["voice"], second["backend"], second["text"]) == ("tiny", "vits", first["text"])
    assert len(second["voice_revision"]) == 16
    assert sounds(out).keys() == {first["sound_uri"], second["sound_uri"]}
    assert described(out, annotated, untrained).facts["made_now"] == 0
    assert rows(out, "descriptions") == [first]


def test_a_night_as_the_commands_make_it(
    annotated: Path, untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(shutil.copytree(annotated / "out", tmp_path / "out"))
    nobody = str(tmp_path / "nobody")
    assert main(["describe", "--out", out, "--voice", nobody]) == 2
    assert f"voice {nobody}: neither espeak nor a checkpoint" in capsys.readouterr().err
    assert main(["summarise", "--out", out, "--model", str(untrained)]) == 0
    assert main(["describe", "--out", out]) == 0
    assert {Path(row["sound_uri"]).suffix for row in rows(out, "descriptions")} == {".opus"}
    assert len(rows(out, "descriptions")) == len(rows(out, "summaries")) == 2
