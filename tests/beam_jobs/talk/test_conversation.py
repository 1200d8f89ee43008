"""Questions by microphone, answers by loudspeaker: `af3 talk` in a terminal, on virtual devices."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from af3core.model.audio_limits import AF3_LIMIT
from af3core.nano.demo_archive import ARCHIVE, DATE
from beam_jobs.talk.question_sounds import sound_of_file
from tests.af3core.speech.talkers import espeak_file
from tests.beam_jobs.talk.sound_devices import HEARD_RATE_HZ, SoundDevices, heard, sound_devices
from tests.beam_jobs.talk.typing_in import CTRL_C, CTRL_D, ENTER, Terminal, af3_in_terminal

pytestmark = pytest.mark.sound_devices

PROMPT = r"(?m)^> "
RECORDS = "● 0:0[1-9]"
"""Half a second was recorded: the clock rounds."""


@pytest.fixture
def devices() -> Iterator[SoundDevices]:
    with sound_devices() as running:
        yield running


@pytest.fixture(scope="module")
def about(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """25 s of the cooking show."""
    path = tmp_path_factory.mktemp("about") / "show.wav"
    show = sound_of_file(str(ARCHIVE / DATE / "cooking_show.opus"), AF3_LIMIT)
    soundfile.write(path, show.samples[60 * 16_000 : 85 * 16_000], 16_000)
    return path


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return espeak_file(tmp_path_factory.mktemp("question"), "Who is speaking?")


def sounding_s(path: Path) -> float:
    """From the first sound to the last."""
    at = np.flatnonzero(np.abs(heard(path)) > 0.01)
    return float(np.ptp(at)) / HEARD_RATE_HZ if len(at) else 0.0


def spoken(terminal: Terminal) -> float:
    """Seconds of speech of the answer that comes next."""
    return float(terminal.until(r"first sound after .*?; ([\d.]+) s of speech\n")[1])


def test_a_question_by_microphone_is_answered_by_loudspeaker(
    devices: SoundDevices, about: Path, question: Path, tmp_path: Path
) -> None:
    target = tmp_path / "heard.raw"
    with (
        af3_in_terminal(["talk", "--about", str(about)], devices.environment) as terminal,
        devices.listening(target),
    ):
        terminal.until("Enter begins a question, Enter ends it \\(60 s at most\\)")
        terminal.until(PROMPT)
        terminal.type(ENTER)
        terminal.until(RECORDS)
        devices.say(question)
        terminal.until("███")
        time.sleep(0.5)
        terminal.type(ENTER)
        recorded_s = float(terminal.until(r"a question of ([\d.]+) s\n")[1])
        assert recorded_s > soundfile.info(question).duration
        assert terminal.until(r"(?s)(.*)\naf3: first text after")[1].strip()
        speech_s = spoken(terminal)
        terminal.until(PROMPT)
        assert devices.streams() == ""
        time.sleep(0.5)
        terminal.type(CTRL_D)
        assert terminal.ended() == 0
    assert sounding_s(target) == pytest.approx(speech_s, abs=0.5)


def test_ctrl_c_stops_the_answer_and_goes_on_to_the_next_question(
    devices: SoundDevices, about: Path, tmp_path: Path
) -> None:
    target = tmp_path / "heard.raw"
    with af3_in_terminal(["talk", "--about", str(about)], devices.environment) as terminal:
        terminal.until(PROMPT)
        with devices.listening(target):
            terminal.type("Transcribe the input speech." + ENTER)
            terminal.until("\nthe ignorant garlic will be innocent")
            terminal.until("first sound after .*; 1[0-9].[0-9] s of speech")
            time.sleep(1.5)
            assert devices.streams() != ""
            threads = terminal.threads()
            terminal.type(CTRL_C)
            terminal.until(PROMPT)
            assert devices.streams() == ""
            assert terminal.threads() < threads
            time.sleep(1.0)
        assert 0.5 < sounding_s(target) < 5.0
        threads = terminal.threads()
        terminal.type("What is the speaker talking about?" + ENTER)
        terminal.until("\nCooking.\n")
        terminal.until(PROMPT)
        assert terminal.threads() == threads
        terminal.type(CTRL_C)
        assert terminal.ended() == 130


def test_what_is_recorded_in_vain_is_said(devices: SoundDevices, about: Path) -> None:
    with af3_in_terminal(["talk", "--about", str(about)], devices.environment) as terminal:
        terminal.until(PROMPT)
        terminal.type(ENTER)
        terminal.until(RECORDS)
        terminal.type(CTRL_C)
        terminal.until(r"a question of [\d.]+ s, dropped\n")
        terminal.until(PROMPT)
        devices.mute()
        terminal.type(ENTER)
        terminal.until(RECORDS)
        terminal.type(ENTER)
        terminal.until(r"af3: [\d.]+ s of silence: the microphone is muted, or take another by")
        terminal.until(PROMPT)
        terminal.type(ENTER)
        terminal.until(RECORDS)
        devices.unplug()
        terminal.until(r"s of silence")
        terminal.until(PROMPT)
        terminal.type(ENTER)
        terminal.until(r"\naf3: microphone 1 \(default\) cannot be opened: [^\n]*\n")
        terminal.until(PROMPT)
        terminal.type("Is there music?" + ENTER)
        terminal.until(r"\naf3: not spoken: loudspeaker 1 \(default\) cannot be opened: [^\n]*\n")
        terminal.until("Yes, fast flute music.\n")
        terminal.until(PROMPT)
        terminal.type(CTRL_D)
        assert terminal.ended() == 0


def test_answers_of_a_conversation_are_one_file_and_silent(
    devices: SoundDevices, about: Path, tmp_path: Path
) -> None:
    target = tmp_path / "answers.wav"
    arguments = ["talk", "--about", str(about), "--answer", str(target)]
    with af3_in_terminal(arguments, devices.environment) as terminal:
        speech_s = 0.0
        for text in ("What is the speaker talking about?", "Is there music?"):
            terminal.until(PROMPT)
            terminal.type(text + ENTER)
            speech_s += spoken(terminal)
            assert devices.streams() == ""
        terminal.until(PROMPT)
        terminal.type(CTRL_C)
        assert terminal.ended() == 130
    assert soundfile.info(target).duration == pytest.approx(speech_s, abs=0.1)


def test_a_sound_that_fills_the_model_leaves_no_room(devices: SoundDevices, tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(600 * 16_000, np.float32), 16_000)
    with af3_in_terminal(["talk", "--about", str(path)], devices.environment) as terminal:
        terminal.until("af3: --about is 10 minutes long, which is all that the model hears: cut")
        assert terminal.ended() == 2


@pytest.mark.skipif(Path("/dev/snd").exists(), reason="this machine has a sound card")
def test_without_a_microphone_it_ends_before_the_model_is_loaded(about: Path) -> None:
    environment = os.environ | {"PULSE_SERVER": "unix:/none"}
    arguments = ["talk", "--about", str(about), "--model", "none"]
    with af3_in_terminal(arguments, environment) as terminal:
        terminal.until("af3: there is no microphone: connect one, and look with af3 talk --devices")
        assert terminal.ended() == 2
        assert terminal.shown.count("\n") == 1
