"""One bad request in a batch fails alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from af3core.errors import MachineModelError, ModelError
from af3core.model.isolation import answer_isolated
from af3core.model.request import Answer, Request, Sound, ask


def requests(count: int) -> list[Request]:
    return [ask(Sound(np.zeros(1, np.float32)), str(i), 1) for i in range(count)]


@given(st.integers(0, 40), st.sets(st.integers(0, 39)))
def test_every_good_request_is_answered_in_its_place(count: int, bad: set[int]) -> None:
    answered: list[str] = []

    def run(batch: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        for place, request in enumerate(batch):
            text = request.turns[0].text
            if int(text) in bad:
                raise ValueError("broken\nsecond line")
            answered.append(text)
            yield place, Answer(text, 1, -0.1, "stop")

    results = answer_isolated(requests(count), run)
    for number, result in enumerate(results):
        if number in bad:
            assert isinstance(result, ModelError)
            assert str(result) == "the model failed: ValueError: broken"
        else:
            assert isinstance(result, Answer)
            assert result.text == str(number)
    assert len(results) == count
    assert len(answered) == len(set(answered)), "what was answered is not asked again"


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, torch.AcceleratorError])
def test_a_device_that_is_full_or_gone_is_no_fault_of_a_request(error: type[Exception]) -> None:
    def run(batch: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        raise error("CUDA error: out of memory")
        yield

    def release() -> None:
        raise error("CUDA error: out of memory")

    results = answer_isolated(requests(3), run, release)
    assert [type(result) for result in results] == [MachineModelError] * 3


def test_interrupts_are_no_failures() -> None:
    def run(batch: Sequence[Request]) -> Iterator[tuple[int, Answer]]:
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        answer_isolated(requests(2), run)
