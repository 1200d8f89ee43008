"""Multiple choice: the option that is named, and what each publisher's script reads as one."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence

from af3core.evaluation.item import Item
from af3core.evaluation.score import Score, Scorer
from af3core.evaluation.scorers.option_text import named_option
from af3core.evaluation.scorers.voice_bench_letters import voice_bench_letter

_ReadLetter = Callable[[str, Sequence[str]], str]
_ANNOUNCED = "The correct answer is:"
_BRACKETED = re.compile(r"\[\[([A-E])\]\]")
_CHOSEN = re.compile(
    r"(?:answer is|chose|choose|select|guess is|I choose|I select|I guess) ([A-E])\b",
    re.IGNORECASE,
)


def score_choices(items: Sequence[Item], predictions: Sequence[str]) -> list[Score]:
    """Right where the prediction names the answer among the options, by words or letter.

    None named, or several, is wrong.

    Source: the paper of Audio Flamingo 3 extracts options by regular expressions that are not
    published; these are ours.
    """
    scores = []
    for item, prediction in zip(items, predictions, strict=True):
        named = named_option(prediction, item.options)
        scores.append(Score(float(bool(named) and named in item.answers), read_as=named))
    return scores


def _with_official(read_letter: _ReadLetter, guessed: float = 0.0) -> Scorer:
    """`score_choices`, with `official` by a script's letter.

    Args:
        guessed: what a prediction counts that the script reads no letter of.
    """

    def score(items: Sequence[Item], predictions: Sequence[str]) -> list[Score]:
        scores = []
        for item, prediction in zip(items, predictions, strict=True):
            named = named_option(prediction, item.options)
            letter = read_letter(prediction, item.options)
            said = dict(zip(string.ascii_uppercase, item.options, strict=False)).get(letter)
            official = float(said in item.answers) if letter else guessed
            scores.append(
                Score(
                    value=float(bool(named) and named in item.answers),
                    read_as=named,
                    official=(official, 1.0) if item.answers else None,
                    official_read_as=letter if item.answers else None,
                )
            )
        return scores

    return score


def muchomusic_letter(prediction: str, options: Sequence[str]) -> str:
    """The one letter of A to D that stands anywhere in the text, "A" of "A fast one" too.

    Where there are none or several it is the first option whose words stand in the text.

    Source: `official_scripts.MUCHOMUSIC`; what comes after "The correct answer is:" is read.
    """
    said = prediction.split(_ANNOUNCED)[-1].strip()
    letters = {letter for letter in "ABCD" if letter in said}
    if len(letters) == 1:
        return letters.pop()
    return _first_said(said.lower().strip(), [option.lower().strip() for option in options])


def ru_listening_letter(prediction: str, options: Sequence[str]) -> str:
    """The last "[[B]]"; or else the last "answer is B" and its like; "option B", "(B)"; or the
    first option whose words stand in the text.

    Source: `official_scripts.RU_LISTENING`, which asks for "[[B]]" in its prompt.
    """
    for pattern in (_BRACKETED, _CHOSEN):
        if found := pattern.findall(prediction):
            return str(found[-1]).upper()
    for letter in "ABCDE":
        marks = (f"option {letter}", f"Option {letter}", f"({letter})")
        if any(mark in prediction for mark in marks):
            return letter
    said = prediction.lower()
    return _first_said(said, [option.lower() for option in options], is_blank_skipped=True)


def _first_said(said: str, options: Sequence[str], is_blank_skipped: bool = False) -> str:
    for letter, option in zip(string.ascii_uppercase, options, strict=False):
        if option in said and (option or not is_blank_skipped):
            return letter
    return ""


score_muchomusic = _with_official(muchomusic_letter)
"""`official` reads by `muchomusic_letter`; no letter is wrong."""

score_ru_listening = _with_official(ru_listening_letter)
"""`official` reads by `ru_listening_letter`; no letter is wrong."""

score_voice_bench_choices = _with_official(
    lambda prediction, _options: voice_bench_letter(prediction), guessed=0.25
)
"""`official` reads by `voice_bench_letter`. The script guesses one of four where it reads none, at
random: here such a prediction counts the quarter that this brings on average.
"""
