"""Settings of sampling that no engine can follow, and samples that none can hear."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.errors import ConfigurationError, InvalidAudio
from af3core.model.decoding_limits import InvalidDecoding, check_decoding
from af3core.model.request import Decoding, Sound, check_sound
from af3core.model.weights.checkpoint import NANO, find_checkpoint


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_new_tokens": 0}, "max_new_tokens 0: it must be at least 1"),
        ({"min_new_tokens": -1}, "min_new_tokens -1: it must lie between 0 and max_new_tokens, 8"),
        ({"min_new_tokens": 9}, "min_new_tokens 9: it must lie between 0 and max_new_tokens, 8"),
        ({"repetition_penalty": 0.0}, "repetition_penalty 0.0: it must be above 0; 1.0 is none"),
        ({"repetition_penalty": math.inf}, "repetition_penalty inf: it must be above 0; 1.0 is"),
        ({"temperature": -1.0}, "temperature -1.0: it must be 0, which takes the likeliest token,"),
        ({"temperature": math.nan}, "temperature nan: it must be 0"),
        ({"temperature": 1e-40}, "temperature 1e-40: it must be 0"),
        ({"top_k": -1}, r"top_k -1: it must be 0 \(all tokens\) or more"),
        ({"top_p": 0.0}, "top_p 0.0: it must be above 0 and at most 1.0, which leaves it out"),
        ({"top_p": 1.5}, "top_p 1.5: it must be above 0"),
        ({"seed": 2**63}, "seed 9223372036854775808: it must be a whole number of 64 bits"),
        ({"stop": ("",)}, r"stop \('',\): a stop text must not be empty"),
    ],
)
def test_settings_without_sense_are_one_line(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidDecoding, match=f"^{message}") as raised:
        check_decoding(Decoding(**{"max_new_tokens": 8, **settings}))
    assert raised.value.permanent
    assert "\n" not in str(raised.value)


@given(
    st.floats(0.001, 100),
    st.floats(0, 1, exclude_min=True),
    st.integers(0, 10**6),
    st.floats(0, 10, exclude_min=True),
)
def test_settings_with_sense_pass(
    temperature: float, top_p: float, top_k: int, penalty: float
) -> None:
    check_decoding(
        Decoding(8, 8, penalty, temperature=temperature, top_k=top_k, top_p=top_p, stop=("x",))
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(value: float) -> None:
    samples = np.zeros(16_000, np.float32)
    samples[5] = value
    with pytest.raises(InvalidAudio, match=r"^audio holds samples that are no numbers$"):
        check_sound(Sound(samples))


@pytest.mark.parametrize("value", [16.5, -16.5, 1e30, -32_768])
def test_samples_beyond_hearing(value: float) -> None:
    samples = np.zeros(16_000, np.float32)
    samples[5] = value
    with pytest.raises(InvalidAudio, match=r"^audio reaches .*: full scale is 1, and at most 16"):
        check_sound(Sound(samples))
    samples[5] = np.sign(value) * 16
    check_sound(Sound(samples))


def test_float16_is_refused_plainly() -> None:
    from af3core.model.engines.af3_engine import Af3Engine

    with pytest.raises(ConfigurationError) as raised:
        Af3Engine.load(find_checkpoint(NANO), dtype="float16")
    assert str(raised.value) == (
        "--dtype float16 is not supported: float32, bfloat16 or int8; bfloat16 is as small as"
        " float16 and has the range of float32"
    )
