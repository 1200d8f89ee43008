"""Wrong options that are surely wrong: what else is heard, and sounds that are surely not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from random import Random

OPTIONS = 4

_ABSENT: dict[str, tuple[str, ...]] = {
    "dog": ("a dog barking",),
    "cat": ("a cat meowing",),
    "bird": ("birdsong", "a rooster crowing"),
    "horse": ("a horse neighing",),
    "cow": ("a cow mooing",),
    "rain": ("rain",),
    "thunder": ("thunder",),
    "wind": ("wind",),
    "water": ("waves", "a stream flowing"),
    "bell": ("a bell",),
    "siren": ("a siren",),
    "horn": ("a car horn",),
    "engine": ("an engine", "a helicopter", "a train passing"),
    "door": ("a door slamming", "knocking"),
    "steps": ("footsteps",),
    "clock": ("a clock ticking",),
    "phone": ("a telephone",),
    "crowd": ("applause", "laughter"),
    "whistle": ("a whistle",),
    "glass": ("glass breaking",),
    "baby": ("a baby crying",),
    "typing": ("typing",),
    "music": ("slow piano music", "fast guitar music", "a drum roll"),
    "man": ("a man speaking",),
    "woman": ("a woman speaking",),
}
"""Labels by family: of a family that is heard, none is offered as absent."""

_FAMILY_WORDS = {
    "dog": "dog dogs bark barking puppy growl",
    "cat": "cat cats meow meowing purr",
    "bird": "bird birds birdsong chirp chirping rooster crow crowing hen tweet",
    "horse": "horse horses neigh neighing hooves",
    "cow": "cow cows moo mooing cattle",
    "rain": "rain raining raindrops drizzle shower",
    "thunder": "thunder thunderstorm storm",
    "wind": "wind winds windy breeze storm",
    "water": "wave waves water sea ocean stream flowing river splash surf",
    "bell": "bell bells chime chimes doorbell",
    "siren": "siren sirens alarm ambulance",
    "horn": "horn horns honk honking",
    "engine": "engine motor car truck vehicle train helicopter plane aircraft traffic",
    "door": "door knock knocking slam slamming",
    "steps": "footsteps steps walking running",
    "clock": "clock tick ticking watch",
    "phone": "telephone phone ringing ringtone",
    "crowd": "applause clapping crowd cheering laughter laughing audience",
    "whistle": "whistle whistling",
    "glass": "glass breaking shatter",
    "baby": "baby infant child children crying",
    "typing": "typing keyboard keys",
    "music": "music song piano guitar drum drums violin organ flute singing band orchestra melody",
    "man": "man men male boy people person several speaker speech",
    "woman": "woman women female girl people person several speaker speech",
}
_FAMILIES: dict[str, set[str]] = {}
for _family, _words in _FAMILY_WORDS.items():
    for _word in _words.split():
        _FAMILIES.setdefault(_word, set()).add(_family)


def absent_labels(heard: Iterable[str], random: Random) -> list[str]:
    """Labels of what is surely not heard, in random order: of no family of what is."""
    families = {family for label in heard for family in families_of(label)}
    absent = [
        label for family, labels in _ABSENT.items() if family not in families for label in labels
    ]
    random.shuffle(absent)
    return absent


def families_of(label: str) -> set[str]:
    """The families that a label belongs to by its words."""
    found: set[str] = set()
    for word in re.findall(r"\w+", label.lower()):
        found |= _FAMILIES.get(word, set())
    return found


def options_around(
    answer: str, others: Iterable[str], heard: Iterable[str], random: Random
) -> tuple[str, ...]:
    """The answer among three wrong options, in random order: of the others, then of the absent."""
    wrong = list(dict.fromkeys(other for other in others if other != answer))
    random.shuffle(wrong)
    wrong += absent_labels(heard, random)
    options = [answer, *wrong[: OPTIONS - 1]]
    random.shuffle(options)
    return tuple(options)
