"""Questions one after the other, spoken into a microphone or typed, until Ctrl-D."""

from __future__ import annotations

import math
import threading

from af3core.errors import Af3Error, ConfigurationError
from af3core.model.request import Sound
from beam_jobs.framework.progress import clock
from beam_jobs.talk import terminal
from beam_jobs.talk.answer_output import AnswerOutput
from beam_jobs.talk.devices import Device
from beam_jobs.talk.microphone import MicrophoneRecording
from beam_jobs.talk.turns import Exchange, Question, question_limit_s, request_after

_SHORTEST_LIMIT_S = 1.0
_INTERRUPTED = 130
_PROMPT = "> "
_BAR_SIGNS, _QUIETEST_DBFS = 20, -60.0


class TalkConversation:
    """Asks for questions and tells their answers.

    Args:
        about: what the questions are about.
        microphone: that hears them.
        teller: of the answers.
        remembers: whether what was said before is asked again with the next question.

    Raises:
        ConfigurationError: the sound leaves no room for a spoken question.
    """

    def __init__(
        self, about: Sound, microphone: Device, teller: AnswerOutput, *, remembers: bool
    ) -> None:
        self._about, self._microphone, self._teller = about, microphone, teller
        self._remembers = remembers
        self._limit_s = question_limit_s(about, teller.limit)
        if self._limit_s < _SHORTEST_LIMIT_S:
            raise ConfigurationError(
                f"--about is {teller.limit.max_s / 60:g} minutes long, which is all that the model"
                " hears: cut it, or ask in writing by --text"
            )
        self._earlier: list[Exchange] = []

    def hold(self) -> int:
        """Talk until Ctrl-D (exit code 0) or Ctrl-C where nothing is being done (130)."""
        terminal.tell(
            f"Enter begins a question, Enter ends it ({self._limit_s:.0f} s at most); or type one."
        )
        terminal.tell("Ctrl-C stops a question or an answer; Ctrl-D ends.")
        if not self._remembers:
            terminal.tell("nano knows no conversations: it is asked each question by itself.")
        with terminal.interrupts() as interrupted:
            while True:
                line = self._read_question(interrupted)
                if line is None:
                    return _INTERRUPTED
                if line == terminal.ENDED:
                    return 0
                try:
                    question = line.strip() or self._record_question(interrupted)
                    if question:
                        self._answer(question, interrupted)
                except Af3Error as error:
                    terminal.tell(str(error))
                interrupted.clear()

    def _read_question(self, interrupted: threading.Event) -> str | None:
        """What was typed; None for Ctrl-C."""
        terminal.forget_typed()
        terminal.show(_PROMPT)
        while not interrupted.is_set():
            if (line := terminal.typed_line()) is not None:
                if line == terminal.ENDED:
                    terminal.show("\n")
                return line
        terminal.show("\n")
        return None

    def _record_question(self, interrupted: threading.Event) -> Sound | None:
        """What was said until Enter; None where it is not to be asked, which is said."""
        remark = ""
        with MicrophoneRecording(self._microphone) as recording:
            terminal.show_moving("", otherwise="recording; Enter ends it")
            while terminal.typed_line() is None:
                if recording.duration_s:  # nobody should speak before the device listens
                    terminal.show_moving(_state(recording))
                if interrupted.is_set():
                    remark = "dropped"
                elif recording.duration_s >= self._limit_s:
                    remark = "ended as it may be no longer"
                elif not recording.runs:
                    remark = "ended as the microphone gives no more"
                else:
                    continue
                terminal.show("\n")
                break
        if recording.incomplete:
            remark = remark or "with gaps, as this machine was too busy to hear all of it"
        length = f"{min(recording.duration_s, self._limit_s):.1f} s"
        if recording.silent and not interrupted.is_set():
            terminal.tell(
                f"{length} of silence: the microphone is muted, or take another by --microphone"
            )
            return None
        terminal.tell(f"a question of {length}{remark and ', '}{remark}")
        if interrupted.is_set():
            return None
        return recording.sound(self._limit_s)

    def _answer(self, question: Question, interrupted: threading.Event) -> None:
        request = request_after(self._about, self._earlier, question, self._teller.limit)
        text = self._teller.tell(request, interrupted)
        if text and self._remembers:
            self._earlier.append(Exchange(question, text))


def _state(recording: MicrophoneRecording) -> str:
    """How long it records, and how loud it is."""
    level_dbfs = 20 * math.log10(max(recording.peak, 1e-6))
    signs = round(_BAR_SIGNS * (1 - min(level_dbfs, 0.0) / _QUIETEST_DBFS))
    bar = "█" * max(0, signs)
    return f"● {clock(round(1000 * recording.duration_s))} {bar:<{_BAR_SIGNS}} Enter ends it"
