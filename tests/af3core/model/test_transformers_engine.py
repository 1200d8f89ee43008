"""The reference engine on a real checkpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AudioFlamingo3ForConditionalGeneration, AudioFlamingo3Processor

from af3core.errors import AudioTooLong, ConfigurationError, EmptyAudio, InvalidAudio
from af3core.model.checkpoint import find_checkpoint
from af3core.model.request import Answer, Request
from af3core.model.transformers_engine import TransformersEngine, plan_batches
from tests.media import spoken


@pytest.fixture(scope="module")
def engine(untrained: Path) -> TransformersEngine:
    return TransformersEngine(find_checkpoint(str(untrained)))


def test_bad_audio_fails_alone_with_its_cause(engine: TransformersEngine) -> None:
    good = Request(spoken(), "Who is speaking?", 4)
    bad = [
        Request(np.zeros(100, np.float32), "Who?", 4),
        Request(np.full(16_000, np.nan, np.float32), "Who?", 4),
        Request(np.zeros((16_000, 2), np.float32), "Who?", 4),
        Request(np.zeros(600 * 16_000 + 1, np.float32), "Who?", 4),
    ]
    results = engine.answer([bad[0], good, *bad[1:]])
    assert [type(r) for r in results] == [
        EmptyAudio,
        Answer,
        InvalidAudio,
        InvalidAudio,
        AudioTooLong,
    ]


def test_answers_and_logprobs_are_those_of_transformers(
    engine: TransformersEngine, untrained: Path
) -> None:
    """Each row of a padded batch equals the same question asked alone through transformers."""
    audio, prompts = spoken(), ("Describe the audio.", "Transcribe the input speech.")
    answers = engine.answer([Request(audio[:n], p, 6) for p in prompts for n in (20_000, 40_000)])
    model = AudioFlamingo3ForConditionalGeneration.from_pretrained(untrained, dtype=torch.float32)
    processor = AudioFlamingo3Processor.from_pretrained(untrained)
    position = 0
    for prompt in prompts:
        for count in (20_000, 40_000):
            text = processor.apply_chat_template(
                [
                    {
                        "role": "user",
                        "content": [{"type": "text", "text": prompt}, {"type": "audio"}],
                    }
                ],
                add_generation_prompt=True,
                tokenize=False,
            )
            inputs = processor(text=[text], audio=[audio[:count]])
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
            answer = answers[position]
            assert isinstance(answer, Answer)
            assert answer.text == processor.tokenizer.decode(new, skip_special_tokens=True)
            assert answer.mean_logprob == pytest.approx(sum(logprobs) / len(logprobs), abs=1e-4)
            position += 1


def test_batches_keep_the_budget_and_never_mix_decoding_settings() -> None:
    def request(seconds: int, max_new_tokens: int) -> Request:
        return Request(np.zeros(seconds * 16_000, np.float32), "x", max_new_tokens)

    requests = [request(30, 48), request(2, 48), request(4, 24), request(600, 24)]
    batches = plan_batches(requests, range(4), 2_000)
    assert batches == [[2], [3], [1, 0]]


def test_a_checkpoint_of_another_form_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no readable config\.json"):
        find_checkpoint(str(tmp_path))
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(ConfigurationError, match="model_type 'llama', not 'audioflamingo3'"):
        find_checkpoint(str(tmp_path))


def test_incomplete_weights_are_refused(untrained: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for path in untrained.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    weights.pop(next(name for name in weights if name.endswith("conv1.weight")))
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ConfigurationError, match=r"1 missing .*conv1\.weight"):
        TransformersEngine(find_checkpoint(str(tmp_path)))
