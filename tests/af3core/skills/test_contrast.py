"""Wrong options are wrong: none is of a family that is heard."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.skills.contrast import absent_labels, families_of, options_around


@pytest.mark.parametrize(
    ("label", "families"),
    [
        ("a dog barking", {"dog"}),
        ("heavy rain and thunder", {"rain", "thunder"}),
        ("a storm", {"thunder", "wind"}),
        ("church bells", {"bell"}),
        ("an unheard-of gadget", set()),
        ("several people speaking", {"man", "woman"}),
        ("slow organ music", {"music"}),
    ],
)
def test_families_by_words(label: str, families: set[str]) -> None:
    assert families_of(label) == families


def test_nothing_of_a_family_that_is_heard_is_called_absent() -> None:
    absent = absent_labels(["a dog barking", "fast piano music"], Random(0))
    assert "a dog barking" not in absent
    assert not [label for label in absent if "music" in label or "drum" in label]
    assert "a cat meowing" in absent


@given(
    heard=st.lists(st.sampled_from(["rain", "a bell", "a man speaking", "thunder", "waves"]),
                   min_size=1, max_size=5, unique=True),
    seed=st.integers(0, 1000),
)  # fmt: skip
def test_four_options_hold_the_answer_once_and_others_before_absent_ones(
    heard: list[str], seed: int
) -> None:
    options = options_around(heard[0], heard, heard, Random(seed))
    assert len(options) == len(set(options)) == 4
    assert options.count(heard[0]) == 1
    assert len(set(options) & set(heard)) == min(len(heard), 4)
    assert options == options_around(heard[0], heard, heard, Random(seed))
