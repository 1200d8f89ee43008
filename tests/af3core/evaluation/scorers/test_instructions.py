"""Each rule of MMAU-Pro for instructions, kept and not kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from af3core.evaluation.item import Item
from af3core.evaluation.score import Score
from af3core.evaluation.scorers.instructions import RULES, score_instructions

CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "Number Words (at least)": ({"N": 3}, "one two three", "one two"),
    "Number Words (at most)": ({"N": 2}, "one two", "one two three"),
    "Number Words (range)": ({"N1": 2, "N2": 3}, "one two", "one"),
    "Number Sentences (at least)": ({"N": 2}, "It rains. It pours!", "It rains"),
    "Number Sentences (at most)": ({"N": 1}, "It rains by 3.5 mm.", "It rains. It pours."),
    "Number Sentences (range)": ({"N1": 1, "N2": 2}, 'He says "No." Yes?', "A. B. C."),
    "All-capital Words (at least)": ({"N": 1}, "a LOUD bang", "a loud bang"),
    "All-capital Words (at most)": ({"N": 1}, "a LOUD bang", "a LOUD BANG"),
    "All-capital Words (range)": ({"N1": 1, "N2": 1}, "a LOUD bang", "a LOUD BANG"),
    "Include Keywords": ({"keywords": "Rain, wind"}, "Wind and rain.", "Wind."),
    "Forbidden Words": ({"forbidden_words": "rain, Wind"}, "Sun.", "A window."),
    "Keyword Frequency": ({"keyword": "Rain", "N": 2}, "rain, RAIN", "rain, rainy"),
    "Number Paragraphs": ({"N": 2}, "one *** two", "one *** two *** three"),
    "Multiple Sections": ({"N": 2, "section_splitter": "##"}, "## a\n## b", "## a"),
    "Number Bullets": ({"N": 2}, "* a\n* b", "* a"),
    "Number Placeholder": ({"N": 1}, "Dear [name]", "Dear name"),
    "Minimum Number Highlighted Section": ({"N": 1}, "so *loud*", "so loud"),
    "Title": ({}, "<<Rain>> falls", "<Rain> falls"),
    "Postscript": ({"postscript_marker": "P.S."}, "Rain. p.s. and wind", "Rain."),
    "Start Checker": ({"start_phrase": "I hear"}, '"I hear rain"', "Rain, I hear"),
    "End Checker": ({"end_phrase": "That's all."}, "Rain. Thats all", "That's all. Rain."),
    "Repeat Prompt": ({}, "What is heard? Rain.", "Rain."),
    "Two Responses": ({}, "rain ****** wind", "rain ****** Rain"),
    "Quotation": ({}, ' "rain" ', '"rain'),
    "All Uppercase": ({}, "RAIN.", "RAiN"),
    "All Lowercase": ({}, "rain.", "Rain"),
    "No Commas": ({}, "rain and wind", "rain, wind"),
}


def instructed(rule: str, arguments: dict[str, Any]) -> Item:
    groups = (("category", "instruction following"), ("instruction", rule))
    return Item("1", (), "What is heard?", groups=groups, context=json.dumps(arguments))


def test_every_rule_has_a_case() -> None:
    assert sorted(CASES) == sorted(RULES)


@pytest.mark.parametrize("rule", CASES)
def test_rules(rule: str) -> None:
    arguments, kept, broken = CASES[rule]
    item = instructed(rule, arguments)
    assert score_instructions([item, item], [kept, broken]) == [
        Score(1, read_as="kept", official=(1, 1)),
        Score(0, read_as="not kept", official=(0, 1)),
    ]


def test_silence_keeps_no_commas_by_the_script_but_not_here() -> None:
    items = [instructed("No Commas", {}), instructed("Title", {})]
    assert [(s.value, s.official) for s in score_instructions(items, ["", ""])] == [
        (0, (1, 1)),
        (0, (0, 1)),
    ]


def test_an_instruction_without_a_rule_is_not_kept() -> None:
    [score] = score_instructions([instructed("Multiple Format", {"N": 1})], ["{}"])
    assert (score.value, score.official) == (0, (0, 1))
