"""The path of a GPU gives what the CPU's gives: same tokens, same probabilities, same errors."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.errors import ModelError
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.prompt import PromptTooLong
from af3core.model.request import Answer, Decoding, Request, Sound, Turn, ask
from af3core.model.runtime.memory_budget import PoolSizes
from af3core.model.runtime.paged_runner import PagedRunner
from af3core.model.weights.checkpoint import find_checkpoint
from tests.af3core.model.asking import answers_of, assert_same_answers, odd_checkpoint, sound_of
from tests.af3core.model.engines.test_af3_engine import write_think
from tests.af3core.model.family_checkpoints import Form, checkpoint_of
from tests.af3core.model.runtime.paged_on_cpu import on_pages, runner_of
from tests.af3core.model.runtime.test_sampling import SCHEMA
from tests.af3core.model.streaming.test_stream import assert_streamed

SIZES = PoolSizes(
    pages=120, slots=5, step_rows=16, prefix_tokens=3_000, own_tokens=600, tokens_at_once=1_500
)
"""Fewer slots than questions, and fewer rows than a question's tokens."""
WHO, CAPTION = "Who is speaking?", "Please describe the audio in detail."
Engines = tuple[Af3Engine, Af3Engine]


@pytest.fixture(scope="module")
def engines(shared: Path, untrained: Path) -> Engines:
    """On pages, and as on a CPU."""
    checkpoint = find_checkpoint(str(odd_checkpoint(shared, untrained)))
    return on_pages(Af3Engine.load(checkpoint), SIZES), Af3Engine.load(checkpoint)


def compare(engines: Engines, requests: list[Request]) -> list[Answer]:
    ours, reference = engines
    answers = answers_of(ours, requests)
    assert_same_answers(answers, answers_of(reference, requests))
    runner = runner_of(ours)
    assert len(runner.pages) == runner.pages.total
    assert runner.rows.is_empty
    return answers


def request_of(decoding: Decoding, text: str = WHO, sounds: tuple[float, ...] = (1.0,)) -> Request:
    heard = tuple(sound_of(seconds, seed=i) for i, seconds in enumerate(sounds))
    return Request(heard, (Turn("user", text),), decoding)


def test_mixed_lengths_with_shared_and_unshared_prefixes(engines: Engines) -> None:
    sounds = [sound_of(s, seed=i) for i, s in enumerate((0.1, 4.0, 12.3, 30.0, 30.001, 65.0))]
    requests = [
        ask(sound, prompt, n) for sound in sounds for prompt, n in ((CAPTION, 20), (WHO, 6))
    ]
    requests += [request_of(Decoding(5), WHO, ()), request_of(Decoding(1), WHO, (2.5, 31.0))]
    requests += [ask(sounds[1], f"{CAPTION} {n}", 3 + 30 * (n % 2)) for n in range(7)]
    compare(engines, requests)


def test_sounds_are_encoded_for_one_prefill_at_a_time(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Embeddings of all that starts are not held together; a sound of two prefixes is kept."""
    runner = runner_of(engines[0])
    encode, seconds = runner.encode, []

    def watched(sounds: Sequence[Sound]) -> list[torch.Tensor]:
        seconds.append([len(sound.samples) // 16_000 for sound in sounds])
        return encode(sounds)

    monkeypatch.setattr(runner, "encode", watched)
    one, two, three, four = (sound_of(s, seed=int(s)) for s in (30.0, 29.0, 28.0, 27.0))
    both = Request((four, one), (Turn("user", WHO),), Decoding(2))
    compare(engines, [*(ask(sound, WHO, 2) for sound in (one, two, three)), both])
    assert seconds == [[27, 30], [], [29, 28]]


def test_penalties_least_lengths_and_stop_texts(engines: Engines) -> None:
    (whole,) = compare(engines, [request_of(Decoding(20))])
    stop = engines[0].processor.tokenizer.decode(whole.token_ids[3:5])
    decodings = [
        Decoding(24, repetition_penalty=1.3),
        Decoding(24, min_new_tokens=24),
        Decoding(12, min_new_tokens=8, repetition_penalty=1.05),
        Decoding(20, stop=("never there", stop)),
        Decoding(9),
    ]
    answers = compare(engines, [request_of(decoding) for decoding in decodings])
    assert answers[3].finish_reason == "stop"
    assert answers[3].text == whole.text[: whole.text.index(stop)]


def test_documents_fit_their_schema(engines: Engines) -> None:
    greedy = Decoding(120, json_schema=json.dumps(SCHEMA))
    free = [request_of(Decoding(30, min_new_tokens=n)) for n in (30, 4)]
    compare(engines, [request_of(greedy), *free, request_of(greedy, "And now?")])
    (drawn,) = answers_of(engines[0], [request_of(replace(greedy, temperature=1.0, seed=3))])
    assert set(json.loads(drawn.text)) == {"loud", "speakers", "kind"}


def test_a_seed_gives_the_same_answer_in_any_company(engines: Engines) -> None:
    ours, _ = engines
    sampled = Decoding(16, temperature=1.0, seed=7)
    (alone,) = answers_of(ours, [request_of(sampled)])
    company = [request_of(Decoding(9, temperature=1.3, seed=n)) for n in range(3)]
    *_, beside = answers_of(ours, [*company, request_of(sampled)])
    assert beside.token_ids == alone.token_ids
    (other,) = answers_of(ours, [request_of(replace(sampled, seed=8))])
    assert other.token_ids != alone.token_ids
    (likeliest,) = answers_of(ours, [request_of(replace(sampled, top_k=1))])
    (greedy,) = answers_of(ours, [request_of(Decoding(16))])
    assert_same_answers([likeliest], [greedy])


def test_answers_are_streamed(engines: Engines) -> None:
    requests = [request_of(Decoding(12)), request_of(Decoding(7), CAPTION, (3.0,))]
    with engines[0].stream(requests) as stream:
        assert_streamed(list(stream), answers_of(engines[1], requests))


def test_what_would_not_be_taken_is_known_before(engines: Engines) -> None:
    """By the pages of this engine's pool, not by its tokens alone."""
    request = request_of(Decoding(700))
    refusal, (result,) = engines[0].refusal(request), engines[0].answer([request])
    assert isinstance(result, PromptTooLong)
    assert str(refusal) == str(result)
    assert engines[0].refusal(request_of(Decoding(500))) is None
    assert engines[1].refusal(request) is None


def test_a_cancelled_answer_gives_its_place_back(engines: Engines) -> None:
    ours, _ = engines
    with ours.stream([request_of(Decoding(500, min_new_tokens=500))]) as stream:
        next(iter(stream))
    compare(engines, [request_of(Decoding(6))])


def test_what_no_budget_holds_is_said(engines: Engines) -> None:
    ours, _ = engines
    large, small = ours.answer([ask(sound_of(9.0), WHO, 640), request_of(Decoding(4))])
    assert isinstance(large, PromptTooLong)
    assert str(large).endswith("raise --batch-tokens")
    assert isinstance(small, Answer)


def test_a_request_that_breaks_the_model_fails_alone(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, reference = engines
    sounds = [sound_of(seconds, seed=i) for i, seconds in enumerate((0.5, 1.7, 3.0))]
    encode = PagedRunner.encode

    def break_on_one(self: PagedRunner, heard: list[Sound]) -> object:
        if sounds[1] in heard:
            raise RuntimeError("device-side assert triggered\nsecond line")
        return encode(self, heard)

    requests = [ask(sound, prompt, 6) for sound in sounds for prompt in (WHO, CAPTION)]
    expected = answers_of(reference, requests)
    monkeypatch.setattr(PagedRunner, "encode", break_on_one)
    results = ours.answer(requests)
    broken = [r for r in results if isinstance(r, ModelError)]
    assert [str(r) for r in broken] == [
        "the model failed: RuntimeError: device-side assert triggered"
    ] * 2
    whole = [r for r in results if isinstance(r, Answer)]
    assert_same_answers(whole, expected[:2] + expected[4:])


QUESTIONS = st.tuples(st.integers(0, 3), st.sampled_from([WHO, CAPTION]), st.integers(1, 9))


@settings(deadline=None, max_examples=10)
@given(questions=st.lists(QUESTIONS, min_size=2, max_size=9), budget=st.integers(500, 4_000))
def test_an_answer_does_not_depend_on_its_company(
    engines: Engines, questions: list[tuple[int, str, int]], budget: int
) -> None:
    ours, reference = engines
    sounds = [sound_of(seconds, seed=i) for i, seconds in enumerate((0.5, 1.7, 3.0, 6.2))]
    requests = [ask(sounds[sound], prompt, tokens) for sound, prompt, tokens in questions]
    whole = ours.batch_tokens
    ours.batch_tokens = budget
    try:
        assert_same_answers(answers_of(ours, requests), answers_of(reference, requests))
    finally:
        ours.batch_tokens = whole


def test_the_form_that_tells_the_time(shared: Path, untrained: Path) -> None:
    checkpoint = find_checkpoint(
        str(checkpoint_of(Form("music-engine", seed=8), shared, untrained))
    )
    ours = on_pages(Af3Engine.load(checkpoint), SIZES)
    requests = [ask(sound_of(s, seed=i), WHO, 8) for i, s in enumerate((2.5, 29.0, 65.0))]
    compare((ours, Af3Engine.load(checkpoint)), requests)
    both = (ours, Af3Engine.load(checkpoint))
    embedded: list[Any] = [engine.embed([sound_of(31.0)])[0] for engine in both]
    np.testing.assert_allclose(embedded[0], embedded[1], atol=1e-5)


def test_think_weights_share_the_pool_with_the_base(untrained: Path, tmp_path: Path) -> None:
    shutil.copytree(untrained, tmp_path / "both")
    write_think(tmp_path / "both" / "think", untrained)
    checkpoint = find_checkpoint(str(tmp_path / "both"))
    ours = on_pages(Af3Engine.load(checkpoint), SIZES)
    base = [ask(sound_of(s, seed=i), WHO, 6) for i, s in enumerate((0.5, 3.0))]
    requests = [r for one in base for r in (one, replace(one, weights="think"))]
    compare((ours, Af3Engine.load(checkpoint)), requests)
    assert ours.runners["base"].pool is ours.runners["think"].pool  # type: ignore[union-attr]
