"""Chooses the heads of a checkpoint that follow speech, on speech whose word times are known.

First every head's share of attention that falls on the words that it writes; then, of the best,
those that together give the smallest errors of starts, one by one (forward selection). What they
are worth is measured on speech that they were not chosen on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from af3core.alignment.align import align, speech_in
from af3core.alignment.attention_aligner import transcript_request
from af3core.alignment.attention_calibration import (
    AttentionCalibration,
    CalibratedHead,
    StartErrors,
)
from af3core.alignment.interpolation import Stretch
from af3core.alignment.known_speech import KnownSpeech, split
from af3core.alignment.word_attention import (
    TOKEN_MS,
    Matrix,
    attention_of_words,
    place_words,
    tokens_of_words,
    written,
)
from af3core.errors import ConfigurationError, ModelError
from af3core.model.forced_answer import AnswerForcer, ForcedAnswer, Head
from af3core.model.weights.checkpoint import Checkpoint

LEAST_WORDS = 100
"""Held out: with less, errors of heads are chance."""
_CANDIDATES = 12
_LEAST_SHARE = 0.25
"""Of the best head's; one that looks elsewhere helps by chance alone."""
_MOST_HEADS = 6
_LEAST_GAIN = 0.01
"""Of the error, for which a head more is taken."""
_FARTHEST_MS = 500.0
"""Errors beyond it count as it, so that few lost words do not decide."""
_TOKENS_AROUND = 1
"""Beside a word, within which a head that looks at it may look."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class _Heard:
    """A stretch with what candidates attend to while its words are written, `[heads, words,
    frames]`."""

    known: KnownSpeech
    speech: list[Stretch]
    attention: Matrix


def choose_heads(
    engine: AnswerForcer,
    checkpoint: Checkpoint,
    speech: Sequence[KnownSpeech],
    name: str,
    tell: Tell = lambda _: None,
) -> AttentionCalibration:
    """The calibration of a checkpoint.

    Args:
        engine: that holds it.
        checkpoint: whose heads are chosen.
        speech: all of it; a third is held out.
        name: of the speech, for the record.
        tell: is told what is done.

    Raises:
        ConfigurationError: too little speech, words that the model does not take, or no head finds
            words better than plain interpolation does.
        ModelError: the machine is at fault.
    """
    chosen_on, held_out = split(speech)
    words = sum(len(each.words) for each in held_out)
    if words < LEAST_WORDS:
        raise ConfigurationError(
            f"--calibrate {name}: a third of it, {words} words, is held out to judge by; at least"
            f" {LEAST_WORDS} are needed: give more speech"
        )
    shares = _shares(engine, chosen_on)
    first, *others = sorted(shares, key=lambda head: -shares[head])[:_CANDIDATES]
    best = [first, *(head for head in others if shares[head] >= _LEAST_SHARE * shares[first])]
    tell(f"of {len(shares)} heads, {_said(first)} attends to its words most: {shares[first]:.0%}")
    heard = [_heard(engine, known, best) for known in chosen_on]
    picked = _forward_selection(heard, len(best))
    heads = tuple(best[number] for number in picked)
    found = _errors([_heard(engine, known, heads) for known in held_out], range(len(heads)))
    if found.median_ms >= found.estimated_median_ms:
        raise ConfigurationError(
            f"--calibrate {name}: no head of {checkpoint.name} follows speech: words of held-out"
            f" speech start within {found.median_ms:.0f} ms (median), by plain interpolation within"
            f" {found.estimated_median_ms:.0f} ms; take another aligner"
        )
    return AttentionCalibration(
        model=checkpoint.name,
        revision=checkpoint.revision,
        heads=tuple(CalibratedHead(*head) for head in heads),
        speech=name,
        chosen_on=_errors(heard, picked),
        held_out=found,
    )


def _said(head: Head) -> str:
    return f"head {head[1]} of layer {head[0]}"


def _force(
    engine: AnswerForcer, known: KnownSpeech, heads: Sequence[Head] | None
) -> tuple[ForcedAnswer, list[list[int]]]:
    given = written(known.words)
    try:
        answer = engine.force(transcript_request(known.samples), given.text, heads)
    except ModelError as error:
        if not error.permanent:
            raise
        raise ConfigurationError(
            f"--calibrate: {known.recording}, {given.text[:30]!r}: {error}"
        ) from error
    return answer, tokens_of_words(given.spans, answer.offsets)


def _shares(engine: AnswerForcer, speech: Sequence[KnownSpeech]) -> dict[Head, float]:
    """How much of each head's attention to the sound falls on the words that it writes."""
    sums: npt.NDArray[np.float64] | None = None
    words, heads = 0, tuple[Head, ...]()
    for known in speech:
        answer, tokens = _force(engine, known, None)
        heads = answer.heads
        shares = np.zeros(len(heads))
        for own, (start, end) in zip(tokens, known.times_ms, strict=True):
            rows = answer.attention[:, own].mean(axis=1)
            first = max(0, start // TOKEN_MS - _TOKENS_AROUND)
            there = rows[:, first : -(-end // TOKEN_MS) + _TOKENS_AROUND].sum(axis=1)
            shares += there / np.maximum(rows.sum(axis=1), 1e-12)
        sums = shares if sums is None else sums + shares
        words += len(known.words)
    assert sums is not None
    return {head: float(total) / words for head, total in zip(heads, sums, strict=True)}


def _heard(engine: AnswerForcer, known: KnownSpeech, heads: Sequence[Head]) -> _Heard:
    answer, tokens = _force(engine, known, heads)
    rows = [attention_of_words(answer.attention[n : n + 1], tokens) for n in range(len(heads))]
    return _Heard(known, speech_in(known.samples), np.stack(rows))


def _forward_selection(heard: Sequence[_Heard], count: int) -> list[int]:
    """Numbers of candidates whose mean attention gives the smallest mean error."""
    picked: list[int] = []
    best = np.inf
    while len(picked) < min(_MOST_HEADS, count):
        left = [number for number in range(count) if number not in picked]
        costs = {number: _cost(heard, [*picked, number]) for number in left}
        found = min(costs, key=lambda number: costs[number])
        if costs[found] > best * (1 - _LEAST_GAIN):
            break
        best = costs[found]
        picked.append(found)
    return picked


def _cost(heard: Sequence[_Heard], heads: Sequence[int]) -> float:
    errors = np.concatenate([_start_errors(each, heads) for each in heard])
    return float(np.minimum(errors, _FARTHEST_MS).mean())


def _start_errors(heard: _Heard, heads: Sequence[int]) -> npt.NDArray[np.float64]:
    """Absolute, in milliseconds; of a stretch that has more words than frames the farthest."""
    known = heard.known
    mean = heard.attention[list(heads)].mean(axis=0)
    places = place_words(mean, heard.speech, known.samples)
    if places is None:
        return np.full(len(known.words), _FARTHEST_MS)
    starts = np.array([start for start, _ in places], np.float64)
    return np.asarray(np.abs(starts - [start for start, _ in known.times_ms]), np.float64)


def _errors(heard: Sequence[_Heard], heads: Sequence[int]) -> StartErrors:
    """Of these of the heads that were heard, and of plain interpolation."""
    errors = np.concatenate([_start_errors(each, heads) for each in heard])
    estimated = np.concatenate(
        [
            np.abs(
                np.subtract(
                    [word.start_ms for word in align(known.samples, known.words, None)],
                    [start for start, _ in known.times_ms],
                )
            )
            for known in (each.known for each in heard)
        ]
    )
    numbers = [*np.percentile(errors, [50, 95]), *np.percentile(estimated, [50, 95])]
    return StartErrors(len(errors), *(round(float(number), 1) for number in numbers))
