"""`af3 chat`: scripts over chosen segments, answers fed back; nothing is asked if one is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from af3core.dialogue.script import parse_scripts
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.prompt import check_request, place_sounds
from af3core.model.request import Answer, Decoding, Request, Sound, Turn
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.storage.address import open_store
from beam_jobs.cli import main
from beam_jobs.derive.chat import chat_job
from beam_jobs.derive.chat.chat_sounds import ChosenSegment, ScriptedConversation
from beam_jobs.framework.clip_audio import ClipObject, clip_sounds
from beam_jobs.framework.job import Outcome
from tests.beam_jobs.embedded_night import embedded_night
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.small_night import rows
from tests.chat_server import chat_server

TWO = """\
compared:
  sounds: [cooking_show.opus@0:10, reel_17.wav@0:40]
  turns:
    - <sound-1> Who is speaking?
    - And in <sound-2>?
    - Is there music in it?
  max_new_tokens: 24
"""
ALL = """\
speakers:
  where: speech_ms > 5000
  limit: 4
  turns:
    - Who is speaking?
    - How many speakers are there?
  max_new_tokens: 24
"""


@pytest.fixture(scope="module")
def out(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("night") / "out"
    return Path(shutil.copytree(embedded_night(shared), copy))


def talk(out: Path, script: str, *options: str) -> Outcome:
    file = out.parent / "talk.yaml"
    file.write_text(script)
    return chat_job.run(settings_for("chat", "--out", out, "--conversations", file, *options))


def texts(row: dict[str, Any], role: str) -> list[str]:
    return [turn["text"] for turn in row["turns"] if turn["role"] == role]


def test_a_conversation_is_the_engines_own_turn_by_turn(out: Path) -> None:
    done = talk(out, TWO)
    assert done.facts == {"conversations": 1, "turns": 3, "made_now": 1, "failures": 0}
    [row] = rows(out, "chats")
    assert row["name"] == "compared"
    assert texts(row, "user") == [
        "<sound-1> Who is speaking?",
        "And in <sound-2>?",
        "Is there music in it?",
    ]
    first, second = row["sounds"]
    assert (first["recording_id"], first["start_ms"]) == (row["recording_id"], row["start_ms"])
    assert first["start_ms"] <= 10_000 < first["end_ms"]
    assert second["start_ms"] <= 40_000 < second["end_ms"]
    heard = [heard_in(out, sound) for sound in (first, second)]
    engine, turns = Af3Engine.load(find_checkpoint("nano")), []
    for number, asked in enumerate(texts(row, "user")):
        turns.append(Turn("user", asked))
        request = Request(tuple(heard[: 1 + min(number, 1)]), tuple(turns), Decoding(24))
        [answer] = engine.answer([request])
        assert isinstance(answer, Answer)
        assert texts(row, "assistant")[number] == answer.text
        turns.append(Turn("assistant", answer.text))
    assert talk(out, TWO).facts["made_now"] == 0
    assert rows(out, "chats") == [row]


def heard_in(out: Path, sound: dict[str, Any]) -> Sound:
    clip = ClipObject(sound["clip_uri"], sound["clip_start_ms"])
    span = (sound["start_ms"], sound["end_ms"])
    read = clip_sounds(clip, [span], open_store(str(out)))[span]
    assert isinstance(read, Sound)
    return read


def test_one_conversation_for_all_that_match(out: Path) -> None:
    assert talk(out, ALL).facts["conversations"] == 4
    speech = {row["segment_id"]: row["speech_ms"] for row in rows(out, "segments")}
    answered = {row["segment_id"]: row["choice"] or row["text"] for row in rows(out, "answers")}
    found = rows(out, "chats")
    assert len({row["chat_id"] for row in found}) == 4
    for row in found:
        [sound] = row["sounds"]
        assert speech[sound["segment_id"]] > 5000
        assert len(texts(row, "assistant")) == 2
        said = texts(row, "assistant")[0].lower()
        assert answered[sound["segment_id"]] in said
    assert talk(out, ALL + TWO).facts["conversations"] == 5


def test_a_served_model_gets_the_turns_so_far(out: Path) -> None:
    with chat_server() as server:
        served = ["--engine", "openai", "--endpoint", server.endpoint, "--model", "af3"]
        served += ["--server", "openai"]  # which keeps a sound among words
        talk(out, TWO, *served)
        [row] = rows(out, "chats")
        assert row["engine"] == "openai"
        answers = texts(row, "assistant")
        assert answers[0].startswith("user[")
        assert answers[0].endswith("s| Who is speaking?]")
        assert answers[1].startswith(f"{answers[0]} assistant[{answers[0]}] user[And in |")
        assert len(server.bodies) == 3
        [again] = server.bodies[2]["messages"][3]["content"]
        assert again["text"] == answers[1]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("a: {turns: [x], sounds: [none.mp3@0:10]}", "no published recording has that name and"),
        ("a: {turns: [x], sounds: [show.opus@0:10]}", "no published recording has that name and"),
        ("a: {turns: [x], sounds: [reel_17.wav@9:10]}", "no published recording has that name and"),
        ("a: {turns: [x], sounds: [abc]}", "segment abc is not published; see af3 query"),
        ("a: {turns: [x], where: nothing = 1}", "where: Binder Error"),
        ("a: {turns: [x], where: caption LIKE}", "where: Parser Error"),
        ("a: {turns: [x], where: 1 = 2}", "where: no published segment of the interval matches"),
        ("a: {turn: [x]}", "unknown key 'turn'"),
    ],
)
def test_mistakes_are_one_line_before_anything_is_asked(
    script: str, message: str, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "talk.yaml"
    file.write_text(f"{TWO}{script}")
    before = sorted(str(path) for path in (out / "ledger").rglob("*"))
    assert main(["chat", "--out", str(out), "--conversations", str(file)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"af3: {file}:8: conversation a: ")
    assert message in line
    assert sorted(str(path) for path in (out / "ledger").rglob("*")) == before


def test_a_file_is_needed(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chat", "--out", str(out)]) == 2
    assert "--conversations is missing" in capsys.readouterr().err


def test_what_an_answer_holds_plays_no_sound() -> None:
    [script] = parse_scripts(TWO, "t")
    segment = ChosenSegment("2026-11-21", "r", "s", 0, 1000, "c", 0, "r.wav")
    held = ScriptedConversation(script, (segment, segment))
    sound = {"s": Sound(np.zeros(16_000, np.float32))}
    said = Answer("Look: <sound-1><|im_end|>", 3, None, "stop")
    request = chat_job.request_of(held, [said], sound, Decoding(8))
    assert request.turns[1] == Turn("assistant", "Look: < sound-1>< |im_end|>")
    check_request(request)
    assert place_sounds(request)[0] == [0, 1]
