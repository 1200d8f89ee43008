"""`af3 talk`: options in, the answer on stdout as it is written, its speech in a file."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from af3core.errors import ConfigurationError
from af3core.model.request import Answer, Request
from af3core.voice.answering import spoken_answer
from af3core.voice.sound_file import SoundWriter
from af3core.voice.voice import AudioChunk
from beam_jobs.talk.answerer import add_answerer, open_answerer, request_about
from beam_jobs.talk.sounds import sound_about, sound_of_file

SUMMARY = "ask by voice or in writing about a sound; the answer is written and spoken as it comes"
_DESCRIPTION = """\
Ask about a sound. The answer is printed as the model writes it, and spoken meanwhile.

  af3 talk question.wav --about interview.mp3 --answer answer.opus
  af3 talk --text "Who is speaking?" --about cooking_show.opus@1:05 --out NIGHT --answer a.wav

A spoken question is a sound like any other to the model: it hears the question, then what the
question is about."""
_KINDS = {".opus": "opus", ".ogg": "opus", ".wav": "wav"}


def add_talk(commands: Any) -> None:
    """Add the command to the others."""
    parser = commands.add_parser(
        "talk",
        help=SUMMARY,
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("question", nargs="?", metavar="FILE", help="sound file of the question")
    parser.add_argument("--text", default="", metavar="TEXT", help="the question in writing")
    parser.add_argument(
        "--about", required=True, metavar="SOUND", help="sound file, or OBJECT@M:SS of --out"
    )
    parser.add_argument("--out", default="out", metavar="DIR", help="folder or gs:// of a night")
    parser.add_argument(
        "--answer", metavar="FILE", help="speech of the answer, .opus or .wav (default: none)"
    )
    add_answerer(parser, "nano")


def run_talk(known: argparse.Namespace) -> int:
    """Ask, print, speak; figures on stderr.

    Raises:
        ConfigurationError: no question, an unknown sound, model or voice.
        ModelError: the model could not answer.
    """
    request = request_of(known)
    kind = _kind(known.answer) if known.answer else None
    answerer = open_answerer(known)
    begun = time.monotonic()
    times: dict[str, float] = {}
    spoken_ms = 0
    with ExitStack() as stack:
        writer = None
        if kind:
            target = Path(known.answer)
            writer = stack.enter_context(SoundWriter(target, kind, answerer.voice.sample_rate_hz))
        spoken = spoken_answer(answerer.engine, request, answerer.voice)
        events = stack.enter_context(closing(spoken))
        for event in events:
            at = time.monotonic() - begun
            if isinstance(event, str):
                times.setdefault("text", at)
                print(event, end="", flush=True)
            elif isinstance(event, Answer):
                times["written"] = at
            else:
                times.setdefault("sound", at)
                spoken_ms += event.duration_ms
                _write(writer, event)
    print()
    print(_figures(times, spoken_ms), file=sys.stderr)
    return 0


def request_of(known: argparse.Namespace) -> Request:
    """The question and what it is about, as the model is asked.

    Raises:
        ConfigurationError: there is no question, or there are two.
    """
    if bool(known.question) == bool(known.text):
        raise ConfigurationError("talk: give the question as a sound file, or in writing by --text")
    about = sound_about(known.about, known.out)
    return request_about(about, sound_of_file(known.question) if known.question else known.text)


def _kind(path: str) -> Any:
    suffix = Path(path).suffix.lower()
    if suffix not in _KINDS:
        raise ConfigurationError(f"--answer {path}: write a file that ends in .opus or .wav")
    if not Path(path).absolute().parent.is_dir():
        raise ConfigurationError(f"--answer {path}: its folder does not exist; make it")
    return _KINDS[suffix]


def _write(writer: SoundWriter | None, chunk: AudioChunk) -> None:
    if writer is not None:
        writer.write(chunk)


def _figures(times: dict[str, float], spoken_ms: int) -> str:
    shown = {"text": "first text", "sound": "first sound", "written": "text ended"}
    parts = [f"{shown[name]} after {at:.2f} s" for name, at in times.items()]
    return f"af3: {', '.join(parts)}; {spoken_ms / 1000:.1f} s of speech"
