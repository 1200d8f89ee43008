"""One answer, printed as it is written and played as it is spoken."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing

from af3core.errors import ConfigurationError
from af3core.model.audio_limits import SAMPLE_RATE_HZ, AudioLimit
from af3core.model.request import Request
from af3core.speech.spoken_answer import spoken_answer
from af3core.speech.voice import AudioChunk
from beam_jobs.talk.answer_times import AnswerTimes
from beam_jobs.talk.answerer import Answerer
from beam_jobs.talk.devices import Device
from beam_jobs.talk.loudspeaker import Loudspeaker
from beam_jobs.talk.terminal import show, tell

_SHOWN = {
    "first_text_s": "first text",
    "first_sound_s": "first sound",
    "written_s": "text ended",
}
Play = Callable[[AudioChunk], None]


class AnswerOutput:
    """Tells answers of one model and voice.

    Args:
        answerer: the model and its voice.
        loudspeaker: where its speech sounds, if anywhere.
        write: takes its speech too, such as a file.
        must_sound: whether a loudspeaker that cannot be opened is an error, not a line.
    """

    def __init__(
        self,
        answerer: Answerer,
        loudspeaker: Device | None,
        write: Play | None,
        must_sound: bool,
    ) -> None:
        self._answerer = answerer
        self._loudspeaker = loudspeaker
        self._write = write
        self._must_sound = must_sound

    @property
    def limit(self) -> AudioLimit:
        """How much the model hears."""
        return self._answerer.limit

    def tell(self, request: Request, stop: threading.Event) -> str:
        """Ask, print, play to the end; the text that was told.

        `stop` ends all of it at once.

        Raises:
            ModelError: the model could not answer.
            ConfigurationError: the loudspeaker cannot be opened, and must sound.
        """
        with ExitStack() as stack:
            loudspeaker = self._open_loudspeaker(stack)
            plays = [self._write] if self._write else []
            plays += [loudspeaker.play] if loudspeaker else []
            text, figures = self._write_and_speak(request, plays, stop)
            tell(figures)
            if loudspeaker and not stop.is_set() and not loudspeaker.wait(stop):
                show("\n")
                if not stop.is_set():
                    tell("the loudspeaker plays no more; what is left was not spoken")
        return text

    def _write_and_speak(
        self, request: Request, plays: Sequence[Play], stop: threading.Event
    ) -> tuple[str, str]:
        """The text, and what is to be said of it."""
        times, text = AnswerTimes(), ""
        voice = self._answerer.voice if plays else _SilentVoice()
        told = spoken_answer(self._answerer.engine, request, voice, stop)
        with closing(told) as events:
            for event in events:
                times.note(event)
                if isinstance(event, str):
                    text += event
                    print(_harmless(event), end="", flush=True)
                elif isinstance(event, AudioChunk):
                    for play in plays:
                        play(event)
        print(flush=True)
        parts = [f"{_SHOWN[name]} after {at:.2f} s" for name, at in times.first.items()]
        spoken = [f"{times.spoken_ms / 1000:.1f} s of speech"] if plays else []
        return text, "; ".join([", ".join(parts) or "no text", *spoken])

    def _open_loudspeaker(self, stack: ExitStack) -> Loudspeaker | None:
        if self._loudspeaker is None:
            return None
        rate_hz = self._answerer.voice.sample_rate_hz
        try:
            return stack.enter_context(Loudspeaker(self._loudspeaker, rate_hz))
        except ConfigurationError as error:
            if self._must_sound:
                raise
            tell(f"not spoken: {error}")
            return None


class _SilentVoice:
    """A voice for an answer that nobody hears."""

    name = "mute"
    sample_rate_hz = SAMPLE_RATE_HZ

    def speak(self, pieces: Iterable[str]) -> Iterator[AudioChunk]:
        for _ in pieces:
            yield from ()


def _harmless(text: str) -> str:
    """Without signs that move a terminal's cursor or colour it."""
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in text)
