"""Titles and summaries in a recording's own words."""

from __future__ import annotations

import numpy as np

from af3core.longform.extractive import extract_summary, extract_title, most_central
from tests.af3core.longform.scripted import by_words, segment

WEATHER = [
    segment(0, "the storm flooded the garden and the storm was loud", "A man speaking, then wind."),
    segment(1, "the storm flooded the city", "A woman."),
    segment(2, "welcome back to the programme"),
]
COOKING = [segment(3, "the soup was salty and laura boiled the soup")]


def test_a_title_tells_a_chapter_from_the_others() -> None:
    chapters = [WEATHER, COOKING]
    centres = [by_words([p.text for p in chapter]).mean(axis=0) for chapter in chapters]
    assert extract_title(WEATHER, chapters, centres[0], by_words) == "Storm, flooded, city, garden"
    assert extract_title(COOKING, chapters, centres[1], by_words) == "Soup, boiled, laura, salty"


def test_a_summary_is_the_central_passages_in_time_order() -> None:
    vectors = by_words([passage.text for passage in WEATHER])
    assert extract_summary(WEATHER, vectors, 2) == (
        "A man speaking, then wind. “the storm flooded the garden and the storm was loud”"
        " A woman. “the storm flooded the city”"
    )


def test_long_words_of_a_model_are_shortened() -> None:
    said = " ".join(f"w{n}" for n in range(40))
    passage = segment(0, said, "First there is rain. Then more.")
    assert extract_summary([passage], by_words([passage.text]), 1) == (
        f"First there is rain. “{' '.join(said.split()[:18])} …”"
    )


def test_what_tells_the_same_is_told_once() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    assert most_central(vectors, [True, True, True], 3) == [0, 2]
    assert most_central(vectors, [False, True, False], 3) == [1]
    assert most_central(vectors, [False] * 3, 3) == []
