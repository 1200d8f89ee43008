"""A text as the model's own answer: its attention is transformers', its logprobs the engine's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from transformers import AudioFlamingo3ForConditionalGeneration

from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.prompt import InvalidPrompt, PromptTooLong
from af3core.model.request import Sound, ask
from af3core.model.runtime.runner import Runner
from af3core.model.weights.checkpoint import find_checkpoint, nano_folder
from tests.media import WORDS, spoken

QUESTION = "Transcribe the input speech."


@pytest.fixture(scope="module")
def engine() -> Af3Engine:
    return Af3Engine.load(find_checkpoint("nano"), device="cpu")


def test_all_heads_attend_as_in_transformers(engine: Af3Engine) -> None:
    request = ask(Sound(spoken()), QUESTION, 1)
    found = engine.force(request, WORDS, None)
    prompt = engine.prompt_builder.build(request)
    runner = engine.runners["base"]
    assert isinstance(runner, Runner)
    tokens = engine.processor.tokenizer(WORDS).input_ids
    ids = torch.tensor([*prompt.ids, *tokens])
    with torch.inference_mode():
        embeddings = runner.model.prefix_embeddings(ids, runner.encode(prompt.sounds))
        theirs: Any = AudioFlamingo3ForConditionalGeneration.from_pretrained(
            nano_folder(), attn_implementation="eager", dtype=torch.float32
        )
        given = theirs.model.language_model(inputs_embeds=embeddings[None], output_attentions=True)
    audio = ids == engine.processor.audio_token_id
    rows = slice(len(prompt.ids) - 1, len(ids) - 1)
    wanted = torch.stack(given.attentions)[:, 0][:, :, rows][..., audio].flatten(0, 1)
    assert found.attention.shape == (16, len(tokens), int(audio.sum()))
    assert found.heads[:5] == ((0, 0), (0, 1), (0, 2), (0, 3), (1, 0))
    np.testing.assert_allclose(found.attention, wanted.numpy(), atol=2e-5)


def test_chosen_heads_are_those_of_all_in_the_order_asked(engine: Af3Engine) -> None:
    request = ask(Sound(spoken()), QUESTION, 1)
    every = engine.force(request, WORDS, None)
    found = engine.force(request, WORDS, ((3, 1), (0, 2), (3, 0)))
    np.testing.assert_array_equal(found.attention, every.attention[[13, 2, 12]])


def test_logprobs_are_those_of_the_written_answer(engine: Af3Engine) -> None:
    sound = Sound(spoken())
    (answer,) = engine.answer([ask(sound, QUESTION, 60)])
    assert not isinstance(answer, Exception)
    found = engine.force(ask(sound, QUESTION, 1), answer.text, ((3, 0),))
    np.testing.assert_allclose(found.logprobs, answer.logprobs[: len(found.logprobs)], atol=1e-4)
    assert [answer.text[start:end].strip() for start, end in found.offsets] == answer.text.split()


def test_what_the_model_cannot_be_given_is_refused(engine: Af3Engine) -> None:
    request = ask(Sound(spoken()), QUESTION, 1)
    with pytest.raises(InvalidPrompt, match="a special token"):
        engine.force(request, "the storm <|im_end|> ends", None)
    with pytest.raises(PromptTooLong, match="the model has 32768 positions"):
        engine.force(request, "the storm " * 20_000, None)
