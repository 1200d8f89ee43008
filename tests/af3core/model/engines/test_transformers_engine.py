"""The reference engine: prompts as the processor writes them, streams, checkpoints refused."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AudioFlamingo3ForConditionalGeneration,
    AudioFlamingo3Processor,
)

from af3core.errors import ConfigurationError
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.engines.transformers_engine import TransformersEngine, plan_batches
from af3core.model.prompt import InvalidPrompt
from af3core.model.request import Answer, Decoding, Request, Turn, ask
from af3core.model.streaming.stream import Cancelled, Event, TextDelta
from af3core.model.weights.checkpoint import find_checkpoint
from tests.af3core.model.asking import answers_of, sound_of
from tests.af3core.model.streaming.test_stream import assert_streamed, results, until_text

SOUND = sound_of(1.5)


def test_answers_and_logprobs_are_those_of_transformers(untrained: Path) -> None:
    """Each row of a padded batch equals the same question asked alone through transformers."""
    engine = TransformersEngine.load(find_checkpoint(str(untrained)))
    model = AudioFlamingo3ForConditionalGeneration.from_pretrained(untrained, dtype=torch.float32)
    processor = AudioFlamingo3Processor.from_pretrained(untrained)
    cases = [(sound_of(s), p) for p in ("Describe it.", "Who speaks?") for s in (1.25, 2.5)]
    answers = answers_of(engine, [ask(sound, prompt, 6) for sound, prompt in cases])
    for (sound, prompt), answer in zip(cases, answers, strict=True):
        content = [{"type": "text", "text": prompt}, {"type": "audio"}]
        text = processor.apply_chat_template(
            [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
        )
        inputs = processor(text=[text], audio=[sound.samples])
        out = model.generate(
            **inputs,
            do_sample=False,
            max_new_tokens=6,
            output_logits=True,
            return_dict_in_generate=True,
        )
        new = out.sequences[0, inputs["input_ids"].shape[1] :]
        logprobs = [
            float(step[0].log_softmax(-1)[token])
            for step, token in zip(out.logits, new, strict=True)
        ]
        assert answer.text == processor.tokenizer.decode(new, skip_special_tokens=True)
        assert answer.mean_logprob == pytest.approx(sum(logprobs) / len(logprobs), abs=1e-4)


@pytest.mark.parametrize(("seconds", "windows"), [(0.1, 1), (10.2, 1), (30.001, 1), (65.0, 3)])
def test_prompts_are_those_of_the_processor(untrained: Path, seconds: float, windows: int) -> None:
    """But for a rest of 1 ms: it has no token, and is no window of ours."""
    engine = TransformersEngine.load(find_checkpoint(str(untrained)))
    processor = AudioFlamingo3Processor.from_pretrained(untrained)
    sound = sound_of(seconds)
    content = [{"type": "text", "text": "Who is it?"}, {"type": "audio"}]
    text = processor.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
    )
    theirs = processor(text=[text], audio=[sound.samples])
    prompt = engine.prompt_builder.build(ask(sound, "Who is it?", 1))
    assert list(prompt.ids) == theirs["input_ids"][0].tolist()
    ours = engine.inputs([prompt])
    assert len(ours["input_features"]) == windows
    torch.testing.assert_close(ours["input_features"], theirs["input_features"][:windows])
    torch.testing.assert_close(
        ours["input_features_mask"], theirs["input_features_mask"][:windows], check_dtype=False
    )


def test_batches_keep_the_budget_and_never_mix_decodings(untrained: Path) -> None:
    engine = TransformersEngine.load(find_checkpoint(str(untrained)))
    requests = [ask(sound_of(s), "x", n) for s, n in ((30, 48), (2, 48), (4, 24), (66, 24))]
    sampled = Decoding(48, temperature=0.7)
    requests += [Request(requests[1].sounds, requests[1].turns, sampled)] * 2
    prompts = {n: engine.prompt_builder.build(request) for n, request in enumerate(requests)}
    batches = plan_batches(requests, prompts, 2_000)
    assert sorted(map(sorted, batches)) == [[0, 1], [2], [3], [4], [5]]


def test_a_checkpoint_of_another_form_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no readable config\.json"):
        find_checkpoint(str(tmp_path))
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(ConfigurationError, match="'llama', not 'audioflamingo3', 'mus"):
        find_checkpoint(str(tmp_path))


@pytest.mark.parametrize("engine", [Af3Engine, TransformersEngine])
def test_missing_and_left_over_weights_are_refused(
    untrained: Path, tmp_path: Path, engine: type[Af3Engine] | type[TransformersEngine]
) -> None:
    for path in untrained.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    removed = weights.pop(next(name for name in weights if name.endswith("conv1.weight")))
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ConfigurationError, match=r"1 missing .*conv1\.weight"):
        engine.load(find_checkpoint(str(tmp_path)))
    name = next(name for name in weights if name.endswith("conv1.bias"))
    weights[name.replace("bias", "weight")] = removed
    weights["model.audio_tower.conv9.weight"] = torch.zeros(2)
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ConfigurationError, match=r"1 left over .*conv9\.weight"):
        engine.load(find_checkpoint(str(tmp_path)))


def asked(decoding: Decoding, text: str = "Please describe the audio in detail.") -> Request:
    return Request((SOUND,), (Turn("user", text),), decoding)


@pytest.mark.parametrize("model", ["untrained", pytest.param("nano", marks=pytest.mark.long)])
def test_pieces_join_to_the_same_answers(untrained: Path, model: str) -> None:
    folder = str(untrained) if model == "untrained" else model
    engine = TransformersEngine.load(find_checkpoint(folder))
    decodings = [
        Decoding(16),
        Decoding(16, stop=("about", "e")),
        Decoding(12, min_new_tokens=12),
        Decoding(12, temperature=0.8, seed=3),
    ]
    requests = [asked(decoding, text) for decoding in decodings for text in ("Hm?", "Who?")]
    expected = engine.answer(requests)
    threads = set(threading.enumerate())
    events = list(engine.stream(requests))
    assert set(threading.enumerate()) - threads == set()
    assert_streamed(events, expected)
    assert sum(isinstance(event, TextDelta) for event in events) >= len(requests)


def test_cancelling_and_closing(untrained: Path) -> None:
    engine = TransformersEngine.load(find_checkpoint(str(untrained)))
    long, short = Decoding(400, min_new_tokens=400), Decoding(3)
    threads = set(threading.enumerate())
    stream = engine.stream([asked(long), asked(short), asked(Decoding(4, json_schema="{}"))])
    events: list[Event] = until_text(stream, 0)
    stream.cancel(0)
    found = results([*events, *stream])
    assert isinstance(found[0], Cancelled)
    assert isinstance(found[1], Answer)
    assert isinstance(found[2], InvalidPrompt)
    with engine.stream([asked(long), asked(long, "Who?")]) as stream:
        until_text(stream, 1)
    assert set(threading.enumerate()) - threads == set()
