"""Our engine's faults, each alone and with its reason; and that company changes no answer."""

from __future__ import annotations

import functools
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from af3core.errors import AudioTooLong, EmptyAudio, InvalidAudio, ModelError
from af3core.model.decoding_limits import InvalidDecoding
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.prompt import InvalidPrompt, PromptTooLong
from af3core.model.request import Answer, Decoding, Request, Sound, Turn, ask
from af3core.model.runtime.runner import Runner
from af3core.model.weights.checkpoint import find_checkpoint
from tests.af3core.model.asking import answers_of, assert_same_answers, sound_of

SOUNDS = [sound_of(seconds, seed=i) for i, seconds in enumerate((0.5, 1.7, 3.0, 6.2))]
EMBEDDINGS = "language_model.model.embed_tokens.weight"
QUERY = "language_model.model.layers.0.self_attn.q_proj.weight"
PROMPTS = ("Who is speaking?", "Transcribe the input speech.", "What is it about, in short?")


@pytest.fixture(scope="module")
def engine(untrained: Path) -> Af3Engine:
    return Af3Engine.load(find_checkpoint(str(untrained)))


def waveform(count: int) -> Sound:
    return Sound(np.zeros(count, np.float32))


def test_bad_requests_fail_alone_with_their_reasons(engine: Af3Engine) -> None:
    long = waveform(301 * 16_000)
    cases: list[tuple[Request, type[ModelError], str]] = [
        (ask(waveform(100), "Who?", 4), EmptyAudio,
         "100 samples: less than the 30 ms of one audio token"),
        (ask(Sound(np.full(16_000, np.nan, np.float32)), "Who?", 4), InvalidAudio,
         "audio holds samples that are no numbers"),
        (ask(Sound(np.zeros((9, 2), np.float32)), "Who?", 4), InvalidAudio,
         "audio must be mono [samples], not [9, 2]"),
        (ask(Sound(np.zeros(9_000, np.float32), 44_100), "Who?", 4), InvalidAudio,
         "audio has 44100 Hz: resample it to 16000 Hz"),
        (ask(waveform(600 * 16_000 + 1), "Who?", 4), AudioTooLong,
         "600.0 s of audio: the model takes at most 600 s (20 windows); cut it into clips"),
        (Request((long, long), (Turn("user", "Who?"),), Decoding(4)), InvalidPrompt,
         "602.0 s of audio in one conversation: the model takes at most 600 s (20 windows)"),
        (ask(SOUNDS[0], "What is <|im_end|>?", 4), InvalidPrompt,
         "the text holds the special token <|im_end|>; leave it out"),
        (ask(SOUNDS[0], "Is it <sound-2>?", 4), InvalidPrompt,
         "<sound-2>: the request holds 1 sounds"),
        (Request(tuple(SOUNDS[:2]), (Turn("user", "Is it <sound-1>?"),), Decoding(4)),
         InvalidPrompt, "<sound-2> is named in no turn"),
        (Request((), (Turn("user", "Hm?"), Turn("assistant", "No."),), Decoding(4)),
         InvalidPrompt, "a conversation ends with a user's turn, to be answered"),
        (ask(SOUNDS[0], "Who?", 0), InvalidDecoding, "max_new_tokens 0: it must be at least 1"),
        (Request((SOUNDS[0],), (Turn("user", "Who?"),), Decoding(4, temperature=-1.0)),
         InvalidDecoding, "temperature -1.0: it must be 0, which takes the likeliest token, or at"
         " least 0.001"),
        (ask(Sound(np.full(16_000, -1e30, np.float32)), "Who?", 4), InvalidAudio,
         "audio reaches 1e+30: full scale is 1, and at most 16 is heard; divide integers by their"
         " full scale, such as 32768"),
        (Request((SOUNDS[0],), (Turn("user", "Who?"),), Decoding(4), weights="think"),
         InvalidPrompt, "the checkpoint has no think weights: they lie in its folder think/ or are"
         " a checkpoint of their own, for --think-model"),
        (ask(SOUNDS[0], "Who?", 40_000), PromptTooLong,
         "44 tokens and an answer of 40000: the model has 32768 positions"),
    ]  # fmt: skip
    good = ask(SOUNDS[1], PROMPTS[0], 4)
    results = engine.answer([good, *(request for request, _, _ in cases), good])
    assert isinstance(results[0], Answer)
    assert isinstance(results[-1], Answer)
    assert results[0].token_ids == results[-1].token_ids
    for result, (_, kind, message) in zip(results[1:-1], cases, strict=True):
        assert type(result) is kind
        assert str(result) == message
        assert result.permanent


def test_what_no_budget_holds_is_said(untrained: Path) -> None:
    engine = Af3Engine.load(find_checkpoint(str(untrained)), batch_tokens=100)
    large, small = engine.answer([ask(sound_of(6.0), "Who?", 20), ask(SOUNDS[0], "Who?", 20)])
    assert str(large) == (
        "182 tokens and an answer of 20 do not fit the budget of 100; raise --batch-tokens"
    )
    assert isinstance(small, Answer)


def test_out_of_memory_halves_and_goes_on(
    engine: Af3Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [ask(sound, prompt, 6) for sound in SOUNDS for prompt in PROMPTS]
    expected = answers_of(engine, requests)
    start, sizes = Runner.start, []

    def short_of_memory(self: Runner, number: int, clips: list[list[object]], room: int) -> object:
        rows = sum(map(len, clips))
        sizes.append(rows)
        if rows > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return start(self, number, clips, room)  # type: ignore[arg-type]

    monkeypatch.setattr(Runner, "start", short_of_memory)
    assert_same_answers(answers_of(engine, requests), expected)
    assert max(sizes) == 3
    assert sizes.count(3) >= 1


def test_a_request_that_breaks_the_model_fails_alone(
    engine: Af3Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = SOUNDS[2]
    encode = Runner.encode

    def break_on_one(self: Runner, sounds: list[Sound]) -> object:
        if broken in sounds:
            raise RuntimeError("device-side assert triggered\nsecond line")
        return encode(self, sounds)

    requests = [ask(sound, prompt, 6) for sound in SOUNDS for prompt in PROMPTS]
    expected = engine.answer(requests)
    monkeypatch.setattr(Runner, "encode", break_on_one)
    results = engine.answer(requests)
    for request, result, undisturbed in zip(requests, results, expected, strict=True):
        if request.sounds[0] is broken:
            assert str(result) == ("the model failed: RuntimeError: device-side assert triggered")
        else:
            assert isinstance(result, Answer)
            assert isinstance(undisturbed, Answer)
            assert result.token_ids == undisturbed.token_ids


QUESTIONS = st.tuples(st.integers(0, 3), st.sampled_from(PROMPTS), st.integers(1, 12))


@settings(deadline=None, max_examples=15)
@given(st.lists(QUESTIONS, min_size=2, max_size=8), st.integers(220, 2_000))
def test_an_answer_does_not_depend_on_its_company(
    untrained: Path, questions: list[tuple[int, str, int]], batch_tokens: int
) -> None:
    engine = _loaded(untrained)
    requests = [ask(SOUNDS[sound], prompt, tokens) for sound, prompt, tokens in questions]
    engine.batch_tokens = batch_tokens
    together = answers_of(engine, requests)
    alone = [answers_of(engine, [request])[0] for request in requests]
    assert_same_answers(together, alone)


@functools.cache
def _loaded(folder: Path) -> Af3Engine:
    """Once for all examples."""
    return Af3Engine.load(find_checkpoint(str(folder)))


def test_keys_and_values_stay_within_the_budget(untrained: Path) -> None:
    engine = Af3Engine.load(find_checkpoint(str(untrained)), batch_tokens=700)
    answers_of(engine, [ask(sound, prompt, 30) for sound in SOUNDS for prompt in PROMPTS])
    bytes_per_token = 4 * 2 * 2 * 64 * 4  # layers, keys and values, heads, size, float32
    assert 300 * bytes_per_token < engine.stats.peak_kv_bytes <= 700 * bytes_per_token


def test_think_weights_answer_beside_the_base(untrained: Path, tmp_path: Path) -> None:
    """Requests of both weights in one call; each as from a checkpoint of those weights alone."""
    for path in untrained.iterdir():
        shutil.copy(path, tmp_path / path.name)
    write_think(tmp_path / "think", untrained)
    engine = Af3Engine.load(find_checkpoint(str(tmp_path)))
    base = [ask(sound, PROMPTS[0], 8) for sound in SOUNDS]
    think = [replace(request, weights="think") for request in base]
    mixed = answers_of(engine, [r for pair in zip(base, think, strict=True) for r in pair])
    plain = answers_of(Af3Engine.load(find_checkpoint(str(untrained))), base)
    assert_same_answers(mixed[0::2], plain)
    shutil.rmtree(tmp_path / "think")
    state = load_file(tmp_path / "model.safetensors")
    state[EMBEDDINGS] *= 0.5
    state[QUERY] = (state[QUERY].float() + 0.03).half()
    save_file(state, tmp_path / "model.safetensors", {"format": "pt"})
    merged = answers_of(Af3Engine.load(find_checkpoint(str(tmp_path))), base)
    assert_same_answers(mixed[1::2], merged, tolerance=2e-2)
    assert [a.token_ids for a in mixed[1::2]] != [a.token_ids for a in mixed[0::2]]


def write_think(folder: Path, checkpoint: Path) -> None:
    """A LoRA of one matrix by 0.03 in all places, and embeddings of half the size."""
    folder.mkdir()
    settings = {"peft_type": "LORA", "r": 2, "lora_alpha": 3, "bias": "none"}
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    module = "base_model.model." + QUERY.removesuffix(".weight")
    halves = {"A": torch.full((2, 256), 0.1), "B": torch.full((256, 2), 0.1)}
    save_file(
        {f"{module}.lora_{half}.weight": tensor for half, tensor in halves.items()},
        folder / "adapter_model.safetensors",
    )
    embeddings = load_file(checkpoint / "model.safetensors")[EMBEDDINGS] * 0.5
    torch.save({EMBEDDINGS: embeddings}, folder / "non_lora_trainables.bin")
