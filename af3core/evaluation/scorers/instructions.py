"""The rules of MMAU-Pro for instructions on an answer's form: words, sentences, titles, case."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from af3core.evaluation.item import Item
from af3core.evaluation.score import Score

Arguments = Mapping[str, Any]
Rule = Callable[[str, Arguments], bool]
INSTRUCTION = "instruction"
"""The group of an item that names its rule; its context holds the rule's arguments as JSON."""


def score_instructions(items: Sequence[Item], predictions: Sequence[str]) -> list[Score]:
    """Right where the prediction keeps to the instruction; what it says counts for nothing.

    Silence is wrong; `official` finds no commas and few words in it. Sentences are counted by
    their full stops, in the script by NLTK's Punkt: they may differ by abbreviations. An
    instruction without a rule is never kept.

    Source: `official_scripts.MMAU_PRO`.
    """
    return [_score(item, text) for item, text in zip(items, predictions, strict=True)]


def _score(item: Item, prediction: str) -> Score:
    name = dict(item.groups).get(INSTRUCTION, "")
    arguments = {"question": item.question} | json.loads(item.context or "{}")
    kept = name in RULES and RULES[name](prediction, arguments)
    return Score(
        value=float(kept and bool(prediction.strip())),
        read_as="kept" if kept else "not kept",
        official=(float(kept), 1.0),
    )


def _number(arguments: Arguments, name: str = "N", otherwise: int = 0) -> int:
    value = arguments.get(name)
    return otherwise if value is None else int(float(value))


def _text(arguments: Arguments, name: str) -> str:
    return str(arguments.get(name) or "")


def _counting(name: str, count: Callable[[str], int]) -> dict[str, Rule]:
    return {
        f"{name} (at least)": lambda said, args: count(said) >= _number(args),
        f"{name} (at most)": lambda said, args: count(said) <= _number(args),
        f"{name} (range)": lambda said, args: (
            _number(args, "N1") <= count(said) <= _number(args, "N2", 999)
        ),
    }


def _words(said: str) -> int:
    return len(said.split())


def _sentences(said: str) -> int:
    return len([part for part in re.split(r"(?<=[.!?])[\"')\]]*\s+", said.strip()) if part])


def _capitals(said: str) -> int:
    return sum(word.isupper() for word in said.split())


def _parts(said: str, splitter: str) -> int:
    return sum(bool(part.strip()) for part in said.split(splitter)) if splitter else 0


def _found(pattern: str, said: str) -> int:
    return len(re.findall(pattern, said))


def _letters(text: str, also: str = "") -> str:
    return re.sub(rf"[^a-zA-Z{also}]", "", text).lower()


def _has_all(said: str, args: Arguments) -> bool:
    return all(word in said.lower() for word in _listed(args, "keywords"))


def _has_none(said: str, args: Arguments) -> bool:
    return not any(word in said.lower() for word in _listed(args, "forbidden_words"))


def _listed(arguments: Arguments, name: str) -> list[str]:
    return [word for word in _text(arguments, name).lower().split(", ") if word]


def _has_keyword_so_often(said: str, args: Arguments) -> bool:
    keyword = re.escape(_text(args, "keyword").lower())
    return _found(rf"\b{keyword}\b", said.lower()) == _number(args)


def _is_two_responses(said: str, args: Arguments) -> bool:
    responses = [part.strip().lower() for part in said.split("******")]
    return len(responses) == 2 and responses[0] != responses[1]


def _is_quoted(said: str, args: Arguments) -> bool:
    return said.strip().startswith('"') and said.strip().endswith('"')


RULES: dict[str, Rule] = {
    **_counting("Number Words", _words),
    **_counting("Number Sentences", _sentences),
    **_counting("All-capital Words", _capitals),
    "Include Keywords": _has_all,
    "Forbidden Words": _has_none,
    "Keyword Frequency": _has_keyword_so_often,
    "Number Paragraphs": lambda said, args: _parts(said, "***") == _number(args),
    "Multiple Sections": lambda said, args: (
        _parts(said, _text(args, "section_splitter")) == _number(args)
    ),
    "Number Bullets": lambda said, args: _found(r"(?:^|\n)\s*\*\s+", said) == _number(args),
    "Number Placeholder": lambda said, args: _found(r"\[[^\]]+\]", said) >= _number(args),
    "Minimum Number Highlighted Section": lambda said, args: (
        _found(r"\*[^*]+\*", said) >= _number(args)
    ),
    "Title": lambda said, args: _found(r"<<[^>]+>>", said) > 0,
    "Postscript": lambda said, args: _letters(_text(args, "postscript_marker")) in _letters(said),
    "Start Checker": lambda said, args: _letters(said, " ").startswith(
        _letters(_text(args, "start_phrase"), " ")
    ),
    "End Checker": lambda said, args: _letters(said, " ").endswith(
        _letters(_text(args, "end_phrase"), " ")
    ),
    "Repeat Prompt": lambda said, args: (
        said.strip().lower().startswith(_text(args, "question").strip().lower())
    ),
    "Two Responses": _is_two_responses,
    "Quotation": _is_quoted,
    "All Uppercase": lambda said, args: said.isupper(),
    "All Lowercase": lambda said, args: said.islower(),
    "No Commas": lambda said, args: "," not in said,
}
