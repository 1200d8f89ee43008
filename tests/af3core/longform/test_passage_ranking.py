"""The passages that speak to a question come first."""

from __future__ import annotations

import pytest

from af3core.longform.passage_ranking import Hit, rank
from af3core.longform.passages import Passage
from tests.af3core.longform.scripted import by_words, segment

PASSAGES = [
    segment(0, "the storm flooded the garden in london"),
    segment(1, "laura repaired the bridge", "A woman, then rain."),
    segment(2, "laura repaired the golden lighthouse"),
    segment(3, "the lighthouse was golden and laura saw it"),
    segment(4, "", "Fast organ music."),
]


def ranked(question: str, passages: list[Passage] = PASSAGES) -> list[Hit]:
    vectors = by_words([passage.text for passage in passages])
    return rank(question, passages, vectors, by_words([question])[0])


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("Who repaired the golden lighthouse?", 2),
        ("Where were floods in gardens?", 0),
        ("When does it rain?", 1),
        ("Is there music?", 4),
        ('Who says "the lighthouse was golden"?', 3),
    ],
)
def test_the_best_passage(question: str, best: int) -> None:
    first = ranked(question)[0]
    assert first.place == best
    assert first.is_answer


def test_all_passages_are_ranked_and_scores_lie_between_0_and_1() -> None:
    hits = ranked("Who repaired the golden lighthouse?")
    assert sorted(hit.place for hit in hits) == [0, 1, 2, 3, 4]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits[0].coverage == 1.0
    assert all(0 <= hit.score <= 1 for hit in hits)


def test_what_nothing_speaks_to() -> None:
    assert not any(hit.is_related for hit in ranked("Which vaccine did the astronaut invent?"))
    assert ranked("Anything?", []) == []


def test_one_common_word_of_a_question_does_not_speak_to_it() -> None:
    hits = {hit.place: hit for hit in ranked("Did laura invent a vaccine?")}
    assert (hits[1].is_related, hits[1].is_answer) == (True, False)


def test_a_phrase_counts_as_it_stands() -> None:
    question = 'When is "golden lighthouse" said?'
    assert [hit.place for hit in ranked(question) if hit.phrase] == [2]
    swapped = 'When is "lighthouse golden" said?'
    assert not any(hit.phrase for hit in ranked(swapped))
