"""Questions by voice and in writing, answered in writing and by voice at once."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from af3core.errors import ConfigurationError
from af3core.model.audio_limits import AF3_LIMIT
from af3core.model.request import Answer, Decoding, Request, Sound, Turn
from af3core.nano.demo_archive import ARCHIVE, DATE
from af3core.speech.spoken_answer import spoken_answer
from af3core.speech.voice import AudioChunk
from af3core.speech.voice_registry import open_voice
from beam_jobs.cli import main
from beam_jobs.talk.question_sounds import sound_about
from tests.af3core.speech.talkers import espeak_file, nano
from tests.beam_jobs.demo import demo_night

SHOW = ARCHIVE / DATE / "cooking_show.opus"


@pytest.fixture(scope="module")
def engine() -> Any:
    return nano()


@pytest.fixture(scope="module")
def sound() -> Sound:
    whole = sound_about(str(SHOW), "out", AF3_LIMIT)
    return Sound(whole.samples[: 25 * 16_000])


def asked(sound: Sound, text: str) -> Request:
    return Request((sound,), (Turn("user", text),), Decoding(192))


def kinds(events: list[Any]) -> list[type]:
    return [type(event) for event in events]


def test_the_first_sound_comes_before_the_text_ends(engine: Any, sound: Sound) -> None:
    request = asked(sound, "Transcribe the input speech.")
    events = list(spoken_answer(engine, request, open_voice()))
    answer = next(event for event in events if isinstance(event, Answer))
    assert "".join(event for event in events if isinstance(event, str)) == answer.text
    assert answer.text == engine.answer([request])[0].text
    assert kinds(events).index(AudioChunk) < kinds(events).index(Answer)
    heard = np.concatenate([e.samples for e in events if isinstance(e, AudioChunk)])
    assert len(heard) > 16_000 * len(answer.text.split()) / 5
    assert float(np.abs(heard).max()) > 0.05


def nothing_new_runs(before: set[threading.Thread]) -> bool:
    """Within some seconds: a thread that has closed its stream may still be at its last line."""
    deadline = time.monotonic() + 10
    while set(threading.enumerate()) - before and time.monotonic() < deadline:
        time.sleep(0.05)
    return not set(threading.enumerate()) - before


def test_stopping_ends_writing_and_speaking(engine: Any, sound: Sound) -> None:
    before = set(threading.enumerate())
    stop = threading.Event()
    events = []
    for event in spoken_answer(
        engine, asked(sound, "Transcribe the input speech."), open_voice(), stop
    ):
        events.append(event)
        if isinstance(event, AudioChunk):
            stop.set()
    assert not any(isinstance(event, Answer) for event in events)
    assert nothing_new_runs(before)


def test_a_listener_who_leaves_leaves_nothing_running(engine: Any, sound: Sound) -> None:
    before = set(threading.enumerate())
    for _ in range(20):
        answering = spoken_answer(engine, asked(sound, "Who is speaking?"), open_voice())
        next(answering)
        answering.close()
    assert nothing_new_runs(before)


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A question, spoken by espeak-ng."""
    return espeak_file(tmp_path_factory.mktemp("question"), "Who is speaking?")


def test_a_spoken_question_gets_a_spoken_answer(
    question: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "answer.opus"
    assert main(["talk", str(question), "--about", str(SHOW), "--answer", str(target)]) == 0
    said = capsys.readouterr()
    assert said.out.strip()
    first_sound, written = (
        float(said.err.split(f"{name} after ")[1].split(" s")[0])
        for name in ("first sound", "text ended")
    )
    assert first_sound > 0
    assert written > 0
    samples, rate_hz = soundfile.read(target)
    assert rate_hz == 48_000 or rate_hz == 24_000
    assert float(np.abs(samples).max()) > 0.05


def test_a_place_of_the_archive_is_asked_about_in_writing(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = demo_night(shared)
    capsys.readouterr()
    place = ["--about", "cooking_show.opus@1:05", "--out", str(out)]
    assert main(["talk", "--text", "What is the speaker talking about?", *place]) == 0
    assert capsys.readouterr().out == "Cooking.\n"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ((), "talk: give the question as a sound file, or in writing by --text"),
        (("q.wav", "--text", "Who?"), "talk: give the question as a sound file, or in writing"),
        (("none.wav",), "none.wav: there is no such sound file"),
        (
            ("--text", "Who?", "--answer", "a.mp3"),
            "--answer a.mp3: write a file that ends in .opus",
        ),
        (
            ("--text", "Who?", "--answer", "/none/a.wav"),
            "--answer /none/a.wav: its folder does not",
        ),
        (("--text", "Who?", "--voice", "none"), "voice none: neither espeak nor a checkpoint"),
    ],
)
def test_what_cannot_begin_is_one_line(
    given: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["talk", "--about", str(SHOW), *given]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"af3: {line}")
    assert said.count("\n") == 1


def test_a_place_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no tables there"):
        sound_about("a.wav@0:10", str(tmp_path), AF3_LIMIT)
