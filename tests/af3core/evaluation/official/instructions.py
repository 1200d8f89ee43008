"""Instructions on an answer's form, with answers of every form, for MMAU-Pro's rules."""

from __future__ import annotations

import json

from af3core.evaluation.item import Item
from af3core.evaluation.scorers.instructions import RULES
from tests.af3core.evaluation.official.predictions import COUNT, Asked, Chance

_ARGUMENTS = {
    "keywords": ("rain", "rain, dog", "Wind, rain"),
    "forbidden_words": ("rain", "rain, dog", "Wind"),
    "keyword": ("rain", "dog", "C#"),
    "section_splitter": ("***", "SECTION", "--"),
    "postscript_marker": ("P.S.", "PS:"),
    "start_phrase": ("I hear", "Rain, dog"),
    "end_phrase": ("the end.", "dog"),
}
_PIECES = (
    "I hear rain. ",
    "RAIN ",
    "a dog, the wind ",
    "*loud* ",
    "\n* first ",
    "\n* second ",
    "[name] ",
    "[place] ",
    "<<A title>> ",
    "P.S. ps ",
    "***",
    "******",
    "SECTION",
    " -- ",
    '"',
    "the end",
    "dog",
    "C# rain! ",
    "Was it? ",
    "\u212a \u0130",
    "é ",
    "",
)
NEED_PUNKT = frozenset(name for name in RULES if name.startswith("Number Sentences"))
"""The script counts sentences by NLTK's Punkt, whose data no package brings: not asked."""


def instructed() -> Asked:
    """Each rule about as often, with arguments and an answer by chance."""
    chance = Chance()
    names = sorted(set(RULES) - NEED_PUNKT)
    items, said = [], []
    for number in range(COUNT):
        arguments: dict[str, str | int] = {
            name: chance.one(values) for name, values in _ARGUMENTS.items()
        }
        arguments |= {"N": chance.below(5), "N1": chance.below(3), "N2": 3 + chance.below(9)}
        question = chance.one(("I hear", "Say the end"))
        items.append(
            Item(
                f"{number:04d}",
                (),
                question,
                groups=(("instruction", chance.one(names)),),
                context=json.dumps(arguments),
            )
        )
        text = "".join(chance.one(_PIECES) for _ in range(chance.below(9)))
        said.append(chance.one((text, text, text.upper(), text.lower(), f'"{text}"')))
    return Asked(tuple(items), tuple(said))
