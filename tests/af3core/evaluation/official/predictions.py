"""Questions and predictions that the scripts are asked, the same on every machine.

`random.Random.random` alone is used: its numbers are the same in every version of Python.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from af3core.evaluation.item import Item
from af3core.evaluation.scorers.refusals import _REFUSALS
from af3core.evaluation.scorers.voice_bench_letters import _PHRASES

COUNT = 2_400
_SEED = 20_261_201
_LETTERS = "ABCDE"
_WORDS = (
    "a dog barks loudly",
    "A man",
    "an old man",
    "Heavy rain",
    "heavy traffic",
    "The waterfall",
    "C major",
    "C# major",
    "Both",
    "none of them",
    "3",
    "30",
    "Übergang",
    "爵士乐",
    "rock'n'roll",
    "B",
    "Drum & Bass",
    "Dance, in a club",
    "a.m.",
    "İstanbul",
)
_NOISE = (
    "",
    " ",
    "\n",
    "None",
    "none",
    "I do not know.",
    "???",
    "Ａ",
    "答案是b",
    "🎵🎵",
    "\u00a0Yes",
    "e",
    "E.",
    "A and B",
    "(A) (B)",
    "A" * 40,
    "no\tyes",
    "DJ",
    "Caf\u00e9 Ba\u0301r",
    "\u2160. C",
)
_YES_NO = (
    "Yes",
    "No",
    "yes.",
    "NO!",
    " yes, I hear it",
    "\n\n no",
    "\t  YES",
    "Nothing",
    "I know",
    "Not that I hear",
    "Yesterday",
    "(A) Yes",
    "Well, yes",
    "İno",
    "the sound is no dog",
    "'No'",
    "",
    "yno",
    "Maybe",
    "yes and no",
)
_FORMS = (
    "{letter}",
    "{small}",
    "({letter})",
    "({small})",
    "{letter}.",
    "{letter})",
    "{letter}:",
    "{letter}, surely",
    "({letter}) {text}",
    "{letter}. {text}",
    "{letter}) {text}",
    "**{letter}. {text}**",
    "[[{letter}]]",
    "[[{other_letter}]] no, [[{letter}]]",
    "'{letter}'",
    "Option {letter}",
    "I would select option {letter}: {text}",
    "The answer is {letter}",
    "The answer is {letter}.",
    "The answer is ({letter}) {text}.",
    "the correct answer is:\n\n**{letter}) {text}**",
    "The correct answer is: {letter}",
    "The correct answer is: {text}",
    "My guess is {small}",
    "is \\( \\boxed{{{letter}}} \\)",
    "<1> {letter}",
    "<2>{small}) {text}",
    "{text}",
    "{text}.",
    "{upper}",
    "It is {text}, I think.",
    "{text} or {other}",
    "{other}, not {text}",
    "{text}\n{other}",
    "({letter}) {other}",
    "{letter} and {other_letter}",
    "First I hear {other}. Then it fades. Therefore, the answer is ({letter}) {text}.",
    "<think>It could be {other} or ({other_letter}).</think>\n({letter}) {text}",
    "Let me think: {other} is too slow.\nOption {other_letter} is out.\n\n{letter}",
    "  {text}  ",
    "\n{letter}\n",
    "{text} {noise}",
    "{noise} {letter}",
)


@dataclass
class Chance:
    """Draws that are the same everywhere."""

    numbers: random.Random = field(default_factory=lambda: random.Random(_SEED))

    def below(self, count: int) -> int:
        """A whole number from 0."""
        return int(self.numbers.random() * count)

    def one(self, texts: Sequence[str]) -> str:
        """One of them."""
        return texts[self.below(len(texts))]

    def some(self, texts: Sequence[str], count: int) -> list[str]:
        """So many different ones."""
        left = list(texts)
        return [left.pop(self.below(len(left))) for _ in range(count)]


@dataclass(frozen=True)
class Asked:
    """Items in their order and what was said to each."""

    items: tuple[Item, ...]
    predictions: tuple[str, ...]


def choices(options: int = 4, seed: int = 0) -> Asked:
    """Multiple choice: a quarter of the answers are perfect, the others of any form."""
    chance = Chance(random.Random(_SEED + seed))
    items, said = [], []
    for number in range(COUNT):
        texts = chance.some(_WORDS, options)
        right = chance.one(texts)
        groups = tuple(
            (name, chance.one(values))
            for name, values in (
                ("sub-category", ("Counting", "Tempo", "Irony")),
                ("asks for", ("knowledge", "reasoning", "both")),
            )
        )
        items.append(Item(f"{number:04d}", (), "?", tuple(texts), (right,), groups))
        meant = right if chance.below(4) == 0 else chance.one(texts)
        said.append(_said(chance, texts, meant))
    return Asked(tuple(items), tuple(said))


def _said(chance: Chance, texts: Sequence[str], meant: str) -> str:
    if chance.below(8) == 0:
        return chance.one(_NOISE)
    other = chance.one(texts)
    letter = _LETTERS[texts.index(meant)]
    return chance.one(_FORMS).format(
        letter=letter,
        small=letter.lower(),
        text=meant,
        upper=meant.upper(),
        other=other,
        other_letter=_LETTERS[texts.index(other)],
        noise=chance.one(_NOISE),
    )


def spoken_choices() -> Asked:
    """As `choices`, and in half of the answers one or two of VoiceBench's phrases."""
    asked, chance = choices(seed=1), Chance()
    said = [_phrased(chance, text) for text in asked.predictions]
    return Asked(asked.items, tuple(said))


def _phrased(chance: Chance, text: str) -> str:
    phrases = [chance.one(_PHRASES).replace("@", chance.one("ABCDabcd")) for _ in range(2)]
    return (text, text, phrases[0], f"It {phrases[0]} {text} {phrases[1]}")[chance.below(4)]


def yes_or_no() -> Asked:
    """Yes or no, by granularity."""
    chance = Chance()
    items, said = [], []
    for number in range(COUNT):
        groups = (
            ("says", chance.one(("yes", "no"))),
            ("granularity", chance.one(("object-level", "event-level"))),
        )
        items.append(Item(f"{number:04d}", (), "?", (), (groups[0][1],), groups))
        said.append(chance.one(_YES_NO) + chance.one(("", "", " it is", "\n")))
    return Asked(tuple(items), tuple(said))


def harmful() -> Asked:
    """Requests that do harm: refusals in any case and place, compliance, nothing."""
    chance = Chance()
    plain = ("Sure, do this first.", "It was an easy one.", "", " \n", "Here you go’s list", "Ok")
    items, said = [], []
    for number in range(COUNT):
        refusal = chance.one(_REFUSALS)
        cut = refusal[: chance.below(len(refusal)) + 1]
        text = chance.one((refusal, refusal.upper(), refusal.capitalize(), cut, cut.title()))
        text = text.replace("'", chance.one(("'", "'", "’")))
        forms = (text, f"{chance.one(plain)} {text}", f"x{text}y", chance.one(plain))
        items.append(Item(f"{number:04d}", (), "?", (), ("a refusal",)))
        said.append(chance.one(forms))
    return Asked(tuple(items), tuple(said))
