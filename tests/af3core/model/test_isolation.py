"""One bad request in a batch fails alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.errors import ModelError
from af3core.model.isolation import answer_isolated
from af3core.model.request import Answer, Request


def requests(count: int) -> list[Request]:
    return [Request(np.zeros(1, np.float32), str(i), 1) for i in range(count)]


@given(st.integers(0, 40), st.sets(st.integers(0, 39)))
def test_every_good_request_is_answered_in_its_place(count: int, bad: set[int]) -> None:
    def run(batch: Sequence[Request]) -> list[Answer]:
        if any(int(request.prompt) in bad for request in batch):
            raise ValueError("broken\nsecond line")
        return [Answer(request.prompt, 1, -0.1, "stop") for request in batch]

    results = answer_isolated(requests(count), run)
    for number, result in enumerate(results):
        if number in bad:
            assert isinstance(result, ModelError)
            assert str(result) == "the model failed: ValueError: broken"
        else:
            assert isinstance(result, Answer)
            assert result.text == str(number)
    assert len(results) == count


def test_interrupts_are_no_failures() -> None:
    def run(batch: Sequence[Request]) -> list[Answer]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answer_isolated(requests(2), run)
