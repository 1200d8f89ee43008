"""Agreement of two people, and who judges what of a sample."""

from __future__ import annotations

import pytest

from beam_jobs.browse.review.agreement import PairAgreement, agreement
from beam_jobs.browse.review.presence import EXPIRES_S, Presence, Present
from beam_jobs.browse.review.queues import is_doubled, sample_work


def test_kappa_of_cohens_rule() -> None:
    """20 both right, 15 both wrong, 5 and 10 alone: p_o 0.7, p_e 0.5."""
    pair = PairAgreement("Ada", "Ben", 20, 15, 5, 10)
    assert (pair.count, pair.agreed) == (50, 35)
    assert pair.kappa == pytest.approx(0.4)
    assert PairAgreement("Ada", "Ben", 9, 0, 0, 0).kappa is None
    assert PairAgreement("Ada", "Ben", 0, 0, 0, 0).kappa is None


def test_each_two_people_are_compared() -> None:
    said = {"a": {"Ben": True, "Ada": False}, "b": {"Ada": True}, "c": {"Cy": True, "Ada": True}}
    assert agreement(said) == [
        PairAgreement("Ada", "Ben", 0, 0, 0, 1),
        PairAgreement("Ada", "Cy", 1, 0, 0, 0),
    ]


def test_one_judges_most_and_two_a_share() -> None:
    keys = ("a", "b", "c")
    judges = {"a": ["Ada"], "b": ["Ada", "Ben"]}
    work = sample_work(keys, ["a", "b"], judges, "Ben")
    assert (work.left, work.done, work.judged) == (("a", "c"), 1, 1)
    assert sample_work(keys, [], judges, "Cy").left == ("c",)
    doubled = sum(is_doubled(f"key {number}", 3) for number in range(10_000))
    assert doubled == pytest.approx(2000, abs=120)


def test_a_page_that_says_nothing_is_forgotten() -> None:
    now = [0.0]
    presence = Presence(lambda: now[0])
    assert presence.seen("Ada", "1", "reel", "here") == []
    assert presence.seen("Ben", "1", "reel", "") == [Present("Ada", "here")]
    assert presence.seen("Cy", "1", "other", "") == []
    assert presence.edited("Ben") == {"reel here"}
    now[0] = EXPIRES_S
    assert presence.seen("Ben", "1", "reel", "") == []
    assert presence.edited("Ben") == set()
