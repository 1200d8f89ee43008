"""`af3 talk`: options in; answers on stdout as they are written, aloud and in a file."""

from __future__ import annotations

import argparse
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from af3core.errors import ConfigurationError
from af3core.model.weights.checkpoint import NANO, find_checkpoint
from af3core.speech.sound_file import SoundWriter
from beam_jobs.framework.process import say
from beam_jobs.talk.answer_output import AnswerOutput
from beam_jobs.talk.answerer import open_answerer, request_about
from beam_jobs.talk.conversation import TalkConversation
from beam_jobs.talk.devices import Device, device_lines, find_device
from beam_jobs.talk.question_sounds import sound_about, sound_of_file
from beam_jobs.talk.terminal import is_terminal, tell

DESCRIPTION = """\
Ask about a sound. The answer is printed as the model writes it, and spoken meanwhile.

  af3 talk --about interview.mp3                        by the microphone, question by question
  af3 talk question.wav --about interview.mp3           by a sound file
  af3 talk --text "Who is speaking?" --about cooking_show.opus@1:05 --out NIGHT
  af3 talk question.wav --about interview.mp3 --answer answer.opus
  af3 talk --devices

With neither FILE nor --text it asks for questions: Enter begins one and Enter ends it (60 s at
most), or it is typed. Ctrl-C stops a question or an answer, Ctrl-D ends. The earlier questions and
answers are asked again with the next one, but for nano, which knows no conversations.

A spoken question is a sound like any other to the model: it hears the question, then what the
question is about, as much in all as it hears (AF3: ten minutes). Microphone and loudspeaker need
PortAudio; on Debian and Ubuntu: apt install libportaudio2."""
_KINDS = {".opus": "opus", ".ogg": "opus", ".wav": "wav"}


def run_talk(known: argparse.Namespace) -> int:
    """Ask, print, speak; figures on stderr.

    Raises:
        ConfigurationError: no question, an unknown sound, model, voice or device.
        ModelError: the model could not answer the one question.
    """
    if known.devices:
        say(device_lines())
        return 0
    microphone = _microphone(known)
    loudspeaker = _named_loudspeaker(known)
    kind = _kind(known.answer) if known.answer else None
    limit = find_checkpoint(known.model, known.model_revision, with_weights=False).limit
    about = sound_about(known.about, known.out, limit)
    question = sound_of_file(known.question, limit) if known.question else known.text
    answerer = open_answerer(known)
    if not (loudspeaker or known.mute or known.answer):
        loudspeaker = _any_loudspeaker()
    with ExitStack() as stack:
        write = None
        if kind:
            target, rate_hz = Path(known.answer), answerer.voice.sample_rate_hz
            write = stack.enter_context(SoundWriter(target, kind, rate_hz)).write
        teller = AnswerOutput(answerer, loudspeaker, write, must_sound=bool(known.loudspeaker))
        if microphone:
            remembers = known.model != NANO
            return TalkConversation(about, microphone, teller, remembers=remembers).hold()
        teller.tell(request_about(about, question), threading.Event())
    return 0


def _microphone(known: argparse.Namespace) -> Device | None:
    """The microphone, where the question comes neither from a file nor in writing.

    Raises:
        ConfigurationError: there are two questions, or none and nobody to ask; no microphone.
    """
    if known.question and known.text:
        raise ConfigurationError("talk: give the question as a sound file, or in writing by --text")
    if known.question or known.text:
        if known.microphone:
            raise ConfigurationError("--microphone: leave it out, or the question's file or --text")
        return None
    if not is_terminal():
        raise ConfigurationError(
            "talk: give the question as a sound file, or in writing by --text; the microphone is"
            " for a terminal"
        )
    return find_device("input", known.microphone)


def _named_loudspeaker(known: argparse.Namespace) -> Device | None:
    """The loudspeaker that was asked for.

    Raises:
        ConfigurationError: there is none of this name, or no sound was asked for too.
    """
    if known.loudspeaker and known.mute:
        raise ConfigurationError("--mute and --loudspeaker: take one of them")
    return find_device("output", known.loudspeaker) if known.loudspeaker else None


def _any_loudspeaker() -> Device | None:
    """Where answers sound; a machine without a loudspeaker still writes them."""
    try:
        return find_device("output", None)
    except ConfigurationError as error:
        tell(f"not spoken: {error}")
        return None


def _kind(path: str) -> Any:
    suffix = Path(path).suffix.lower()
    if suffix not in _KINDS:
        raise ConfigurationError(f"--answer {path}: write a file that ends in .opus or .wav")
    if not Path(path).absolute().parent.is_dir():
        raise ConfigurationError(f"--answer {path}: its folder does not exist; make it")
    return _KINDS[suffix]
