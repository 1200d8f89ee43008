"""The engine with weights in eight bits: what it holds, and how near its answers are."""

from __future__ import annotations

import json
import weakref
from pathlib import Path

import pytest
import torch
from torch import Tensor

from af3core.errors import ConfigurationError
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.engines.engine_registry import EngineSettings
from af3core.model.low_bit.int8_weight import Int8Weight, held_bytes
from af3core.model.request import ask
from af3core.model.weights import weight_form
from af3core.model.weights.checkpoint import Checkpoint, find_checkpoint
from af3core.model.weights.loading import load_transformers_model, load_weights
from tests.af3core.model.asking import answers_of, sound_of
from tests.af3core.model.family_checkpoints import Form, checkpoint_of

CPU = torch.device("cpu")
PROMPTS = ("Please describe the audio in detail.", "Who is speaking?")
WIDE = Form("int8", model_type="audioflamingo3", layers=4)


@pytest.fixture(scope="module")
def untied(shared: Path, untrained: Path) -> Checkpoint:
    """Its output layer is a weight of its own, as AF3's."""
    return find_checkpoint(str(checkpoint_of(WIDE, shared, untrained)))


def bytes_of(engine: Af3Engine) -> int:
    return sum(held_bytes(weight) for weight in engine.runners["base"].model.parameters())


def test_linear_layers_of_the_decoder_take_half(untied: Checkpoint) -> None:
    wide, small = (Af3Engine.load(untied, dtype, "cpu") for dtype in ("bfloat16", "int8"))
    text = wide.runners["base"].model.config.text_config
    heads = (text.num_attention_heads + 2 * text.num_key_value_heads) * text.head_dim
    outputs = heads + 2 * text.hidden_size + 2 * text.intermediate_size
    numbers = (heads + text.num_attention_heads * text.head_dim) * text.hidden_size
    numbers += 3 * text.hidden_size * text.intermediate_size
    saved = text.num_hidden_layers * (numbers - 2 * outputs)
    saved += text.vocab_size * (text.hidden_size - 2)
    assert bytes_of(wide) - bytes_of(small) == saved
    low = [n for n, w in small.runners["base"].model.named_parameters() if type(w) is Int8Weight]
    assert len(low) == 4 * 4 + 1
    assert all(name.startswith("decoder.") for name in low)


def test_nano_answers_as_in_bfloat16_and_nearly_as_surely() -> None:
    nano = find_checkpoint("nano")
    requests = [ask(sound_of(s, seed=i), p, 24) for i, s in enumerate((4.0, 9.0)) for p in PROMPTS]
    wide, small = (
        answers_of(Af3Engine.load(nano, dtype, "cpu"), requests) for dtype in ("bfloat16", "int8")
    )
    for one, other in zip(wide, small, strict=True):
        assert one.text == other.text
        assert one.mean_logprob == pytest.approx(other.mean_logprob, abs=0.02)


def test_logits_are_near_those_of_the_wide_weights(untied: Checkpoint) -> None:
    request, logits = ask(sound_of(5.0), PROMPTS[0], 8), []
    for dtype in ("float32", "int8"):
        engine = Af3Engine.load(untied, dtype, "cpu")
        prompt = engine.prompt_builder.build(request)
        with torch.inference_mode():
            logits.append(engine.runners["base"].start(0, [[prompt]], capacity=64).float())
    exact, near = logits
    assert float((near - exact).norm() / exact.norm()) < 0.05


def test_wide_weights_are_never_held_together(
    untied: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: list[weakref.ref[Tensor]] = []
    narrow = weight_form.to_int8

    def watched(weight: Tensor, computed_in: torch.dtype) -> Int8Weight:
        assert [ref for ref in alive if ref() is not None] == []
        alive.append(weakref.ref(weight))
        return narrow(weight, computed_in)

    monkeypatch.setattr(weight_form, "to_int8", watched)
    load_weights(untied, "int8", CPU)
    assert len(alive) == 4 * 7 + 1


def test_the_think_adapter_is_merged_before_its_weights_are_narrowed(
    tmp_path: Path, untied: Checkpoint
) -> None:
    pytest.importorskip("peft")
    from safetensors.torch import save_file

    folder = tmp_path / "model"
    (folder / "think").mkdir(parents=True)
    for path in untied.folder.iterdir():
        (folder / path.name).symlink_to(path)
    key = "base_model.model.language_model.model.layers.1.mlp.down_proj"
    made = torch.Generator().manual_seed(0)
    lora = {
        f"{key}.lora_A.weight": torch.randn(2, 44, generator=made),
        f"{key}.lora_B.weight": torch.randn(48, 2, generator=made),
    }
    save_file(lora, folder / "think" / "adapter_model.safetensors")
    save_file(
        {"language_model.model.norm.weight": torch.full((48,), 2.0)},
        folder / "think" / "non_lora_trainables.safetensors",
    )
    (folder / "think" / "adapter_config.json").write_text(json.dumps({"r": 2, "lora_alpha": 4}))
    checkpoint = find_checkpoint(str(folder))
    name = "model.language_model.layers.1.mlp.down_proj.weight"
    wide = load_weights(checkpoint, "bfloat16", CPU).states
    small = load_weights(checkpoint, "int8", CPU).states
    assert isinstance(small["think"][name], Int8Weight)
    off = small["think"][name].restored().float() - wide["think"][name].float()
    assert float(off.abs().max() / wide["think"][name].float().abs().max()) < 0.01
    assert not torch.equal(wide["think"][name], wide["base"][name])
    shared = [n for n, weight in small["base"].items() if small["think"][n] is weight]
    assert len(shared) == len(small["base"]) - 2


def test_each_form_is_another_identity_and_the_known_ones_stay() -> None:
    identities = {
        dtype: EngineSettings("af3", Checkpoint("m", "r", Path(), ""), dtype, "cpu", 1).identity
        for dtype in ("float32", "bfloat16", "int8")
    }
    assert identities == {
        "float32": "r/float32/af3",
        "bfloat16": "r/bfloat16/af3",
        "int8": "r/int8/af3",
    }


def test_the_other_engine_says_that_it_has_none() -> None:
    with pytest.raises(ConfigurationError, match="--dtype int8 is of --engine af3"):
        load_transformers_model(find_checkpoint("nano"), "int8", CPU)
