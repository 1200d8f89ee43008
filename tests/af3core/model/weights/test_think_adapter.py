"""The think weights beside PEFT's own merge, in each tree of names that their files may have."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AudioFlamingo3Config
from transformers import AudioFlamingo3ForConditionalGeneration as Model

from af3core.errors import ConfigurationError
from af3core.model.weights.completeness import think_folder
from af3core.model.weights.think_adapter import merge_think

CONFIG, ADAPTER = "adapter_config.json", "adapter_model.safetensors"
NON_LORA = "non_lora_trainables.bin"
EMBEDDINGS = "model.language_model.embed_tokens.weight"
LEGACY_EMBEDDINGS = "language_model.model.embed_tokens.weight"
Q_PROJ = "base_model.model.language_model.model.layers.0.self_attn.q_proj"
LINEAR_WEIGHTS = 2 * 7
NEW_EMBEDDINGS = torch.randn(60, 32, generator=torch.Generator().manual_seed(2))

TREES = {
    "transformers 5": "model.language_model.",
    "transformers 4": "language_model.model.",
    "transformers 4, wrapped": "model.language_model.model.",
    "NVIDIA's code": "llm.model.",
}
NOW, PUBLISHED = TREES["transformers 5"], TREES["transformers 4"]


def tiny() -> Model:
    """AF3's modules with random weights, the same at each call."""
    torch.manual_seed(0)
    heads = {"num_hidden_layers": 2, "num_attention_heads": 4}
    audio = {"hidden_size": 16, "intermediate_size": 16, **heads}
    text = {"hidden_size": 32, "intermediate_size": 36, "num_key_value_heads": 2, **heads}
    config = AudioFlamingo3Config(
        audio_config={"model_type": "audioflamingo3_encoder", **audio},
        text_config={"model_type": "qwen2", "vocab_size": 60, **text},
        audio_token_id=3,
    )
    return Model(config).eval()


def write_think(folder: Path, **options: Any) -> Path:
    """An adapter as PEFT saves it, with new embeddings beside it, in the published names."""
    options = {"r": 4, "lora_alpha": 3, "target_modules": r".*language_model.*_proj", **options}
    model = get_peft_model(tiny(), LoraConfig(**options))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                assert "lora_" in name or "modules_to_save" in name
                parameter.normal_(std=0.3)
    model.save_pretrained(str(folder))
    torch.save({LEGACY_EMBEDDINGS: NEW_EMBEDDINGS}, folder / NON_LORA)
    rename(folder, NOW, PUBLISHED)
    return folder


def rename(folder: Path, old: str, new: str) -> None:
    tensors = load_file(folder / ADAPTER)
    save_file({key.replace(old, new): value for key, value in tensors.items()}, folder / ADAPTER)


def change(path: Path, added: dict[str, Any]) -> None:
    """Add entries to a file of any of the three kinds, or remove those that are None."""
    if path.name == CONFIG:
        path.write_text(json.dumps({**json.loads(path.read_text()), **added}))
        return
    entries = load_file(path) if path.name == ADAPTER else torch.load(path, weights_only=True)
    entries = {key: value for key, value in {**entries, **added}.items() if value is not None}
    (save_file if path.name == ADAPTER else torch.save)(entries, path)


def merged_by_peft(folder: Path) -> Model:
    model = tiny()
    model.load_state_dict({**model.state_dict(), EMBEDDINGS: NEW_EMBEDDINGS})
    return PeftModel.from_pretrained(model, str(folder)).merge_and_unload()


@torch.no_grad()
def logits(model: Model) -> Tensor:
    return model(input_ids=torch.arange(10, 30)[None]).logits


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


@pytest.fixture
def think(tmp_path: Path) -> Path:
    return write_think(tmp_path / "think")


@pytest.mark.parametrize("tree", TREES)
def test_each_tree_of_names_gives_what_peft_gives(tmp_path: Path, tree: str) -> None:
    folder = write_think(tmp_path)
    rename(folder, PUBLISHED, NOW)
    theirs = merged_by_peft(folder)
    rename(folder, NOW, TREES[tree])
    key = f"base_model.model.{TREES[tree]}embed_tokens.weight"
    torch.save({key: NEW_EMBEDDINGS}, folder / NON_LORA)
    base = tiny()
    ours = merge_think(base.state_dict(), folder)
    assert len(ours) == LINEAR_WEIGHTS + 1
    rename(folder, ".weight", ".default.weight")
    assert same(merge_think(base.state_dict(), folder), ours)
    together = {**base.state_dict(), **ours}
    for name, weight in theirs.state_dict().items():
        torch.testing.assert_close(together[name], weight, rtol=0, atol=1e-6, msg=name)
        assert (name in ours) != torch.equal(weight, base.state_dict()[name])
    before = logits(base)
    base.load_state_dict(together)
    torch.testing.assert_close(logits(base), logits(theirs), rtol=0, atol=1e-5)
    assert (logits(base) - before).abs().max() > 0.1


@pytest.mark.parametrize(
    "options",
    [
        {
            "rank_pattern": {"[qk]_proj": 6, r"layers\.1\.mlp\.up_proj": 2, "q_proj": 3},
            "alpha_pattern": {"layers.0.self_attn.q_proj": 40, "^model.*down_proj": 0.5},
        },
        {"use_rslora": True, "rank_pattern": {"o_proj": 1}, "alpha_pattern": {"v_proj": 7}},
        {"target_modules": ["k_proj"], "modules_to_save": ["norm", "multi_modal_projector"]},
    ],
)
def test_each_option_gives_what_peft_gives(tmp_path: Path, options: dict[str, Any]) -> None:
    folder = write_think(tmp_path, **options)
    rename(folder, PUBLISHED, NOW)
    theirs = merged_by_peft(folder).state_dict()
    together = {**tiny().state_dict(), **merge_think(tiny().state_dict(), folder)}
    for name, weight in theirs.items():
        torch.testing.assert_close(together[name], weight, rtol=0, atol=1e-6, msg=name)


@pytest.mark.parametrize("tree", [PUBLISHED, NOW])
def test_patterns_count_in_the_adapters_tree_and_in_the_bases(think: Path, tree: str) -> None:
    before = merge_think(tiny().state_dict(), think)
    change(think / CONFIG, {"alpha_pattern": {re.escape(f"{tree}layers.0.self_attn.q_proj"): 6}})
    after = merge_think(tiny().state_dict(), think)
    name = "model.language_model.layers.0.self_attn.q_proj.weight"
    base = tiny().state_dict()[name]
    torch.testing.assert_close(after[name] - base, 2 * (before[name] - base))
    assert [key for key in after if not torch.equal(after[key], before[key])] == [name]


def test_the_published_recipe_loads_nothing_and_this_one_everything(think: Path) -> None:
    """Its keys are those of transformers 4; `strict=False` passes over all of them."""
    model = tiny()
    report = model.load_state_dict(torch.load(think / NON_LORA), strict=False)
    assert report.unexpected_keys == [LEGACY_EMBEDDINGS]
    assert torch.equal(model.state_dict()[EMBEDDINGS], tiny().state_dict()[EMBEDDINGS])
    assert all(".language_model.model.layers." in key for key in load_file(think / ADAPTER))
    merged = merge_think(tiny().state_dict(), think)
    assert torch.equal(merged[EMBEDDINGS], NEW_EMBEDDINGS)
    assert len(merged) == LINEAR_WEIGHTS + 1


def test_the_base_keeps_its_weights_and_gives_its_dtype(think: Path) -> None:
    base = tiny().bfloat16().state_dict()
    kept = {name: weight.clone() for name, weight in base.items()}
    merged = merge_think(base, think)
    assert same(base, kept)
    exact = merge_think({name: weight.float() for name, weight in base.items()}, think)
    assert {weight.dtype for weight in merged.values()} == {torch.bfloat16}
    assert same(merged, {name: weight.bfloat16() for name, weight in exact.items()})


def test_what_equals_the_base_is_left_to_it(think: Path) -> None:
    change(think / ADAPTER, {f"{Q_PROJ}.lora_B.weight": torch.zeros(32, 4)})
    change(think / NON_LORA, {LEGACY_EMBEDDINGS: tiny().state_dict()[EMBEDDINGS]})
    merged = merge_think(tiny().state_dict(), think)
    assert len(merged) == LINEAR_WEIGHTS - 1
    assert "model.language_model.layers.0.self_attn.q_proj.weight" not in merged


def test_lora_goes_on_top_of_a_weight_that_is_replaced(think: Path) -> None:
    name = "model.language_model.layers.0.self_attn.q_proj.weight"
    before = merge_think(tiny().state_dict(), think)[name]
    replaced = {f"{Q_PROJ.removeprefix('base_model.model.')}.weight": torch.ones(32, 32)}
    torch.save(replaced, think / NON_LORA)
    after = merge_think(tiny().state_dict(), think)[name]
    torch.testing.assert_close(after - 1, before - tiny().state_dict()[name])


def test_tied_embeddings_stay_tied(think: Path) -> None:
    base = tiny().state_dict()
    base["lm_head.weight"] = base[EMBEDDINGS]
    merged = merge_think(base, think)
    assert merged["lm_head.weight"] is merged[EMBEDDINGS]
    assert torch.equal(merged[EMBEDDINGS], NEW_EMBEDDINGS)
    del base["lm_head.weight"]
    change(think / NON_LORA, {"language_model.lm_head.weight": NEW_EMBEDDINGS})
    merged = merge_think(base, think)
    assert torch.equal(merged[EMBEDDINGS], NEW_EMBEDDINGS)
    assert "lm_head.weight" not in merged
    change(think / NON_LORA, {"language_model.lm_head.weight": torch.zeros(60, 32)})
    with pytest.raises(ConfigurationError, match="given twice with different values: language_mo"):
        merge_think(base, think)


def test_safetensors_replace_the_pickle(think: Path) -> None:
    expected = merge_think(tiny().state_dict(), think)
    tensors = torch.load(think / NON_LORA, weights_only=True)
    save_file(tensors, think / "non_lora_trainables.safetensors")
    (think / NON_LORA).unlink()
    assert same(merge_think(tiny().state_dict(), think), expected)


def test_the_folder_is_found_below_the_checkpoint(tmp_path: Path) -> None:
    assert think_folder(tmp_path) is None
    for name in ("stage35", "think"):
        (tmp_path / name).mkdir()
        assert think_folder(tmp_path) != tmp_path / name
        (tmp_path / name / CONFIG).write_text("{}")
        assert think_folder(tmp_path) == tmp_path / name


FETCH = "(first of 1); fetch the folder again in full"
OTHER_BASE = "use the think weights that were published with this checkpoint"
OTHER_FORM = "only a plain LoRA of linear layers can be merged; use the published think weights"
BEYOND, SHAPES = "options beyond a plain LoRA:", "shapes that do not fit:"
A, B = f"{Q_PROJ}.lora_A.weight", f"{Q_PROJ}.lora_B.weight"
AGAIN = {A.replace("A.", "A.default."): torch.ones(4, 32)}
ELSEWHERE = {f"vision.fc.lora_{half}.weight": torch.ones(4, 4) for half in "AB"}
UNKNOWN = {f"{A}x": torch.ones(1), f"{A}y": torch.ones(1)}

ALONE = f"lora_A without lora_B or the reverse: {B} {FETCH}"
LACKING = f"LoRA of modules that the base lacks: vision.fc.lora_A.weight (first of 2); {OTHER_BASE}"
UNREAD = "cannot be read (damaged, or more than tensors in it); fetch the folder again in full"
NO_PLACE = f"keys that fit no weight of the base: {A}x (first of 2); {OTHER_BASE}"
A_SHAPE = f"{SHAPES} {A} (A [4, 31], B [32, 4], base [32, 32], rank 4) (first of 1); {OTHER_BASE}"
RANK = f"{SHAPES} {A} (A [5, 32], B [32, 5], base [32, 32], rank 4) (first of 1); {OTHER_BASE}"
SHAPE = f"{SHAPES} {LEGACY_EMBEDDINGS} ([61, 32], base [60, 32]) (first of 1); {OTHER_BASE}"


@pytest.mark.parametrize("file", [CONFIG, ADAPTER, NON_LORA])
def test_files_that_are_missing_or_damaged_are_named(think: Path, file: str) -> None:
    unreadable = re.escape(f"{think / file}: cannot be read (")
    (think / file).write_bytes((think / file).read_bytes()[:50])
    with pytest.raises(ConfigurationError, match=unreadable):
        merge_think(tiny().state_dict(), think)
    (think / file).unlink()
    with pytest.raises(ConfigurationError, match=rf"{unreadable}FileNotFoundError.*; fetch the fo"):
        merge_think(tiny().state_dict(), think)


@pytest.mark.parametrize(
    ("file", "added", "message"),
    [
        (ADAPTER, {A: None}, ALONE),
        (ADAPTER, AGAIN, f"LoRA given twice: {A} {FETCH}"),
        (ADAPTER, ELSEWHERE, LACKING),
        (ADAPTER, UNKNOWN, NO_PLACE),
        (ADAPTER, {A: torch.ones(4, 31)}, A_SHAPE),
        (ADAPTER, {A: torch.ones(5, 32), B: torch.ones(32, 5)}, RANK),
        (NON_LORA, UNKNOWN, NO_PLACE),
        (NON_LORA, {LEGACY_EMBEDDINGS: torch.ones(61, 32)}, SHAPE),
        (NON_LORA, {"code to run": print}, UNREAD),
        (NON_LORA, {"epoch": 3}, f"values that are no tensors: epoch {FETCH}"),
        (CONFIG, {"fan_in_fan_out": True}, f"{BEYOND} fan_in_fan_out (first of 1); {OTHER_FORM}"),
        (CONFIG, {"bias": "all"}, f"{BEYOND} bias (first of 1); {OTHER_FORM}"),
        (CONFIG, {"use_dora": True, "r": 0}, f"{BEYOND} use_dora (first of 2); {OTHER_FORM}"),
    ],
)
def test_what_finds_no_place_is_named(think: Path, file: str, added: Any, message: str) -> None:
    change(think / file, added)
    with pytest.raises(ConfigurationError) as refusal:
        merge_think(tiny().state_dict(), think)
    assert str(refusal.value) == f"{think / file}: {message}"


def test_an_adapter_without_what_its_configuration_promises_is_refused(think: Path) -> None:
    change(think / CONFIG, {"modules_to_save": ["norm"]})
    with pytest.raises(ConfigurationError, match=r"no weights of modules_to_save: norm \(first of"):
        merge_think(tiny().state_dict(), think)
    save_file({A.replace("lora_A.", ""): torch.ones(32, 32)}, think / ADAPTER)
    with pytest.raises(ConfigurationError, match=rf"{ADAPTER}: none of 1 keys is of a LoRA; fetch"):
        merge_think(tiny().state_dict(), think)


def test_a_base_that_cannot_take_the_difference_is_refused(think: Path) -> None:
    base = tiny().state_dict()
    quantised = {name: weight.to(torch.int8) for name, weight in base.items()}
    with pytest.raises(ConfigurationError, match=r"the base is quantised: .*; merge before quant"):
        merge_think(quantised, think)
    rename(think, f"{Q_PROJ}.lora", "base_model.model.language_model.lm_head.lora")
    base["lm_head.weight"] = base[EMBEDDINGS]
    with pytest.raises(ConfigurationError, match="LoRA of an lm_head that is tied to the embedd"):
        merge_think(base, think)
