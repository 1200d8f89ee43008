"""CIDEr-D by hand, and its tokens."""

from __future__ import annotations

import math

import pytest

from af3core.evaluation.scorers.caption_metrics import score_captions, tokens_of
from tests.af3core.evaluation.scorers.generated import item


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("A dog barks, loudly.", "a dog barks loudly"),
        ("It doesn’t stop; won't can't", "it does n't stop wo n't ca n't"),
        ("the man's high-pitched voice", "the man 's high-pitched voice"),
        ("1,000 birds at 3.5 kHz -- 'chirp'", "1,000 birds at 3.5 khz chirp"),
        ("I'm sure they'll rock 'n' roll", "i 'm sure they 'll rock n roll"),
        ("...", ""),
        ("", ""),
        ("Ein Hörspiel über Züge", "ein hörspiel über züge"),
    ],
)
def test_tokens_are_those_of_the_penn_treebank(text: str, tokens: str) -> None:
    assert tokens_of(text) == tokens


def test_one_word_of_two_by_hand() -> None:
    """Two references, all words once: each weighs log 2; of 4 orders only words and pairs are.

    "dog barks" to "dog howls": cosine 1/2 for words, 0 for pairs, so 10 * (1/2) / 4.
    """
    scores = score_captions(
        [item((), ["dog howls"]), item((), ["rain falls"])], ["Dog barks.", "nothing"]
    )
    assert scores[0].value == pytest.approx(10 * 0.5 / 4)
    assert scores[1].value == 0


def test_longer_than_the_reference_is_punished() -> None:
    """The same words twice are clipped, and their length costs exp(-(5 - 5)**2 / 72) and more."""
    items = [item((), ["a b c d e"]), item((), ["v w x y z"])]
    exact, longer = (
        score_captions(items, [text, ""])[0].value for text in ("a b c d e", "a b c d e q r s t")
    )
    assert exact == pytest.approx(10)
    shares = [
        5 / math.sqrt(5 * 9),
        4 / math.sqrt(4 * 8),
        3 / math.sqrt(3 * 7),
        2 / math.sqrt(2 * 6),
    ]
    assert longer == pytest.approx(10 * math.exp(-(4**2) / (2 * 36)) * sum(shares) / 4)


def test_several_references_are_averaged() -> None:
    items = [item((), ["a b c d e", "k l m n o"]), item((), ["v w x y z"])]
    assert score_captions(items, ["a b c d e", ""])[0].value == pytest.approx(5)


def test_one_item_alone_has_nothing_to_be_rare_in() -> None:
    [score] = score_captions([item((), ["a dog barks"])], ["a dog barks"])
    assert score.value == 0
    assert score.parts["similarity"] == pytest.approx(1, abs=1e-5)
    assert score_captions([], []) == []


def test_similarity_is_that_of_the_nearest_reference() -> None:
    items = [item((), ["rain on a tin roof", "a dog barks"]), item((), [])]
    near, without = score_captions(items, ["A dog is barking.", "anything"])
    assert near.parts["similarity"] > 0.7
    assert without.parts["similarity"] == 0
