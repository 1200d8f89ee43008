"""Who asks takes turns, and nothing is lost or passed by for ever."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from af3core.model.request import Decoding, Request, Sound, Turn, Weights
from af3core.model.streaming.fair_queue import FairQueue

SECOND = Sound(np.zeros(16_000, np.float32))
LONG = Sound(np.zeros(16_000 * 60, np.float32))


def request(sound: Sound, answer_tokens: int = 10, weights: Weights = "base") -> Request:
    return Request((sound,), (Turn("user", "Who?" * 4),), Decoding(answer_tokens), weights)


def queue() -> FairQueue[Request]:
    return FairQueue(lambda asked: asked)


def test_a_short_clip_waits_for_one_group_of_a_long_one() -> None:
    waiting = queue()
    long = [request(Sound(LONG.samples)) for _ in range(3)]
    short = [request(SECOND)]
    waiting.put(long)
    waiting.put(short)
    taken = [waiting.take() for _ in range(4)]
    assert [group.items for group in taken if group] == [
        (long[0],),
        (short[0],),
        (long[1],),
        (long[2],),
    ]
    assert not waiting


def test_questions_about_one_sound_go_together_and_count_it_once() -> None:
    waiting = queue()
    waiting.put([request(SECOND, 10), request(LONG, 20), request(SECOND, 30)])
    first, second = waiting.take(), waiting.take()
    assert first is not None
    assert second is not None
    assert [len(first.items), len(second.items)] == [2, 1]
    # 25 tokens a second of sound, 4 of the words, and the answer
    assert (first.tokens, second.tokens) == (25 + (4 + 10) + (4 + 30), 25 * 60 + 4 + 20)


def test_a_large_group_is_passed_by_by_no_smaller_one() -> None:
    waiting = queue()
    waiting.put([request(LONG)])
    waiting.put([request(SECOND)])
    assert waiting.take(most_tokens=1000) is None
    first = waiting.take(most_tokens=2000)
    assert first is not None
    assert first.items[0].sounds == (LONG,)


def test_other_weights_keep_their_place() -> None:
    waiting = queue()
    thinking = request(SECOND, weights="think")
    waiting.put([thinking])
    waiting.put([request(SECOND)])
    assert waiting.holds_other("base")
    taken = waiting.take("base")
    assert taken is not None
    assert taken.weights == "base"
    assert waiting.take("base") is None
    assert waiting.next_weights("base") == waiting.next_weights("think") == "think"
    last = waiting.take("think")
    assert last is not None
    assert last.items == (thinking,)
    assert waiting.next_weights("think") is None


def test_what_is_left_out_is_gone_and_its_company_stays() -> None:
    waiting = queue()
    first, second = request(SECOND), request(SECOND)
    waiting.put([first, second])
    assert waiting.remove(first)
    assert not waiting.remove(first)
    group = waiting.take()
    assert group is not None
    assert group.items == (second,)
    waiting.put([first])
    assert waiting.remove(first)
    assert not waiting
    assert not waiting.holds_other("think")


@given(st.lists(st.lists(st.sampled_from(["base", "think"]), min_size=1, max_size=6), max_size=6))
def test_each_comes_out_once_in_its_callers_order(callers: list[list[Weights]]) -> None:
    waiting = queue()
    put = [[request(Sound(SECOND.samples), weights=kind) for kind in kinds] for kinds in callers]
    for requests in put:
        waiting.put(requests)
    taken = []
    while group := waiting.take():
        taken += group.items
    assert len(taken) == len({id(one) for one in taken}) == sum(map(len, put))
    for requests in put:
        assert [one for one in taken if any(one is each for each in requests)] == requests
