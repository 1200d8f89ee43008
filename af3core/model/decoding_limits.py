"""What a decoding may be set to: out of these limits an answer is nonsense, or no number."""

from __future__ import annotations

import math

from af3core.errors import ModelError
from af3core.model.request import Decoding

LEAST_TEMPERATURE = 0.001
"""Logits of any model stay finite numbers when divided by it."""
_SEED_BITS = 63


class InvalidDecoding(ModelError):
    """A decoding that no engine can follow."""

    permanent = True


def check_decoding(decoding: Decoding) -> None:
    """Refuse settings that no engine can follow.

    The limits are those of transformers' generation and of vLLM's sampling parameters.

    Raises:
        InvalidDecoding: it names the setting, its value and what it may be.
    """
    for name, value, is_right, remedy in _settings(decoding):
        if not is_right:
            raise InvalidDecoding(f"{name} {value!r}: {remedy}")


def _settings(decoding: Decoding) -> list[tuple[str, object, bool, str]]:
    """Each setting with its value, whether that is right, and what it may be."""
    most, temperature = decoding.max_new_tokens, decoding.temperature
    is_warm = temperature == 0 or LEAST_TEMPERATURE <= temperature < math.inf
    seeds = range(-(2**_SEED_BITS), 2**_SEED_BITS)
    return [
        ("max_new_tokens", most, most >= 1, "it must be at least 1"),
        (
            "min_new_tokens",
            decoding.min_new_tokens,
            0 <= decoding.min_new_tokens <= most,
            f"it must lie between 0 and max_new_tokens, {most}",
        ),
        (
            "repetition_penalty",
            decoding.repetition_penalty,
            0 < decoding.repetition_penalty < math.inf,
            "it must be above 0; 1.0 is none",
        ),
        (
            "temperature",
            temperature,
            is_warm,
            f"it must be 0, which takes the likeliest token, or at least {LEAST_TEMPERATURE}",
        ),
        ("top_k", decoding.top_k, decoding.top_k >= 0, "it must be 0 (all tokens) or more"),
        (
            "top_p",
            decoding.top_p,
            0 < decoding.top_p <= 1,
            "it must be above 0 and at most 1.0, which leaves it out",
        ),
        ("seed", decoding.seed, decoding.seed in seeds, "it must be a whole number of 64 bits"),
        ("stop", decoding.stop, all(decoding.stop), "a stop text must not be empty"),
    ]
