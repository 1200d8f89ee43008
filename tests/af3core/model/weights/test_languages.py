"""Which languages a checkpoint was made for."""

from __future__ import annotations

import pytest

from af3core.model.weights.languages import is_beyond_model, is_doubted
from af3core.tasks.language import UNKNOWN, Language

GERMAN = Language("de", 0.98)


@pytest.mark.parametrize(
    ("spoken", "model", "beyond"),
    [
        (GERMAN, "nvidia/audio-flamingo-3-hf", True),
        (GERMAN, "audio-flamingo-3-hf", True),
        (GERMAN, "nvidia/audio-flamingo-3-hf+nvidia/audio-flamingo-next-think-hf", True),
        (GERMAN, "nano", True),
        (GERMAN, "nvidia/music-flamingo-2601-hf", True),
        (GERMAN, "nvidia/audio-flamingo-next-hf", False),
        (GERMAN, "someone/finetuned", False),
        (Language("de", 0.89), "nvidia/audio-flamingo-3-hf", False),
        (Language("en", 0.98), "nvidia/audio-flamingo-3-hf", False),
        (UNKNOWN, "nvidia/audio-flamingo-3-hf", False),
    ],
)
def test_only_a_likely_language_that_the_card_does_not_name(
    spoken: Language, model: str, beyond: bool
) -> None:
    assert is_beyond_model(spoken, model) is beyond


def test_a_language_is_no_doubt_of_an_answer() -> None:
    assert not is_doubted(["language_beyond_model"])
    assert is_doubted(["language_beyond_model", "looping_text"])
    assert not is_doubted([])
