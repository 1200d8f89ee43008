"""When an answer's first text and first sound came, and how long it speaks."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from af3core.model.request import Answer
from af3core.speech.spoken_answer import Spoken


@dataclass
class AnswerTimes:
    """Times since the question was whole, noted event by event.

    Attributes:
        first: `first_text_s`, `first_sound_s` and `written_s`, in the order in which they came.
        spoken_ms: length of the speech so far.
    """

    first: dict[str, float] = field(default_factory=dict)
    spoken_ms: int = 0
    _begun: float = field(default_factory=time.monotonic)

    def note(self, event: Spoken) -> None:
        """Take an event of an answer into account."""
        at = time.monotonic() - self._begun
        if isinstance(event, str):
            self.first.setdefault("first_text_s", at)
        elif isinstance(event, Answer):
            self.first.setdefault("written_s", at)
        else:
            self.first.setdefault("first_sound_s", at)
            self.spoken_ms += event.duration_ms
