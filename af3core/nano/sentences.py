"""Sentences of the world: a grammar over the lexicon, with a held-out part never trained on."""

from __future__ import annotations

import zlib
from random import Random

from af3core.nano.lexicon import (
    ADJECTIVES,
    ADVERBS,
    NUMBERS,
    PEOPLE,
    PLACES,
    PREPOSITIONS,
    TIMES,
    TOPICS,
    VERBS,
    Topic,
)

HELD_OUT_EVERY = 20
"""One sentence in twenty, by the hash of its words, belongs to evaluation alone."""

_OPENINGS = (
    "good morning listeners",
    "good evening and welcome back to our programme",
    "here is the news",
    "next in our programme",
    "thank you for listening",
    "stay with us",
    "our guest says that",
    "our studio reports that",
    "what do you think about",
    "yes i really believe that",
    "no i do not think that",
    "now a question about",
)


def is_held_out(words: str) -> bool:
    """True where a sentence is kept for evaluation."""
    return zlib.crc32(words.encode()) % HELD_OUT_EVERY == 0


def sentence(topic: Topic, random: Random, held_out: bool = False) -> str:
    """A sentence about a topic, lower case, without punctuation, 4 to about 16 words."""
    while True:
        words = _compose(topic, random)
        if is_held_out(words) == held_out:
            return words


def _compose(topic: Topic, random: Random) -> str:
    pick = random.choice
    forms = (
        lambda: (
            f"{_noun_phrase(topic, random)} {_verb(topic, random)} {_noun_phrase(topic, random)}"
        ),
        lambda: (
            f"{pick(PEOPLE)} {_verb(topic, random)} {_noun_phrase(topic, random)} in {pick(PLACES)}"
        ),
        lambda: (
            f"{pick(TIMES)} {_noun_phrase(topic, random)} {pick(ADVERBS)}"
            f" {_verb(topic, random)} {_noun_phrase(topic, random)}"
        ),
        lambda: (
            f"{_noun_phrase(topic, random)} {pick(PREPOSITIONS)} {_noun_phrase(topic, random)}"
            f" was {pick(topic.adjectives)}"
        ),
        lambda: (
            f"{pick(NUMBERS)} {pick(topic.adjectives)} {pick(ADJECTIVES)} {pick(topic.nouns)}"
            f" reports from {pick(PLACES)}"
        ),
        lambda: (
            f"{pick(PEOPLE)} and {pick(PEOPLE)} {pick(ADVERBS)} {_verb(topic, random)}"
            f" {_noun_phrase(topic, random)} {pick(PREPOSITIONS)} {_noun_phrase(topic, random)}"
        ),
        lambda: (
            f"{_noun_phrase(topic, random)} will be {pick(ADJECTIVES)} because"
            f" {pick(PEOPLE)} {_verb(topic, random)} it {pick(TIMES)}"
        ),
    )
    body = pick(forms)()
    if random.random() < 0.15:
        body = f"{pick(_OPENINGS)} {body}"
    return body


def _noun_phrase(topic: Topic, random: Random) -> str:
    noun = random.choice(topic.nouns)
    article = random.choice(("the", "the", "this", "every", "some"))
    chance = random.random()
    if chance < 0.3:
        return f"{article} {random.choice(topic.adjectives)} {noun}"
    if chance < 0.6:
        return f"{article} {random.choice(ADJECTIVES)} {noun}"
    if chance < 0.7:
        return f"{article} {noun} of {random.choice(PLACES)}"
    return f"{article} {noun}"


def _verb(topic: Topic, random: Random) -> str:
    return random.choice(topic.verbs if random.random() < 0.5 else VERBS)


def phrase_of(words: str, random: Random) -> str:
    """Three consecutive words of a sentence, to be asked for."""
    parts = words.split()
    start = random.randrange(max(1, len(parts) - 2))
    return " ".join(parts[start : start + 3])


def random_topic(random: Random) -> Topic:
    """Any of the topics."""
    return random.choice(TOPICS)
