"""Our engine gives what transformers' greedy `generate` gives: same tokens, same probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.engines.transformers_engine import TransformersEngine
from af3core.model.request import Decoding, Request, Turn, ask
from af3core.model.weights.checkpoint import find_checkpoint
from tests.af3core.model.asking import answers_of, assert_same_answers, odd_checkpoint, sound_of

CAPTION, TRANSCRIPT, WHO = (
    "Please describe the audio in detail.",
    "Transcribe the input speech.",
    "Who is speaking?",
)
CHOICE = (
    "Which sound can be heard? Choose the correct option from the following options:\n"
    "(A) rain\n(B) thunder\n(C) a bell\n(D) an engine"
)
Engines = tuple[Af3Engine, TransformersEngine]
LONG = pytest.mark.long
NANO = pytest.mark.parametrize("engines", ["nano"], indirect=True)


@pytest.fixture(scope="module", params=["nano", "odd sizes"])
def engines(request: pytest.FixtureRequest, shared: Path, untrained: Path) -> Engines:
    folder = "nano" if request.param == "nano" else str(odd_checkpoint(shared, untrained))
    checkpoint = find_checkpoint(folder)
    return Af3Engine.load(checkpoint), TransformersEngine.load(checkpoint)


def compare(engines: Engines, requests: Sequence[Request]) -> None:
    ours, reference = engines
    assert_same_answers(answers_of(ours, requests), answers_of(reference, requests))


def conversation(*texts: str, sounds: Sequence[float], tokens: int = 16) -> Request:
    """User and assistant in turn."""
    turns = tuple(Turn("user" if i % 2 == 0 else "assistant", t) for i, t in enumerate(texts))
    heard = tuple(sound_of(seconds, seed=i) for i, seconds in enumerate(sounds))
    return Request(heard, turns, Decoding(tokens))


@pytest.mark.parametrize("engines", ["odd sizes"], indirect=True)
@pytest.mark.parametrize("seconds", [0.1, 0.99, 2.005, 10.2, 29.985, 30.0, 30.001, 65.0])
def test_lengths(engines: Engines, seconds: float) -> None:
    compare(engines, [ask(sound_of(seconds), prompt, 24) for prompt in (CAPTION, WHO)])


@NANO
@pytest.mark.parametrize(
    "seconds",
    [10.2, 30.001, *(pytest.param(s, marks=LONG) for s in (0.1, 0.99, 2.005, 29.985, 30.0, 65.0))],
)
def test_lengths_of_nano(engines: Engines, seconds: float) -> None:
    compare(engines, [ask(sound_of(seconds), prompt, 24) for prompt in (CAPTION, WHO)])


@pytest.mark.parametrize("engines", ["odd sizes"], indirect=True)
def test_ten_minutes(engines: Engines) -> None:
    compare(engines, [ask(sound_of(600.0), WHO, 4)])


@LONG
@NANO
def test_ten_minutes_of_nano(engines: Engines) -> None:
    compare(engines, [ask(sound_of(600.0), WHO, 4)])


@pytest.mark.parametrize("engines", ["odd sizes", pytest.param("nano", marks=LONG)], indirect=True)
def test_batches_of_mixed_lengths_with_shared_and_unshared_prefixes(engines: Engines) -> None:
    sounds = [sound_of(seconds, seed=i) for i, seconds in enumerate((4.0, 12.3, 30.0, 47.0))]
    requests = [ask(sound, prompt, 20) for sound in sounds for prompt in (CAPTION, TRANSCRIPT)]
    requests += [ask(sounds[1], CHOICE, 8), ask(sound_of(12.3, seed=1), WHO, 12)]
    compare(engines, requests)


@pytest.mark.parametrize("engines", ["odd sizes", pytest.param("nano", marks=LONG)], indirect=True)
def test_turns_and_sounds(engines: Engines) -> None:
    compare(
        engines,
        [
            conversation(WHO, "A man.", TRANSCRIPT, sounds=[5.0]),
            conversation("What is said in <sound-1>?", "Rain.", "And in <sound-2>?", sounds=[3, 7]),
            conversation("<sound-2> comes after <sound-1>. Who speaks?", sounds=[2.5, 31.0]),
            conversation("First <sound-1>, again <sound-1>.", sounds=[4.0]),
            conversation(WHO, "Nobody.", "Are you sure?", sounds=[]),
        ],
    )


def test_text_alone(engines: Engines) -> None:
    compare(engines, [conversation(prompt, sounds=[]) for prompt in (WHO, "What is rain?")])


def test_repetition_penalty_and_least_length(engines: Engines) -> None:
    sound = sound_of(6.0)
    turns = (Turn("user", CAPTION),)
    decodings = [
        Decoding(24, repetition_penalty=1.3),
        Decoding(24, min_new_tokens=24),
        Decoding(12, min_new_tokens=8, repetition_penalty=1.05),
    ]
    compare(engines, [Request((sound,), turns, decoding) for decoding in decodings])


def test_a_small_budget_changes_nothing(engines: Engines) -> None:
    """Batches start while others run, shrink, and questions of one clip are split."""
    ours, _ = engines
    sounds = [sound_of(seconds, seed=i) for i, seconds in enumerate((2.0, 3.0, 9.0, 10.0, 11.0))]
    prompts = ((CAPTION, 20), (TRANSCRIPT, 30), (WHO, 6), (CHOICE, 10))
    requests = [ask(sound, prompt, tokens) for sound in sounds for prompt, tokens in prompts]
    expected = answers_of(ours, requests)
    budget = ours.batch_tokens
    try:
        ours.batch_tokens = 600
        assert_same_answers(answers_of(ours, requests), expected)
        assert ours.stats.steps > 30
    finally:
        ours.batch_tokens = budget


def test_logits_of_every_question_token_equal(shared: Path, untrained: Path) -> None:
    """Not the chosen tokens alone: the whole distribution, within 1e-4."""
    checkpoint = find_checkpoint(str(odd_checkpoint(shared, untrained)))
    ours, reference = Af3Engine.load(checkpoint), TransformersEngine.load(checkpoint)
    requests = [ask(sound_of(s, seed=i), CAPTION, 1) for i, s in enumerate((1.0, 8.0, 33.0))]
    for request in requests:
        prompt = ours.prompt_builder.build(request)
        with torch.inference_mode():
            mine = ours.runners["base"].start(0, [[prompt]], capacity=len(prompt.ids))
            theirs = reference.model(**reference.inputs([prompt])).logits[:, -1].float()
        ours.runners["base"].forget()
        torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_cuda_graphs_and_kernels(dtype: str) -> None:
    """On CUDA steps are replayed from a graph; float32 gives the CPU's tokens."""
    checkpoint = find_checkpoint("nano")
    requests = [
        ask(sound_of(s, seed=i), prompt, 32)
        for i, s in enumerate((2.0, 14.0, 30.0, 45.0))
        for prompt in (CAPTION, TRANSCRIPT, WHO)
    ]
    on_cuda = answers_of(Af3Engine.load(checkpoint, dtype, "cuda"), requests)
    if dtype == "float32":
        on_cpu = answers_of(Af3Engine.load(checkpoint, dtype, "cpu"), requests)
        assert_same_answers(on_cuda, on_cpu, tolerance=1e-3)
    else:
        theirs = answers_of(TransformersEngine.load(checkpoint, dtype, "cuda"), requests)
        same = sum(a.text == b.text for a, b in zip(on_cuda, theirs, strict=True))
        assert same >= len(requests) - 2
