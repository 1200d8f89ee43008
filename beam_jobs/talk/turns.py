"""A conversation as the model is asked it: what was said before, then the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from af3core.embedding.few_shot import without_special_tokens
from af3core.model.audio_limits import AF3_LIMIT, SAMPLE_RATE_HZ, AudioLimit
from af3core.model.request import Decoding, Request, Sound, Turn
from beam_jobs.talk.answerer import MOST_TOKENS

LONGEST_QUESTION_S = 60.0
MOST_EARLIER = 8
"""Questions that are asked again with a new one: their answers and a question are 2,300 tokens."""

Question = Sound | str


@dataclass(frozen=True, eq=False)
class Exchange:
    """A question, spoken or written, and what was answered to it."""

    question: Question
    answer: str


def question_limit_s(about: Sound, limit: AudioLimit = AF3_LIMIT) -> float:
    """How long a spoken question may be, so that it and what it is about can be heard."""
    return min(LONGEST_QUESTION_S, (limit.max_samples - len(about.samples)) / SAMPLE_RATE_HZ)


def request_after(
    about: Sound,
    earlier: Sequence[Exchange],
    question: Question,
    limit: AudioLimit = AF3_LIMIT,
) -> Request:
    """The question behind the latest of the earlier ones: as many as the model hears with it.

    The sound that all is about stands in the first turn, after a spoken question.
    """
    kept = _recent_exchanges(about, earlier, question, limit)
    sounds: list[Sound] = []
    turns: list[Turn] = []
    for asked in (*(exchange.question for exchange in kept), question):
        if turns:
            # what the model wrote may look like a token, and must not be one
            turns.append(Turn("assistant", without_special_tokens(kept[len(turns) // 2].answer)))
        heard = [] if isinstance(asked, str) else [asked]
        heard += [] if turns else [about]
        markers = " ".join(f"<sound-{len(sounds) + n + 1}>" for n in range(len(heard)))
        sounds += heard
        turns.append(
            Turn(
                "user", markers + (without_special_tokens(asked) if isinstance(asked, str) else "")
            )
        )
    return Request(tuple(sounds), tuple(turns), Decoding(MOST_TOKENS))


def _recent_exchanges(
    about: Sound, earlier: Sequence[Exchange], question: Question, limit: AudioLimit
) -> list[Exchange]:
    left = limit.max_samples - len(about.samples) - _samples(question)
    kept: list[Exchange] = []
    for exchange in reversed(earlier[-MOST_EARLIER:]):
        left -= _samples(exchange.question)
        if left < 0:
            break
        kept.insert(0, exchange)
    return kept


def _samples(question: Question) -> int:
    return 0 if isinstance(question, str) else len(question.samples)
