"""Heads of a model that never learnt to hear: nothing is chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.alignment.attention_aligner import transcript_request
from af3core.alignment.head_choice import choose_heads
from af3core.alignment.known_speech import KnownSpeech, SpokenWord, stretches
from af3core.errors import ConfigurationError
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.weights.checkpoint import Checkpoint, find_checkpoint
from tests.media import WORDS, spoken


@pytest.fixture(scope="module")
def random_weights(untrained: Path) -> tuple[Af3Engine, Checkpoint]:
    checkpoint = find_checkpoint(str(untrained))
    return Af3Engine.load(checkpoint, device="cpu"), checkpoint


def sentences(count: int) -> list[KnownSpeech]:
    """The same sentence, so often; its words are as long as they are written."""
    samples = spoken()
    step = len(samples) // 16 // 14
    words = [SpokenWord(n * step, (n + 1) * step, word) for n, word in enumerate(WORDS.split())]
    return [found for n in range(count) for found in stretches(f"sentence {n}", samples, words)]


def test_a_model_whose_heads_do_not_follow_speech_is_refused(
    random_weights: tuple[Af3Engine, Checkpoint],
) -> None:
    engine, checkpoint = random_weights
    told: list[str] = []
    with pytest.raises(ConfigurationError, match=r"no head of .* follows speech: words of held"):
        choose_heads(engine, checkpoint, sentences(24), "sentences", told.append)
    assert told[0].startswith("of 16 heads, head ")


def test_words_that_the_model_does_not_take_are_named(
    random_weights: tuple[Af3Engine, Checkpoint],
) -> None:
    engine, checkpoint = random_weights
    known = sentences(24)
    wrong = stretches("wrong", spoken(), [SpokenWord(0, 500, "<|im_end|>")])
    with pytest.raises(ConfigurationError, match=r"--calibrate: wrong, '<\|im_end\|>': the text"):
        choose_heads(engine, checkpoint, [*wrong, *known], "sentences")


def test_the_question_is_the_built_in_one() -> None:
    request = transcript_request(spoken())
    assert [turn.text for turn in request.turns] == ["Transcribe the input speech."]
