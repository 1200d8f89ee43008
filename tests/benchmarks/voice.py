"""Voices: `python -m tests.benchmarks.voice [espeak|FOLDER|HUB_ID ...]`.

Each voice speaks answers of nano's world that stream in at 20 words a second, as fast as the
listener takes them: how long after the first sentence's last word the first sound comes, what lies
between two chunks, how fast it speaks, and how many words nano then gets wrong. Random weights
(`--random-weights`, at the size of MMS's and of Pocket TTS's) show how fast the code runs on a text
that is there at once; how long they speak for it, and what, means nothing.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.weights.checkpoint import NANO, find_checkpoint
from af3core.speech.ahead_of_playback import speak_stream
from af3core.speech.espeak_voice import ESPEAK
from af3core.speech.text_chunks import chunk_text
from af3core.speech.voice import AudioChunk, Voice
from af3core.speech.voice_registry import open_voice
from tests.af3core.speech.hearing import answers_of_nanos_world, by_piece, error_rate
from tests.af3core.speech.tiny_voices import save_pocket, save_vits
from tests.benchmarks.report import header, line

_ANSWERS, _WORDS_PER_S = 8, 20.0
_RANDOM_TEXT = "The rain falls."
PAPER = "AF3-Chat on an A100: "


@dataclass
class Heard:
    """Of one answer: chunks, when the first sentence was written, when each chunk came."""

    chunks: list[AudioChunk] = field(default_factory=list)
    asked_s: float = 0.0
    sentence_s: float = 0.0
    text_ended_s: float = 0.0
    came_s: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("voices", nargs="*", default=[ESPEAK])
    parser.add_argument("--random-weights", action="store_true")
    arguments = parser.parse_args()
    header("Voices", "torch", "transformers", "espeakng-loader")
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.voices:
            _report(open_voice(name))
        if arguments.random_weights:
            vits = save_vits(Path(scratch) / "vits, random weights", full_size=True)
            pocket = save_pocket(Path(scratch) / "pocket_tts, random weights", full_size=True)
            for folder in (vits, pocket):
                _report_speed(open_voice(str(folder)))


def _report(voice: Voice) -> None:
    print(voice.name)
    list(voice.speak(["Warm up."]))
    heard = [_listen(voice, text) for text in answers_of_nanos_world(_ANSWERS)]
    first_s = median(one.came_s[0] - one.sentence_s for one in heard)
    line("first sound after the first sentence is written", f"{first_s:.3f} s", PAPER + "0.15 s")
    asked_s = median(one.came_s[0] - one.asked_s for one in heard)
    line("first sound after the first word is written", f"{asked_s:.2f} s")
    left_s = median(one.text_ended_s - one.came_s[0] for one in heard)
    line("text still to come at the first sound", f"{left_s:.2f} s")
    _report_whole(voice, answers_of_nanos_world(_ANSWERS))
    engine = Af3Engine.load(find_checkpoint(NANO))
    wrong = error_rate(engine, [piece for one in heard for piece in by_piece(one.chunks)])
    line("words that nano gets wrong", f"{wrong:.1%}", "nano on unseen voices: 3.7 %")


def _report_speed(voice: Voice) -> None:
    """Of a voice whose words mean nothing."""
    print(voice.name)
    list(voice.speak(["Up."]))
    begun = time.perf_counter()
    next(voice.speak([_RANDOM_TEXT]))
    line("first sound of a piece", f"{time.perf_counter() - begun:.3f} s", PAPER + "0.15 s")
    _report_whole(voice, [_RANDOM_TEXT])


def _report_whole(voice: Voice, texts: list[str]) -> None:
    synthesis_s, speech_s, gap_s = _alone(voice, texts)
    line("between two chunks, text whole, at most", f"{gap_s:.3f} s", PAPER + "0.06 s a token")
    line("10 s of speech", f"{10 * synthesis_s / speech_s:.2f} s", PAPER + "6.68 s")
    line("synthesis over speech", f"{synthesis_s / speech_s:.4f}")


def _listen(voice: Voice, text: str) -> Heard:
    """Take the chunks of a text that is being written."""
    heard = Heard(asked_s=time.perf_counter())

    def written() -> Iterator[str]:
        for word in text.replace(" ", " \0").split("\0"):
            time.sleep(1 / _WORDS_PER_S)
            yield word
            if "." in word and not heard.sentence_s:
                heard.sentence_s = time.perf_counter()
        heard.text_ended_s = time.perf_counter()

    for chunk in speak_stream(voice, written(), chunks_ahead=10_000):
        heard.came_s.append(time.perf_counter())
        heard.chunks.append(chunk)
    return heard


def _alone(voice: Voice, texts: list[str]) -> tuple[float, float, float]:
    """Seconds of synthesis, of speech, and the longest between two chunks, of whole texts."""
    synthesis_s, speech_s, gap_s = 0.0, 0.0, 0.0
    for text in texts:
        last = begun = time.perf_counter()
        for number, chunk in enumerate(voice.speak(chunk_text([text]))):
            now = time.perf_counter()
            gap_s = max(gap_s, now - last) if number else gap_s
            speech_s += len(chunk.samples) / chunk.sample_rate_hz
            last = now
        synthesis_s += last - begun
    return synthesis_s, speech_s, gap_s


if __name__ == "__main__":
    main()
