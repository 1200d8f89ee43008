"""Generated items, with the words that a perfect and a guessing model answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scipy.stats import binom

from af3core.evaluation.item import Item

COUNT = 2_000
ANIMALS = ("a dog", "the cat", "two cows", "some birds")
LABELS = tuple(f"instrument_{name}" for name in "abcdefghij")
SENTENCES = tuple(
    " ".join(f"{noun}{place}" for noun in ("wind", "river", "engine", "voice", "bell"))
    for place in "abcdefghij"
)


def item(
    options: Sequence[str] = (), answers: Sequence[str] = (), item_id: str = "1", **more: str
) -> Item:
    """An item without sounds."""
    return Item(item_id, (), more.pop("question", "?"), tuple(options), tuple(answers), **more)


@dataclass(frozen=True)
class Generated:
    """Items with what a model would say to be right each time, and by guessing."""

    items: list[Item]
    perfect: list[str]
    guessed: list[str]


def asked(
    answers: Sequence[str], has_options: bool, said: Callable[[str], str] = str, seed: int = 7
) -> Generated:
    """Items whose answer is one of these, each as likely.

    Args:
        said: how the model writes an answer.
    """
    generator = random.Random(seed)
    items, perfect, guessed = [], [], []
    for number in range(COUNT):
        options = tuple(generator.sample(answers, len(answers))) if has_options else ()
        right, guess = generator.choice(answers), generator.choice(answers)
        items.append(item(options, [right], f"item-{number}"))
        perfect.append(said(right))
        guessed.append(said(guess))
    return Generated(items, perfect, guessed)


def shuffled(items: Sequence[Item], seed: int = 3) -> list[int]:
    """Places in another order."""
    return random.Random(seed).sample(range(len(items)), len(items))


def chance(share: float, count: int = COUNT) -> tuple[float, float]:
    """Within what a share of right guesses stays but once in a million sets."""
    low, high = binom.interval(1 - 1e-6, count, share)
    return low / count, high / count
