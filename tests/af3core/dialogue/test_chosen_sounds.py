"""Two to eight sounds, the anchor among them, near and far ones, ten minutes at most."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from af3core.dialogue.chosen_sounds import choose_sounds
from tests.af3core.dialogue.known import sound


@given(st.integers(0, 8), st.integers(0, 8), st.floats(1, 300), st.integers(0, 10**6))
def test_the_choice(similar: int, dissimilar: int, seconds: float, seed: int) -> None:
    anchor = sound("anchor", seconds)
    near = [replace(sound(f"n{i}", seconds), relation="similar") for i in range(similar)]
    far = [replace(sound(f"f{i}", seconds), relation="dissimilar") for i in range(dissimilar)]
    chosen = choose_sounds(anchor, near, far, Random(seed))
    assert chosen == choose_sounds(anchor, near, far, Random(seed))
    if not near and not far:
        assert chosen == ()
        return
    assert anchor in chosen
    assert 2 <= len(chosen) <= 8
    assert len({one.segment_id for one in chosen}) == len(chosen)
    assert sum(one.duration_ms for one in chosen) <= 600_000
    relations = [one.relation for one in chosen]
    unused = min(similar - relations.count("similar"), dissimilar - relations.count("dissimilar"))
    if unused > 0:
        assert abs(relations.count("similar") - relations.count("dissimilar")) <= 1


def test_all_counts_come_up_and_what_does_not_fit_is_left_out() -> None:
    others = [sound(f"n{i}", 20.0) for i in range(8)]
    counts = {len(choose_sounds(sound("a"), others, others, Random(i))) for i in range(200)}
    assert counts == {2, 3, 4, 5, 6, 7, 8}
    assert choose_sounds(sound("a", 590.0), others, [], Random(0)) == ()
