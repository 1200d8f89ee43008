"""The think weights: a LoRA of the decoder and new embeddings, merged into the base checkpoint.

AF3 paper (arXiv 2507.08128), section 5: stage 3.5, trained for reasoning and long audio. Its files
name the modules of older trees. Loaded as published, with `strict=False`, such keys match nothing
in transformers 5 and are dropped in silence; here a key that finds no place is an error.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor

from af3core.errors import ConfigurationError
from af3core.model.weights.completeness import THINK_CONFIG
from af3core.model.weights.stored_weights import EMBEDDINGS, HEAD, OLDER_TREES

ADAPTER = "adapter_model.safetensors"
NON_LORA = ("non_lora_trainables.safetensors", "non_lora_trainables.bin")

_PEFT_PREFIX = "base_model.model."
_TREES = (("", ""), *OLDER_TREES)

_HALF = re.compile(r"(.+)\.lora_([AB])(\.default)?\.weight")
_SAVED = re.compile(r"\.modules_to_save(\.default)?(?=\.)")

_REFUSED_OPTIONS = (
    "fan_in_fan_out use_dora lora_bias use_qalora use_bdlora layer_replication target_parameters"
    " trainable_token_indices alora_invocation_tokens arrow_config kasa_config monteclora_config"
).split()
"""Options with which the difference to the base is another than B @ A."""
_KEEPS_BASE = (True, False, None, "gaussian", "orthogonal", "eva")
"""Values of `init_lora_weights` that leave the base's weights as they were."""

_FETCH = "fetch the folder again in full"
_OTHER_BASE = "use the think weights that were published with this checkpoint"
_OTHER_FORM = "only a plain LoRA of linear layers can be merged; use the published think weights"


@dataclass(frozen=True)
class _Lora:
    """adapter_config.json, as far as it decides what is merged."""

    rank: int
    alpha: float
    rank_pattern: Mapping[str, float]
    alpha_pattern: Mapping[str, float]
    root_of_rank: bool
    saved_modules: Sequence[str]

    def rank_and_scale(self, names: Sequence[str]) -> tuple[int, float]:
        """Of a module, by its `names` in the adapter's tree and in the base's."""
        rank = int(_by_pattern(self.rank_pattern, names, self.rank))
        alpha = _by_pattern(self.alpha_pattern, names, self.alpha)
        return rank, alpha / (math.sqrt(rank) if self.root_of_rank else rank)


class _Delta(NamedTuple):
    """scale * B @ A, which LoRA adds to a weight."""

    a: Tensor
    b: Tensor
    scale: float


class _Base:
    """The base's weights, found by the keys of any tree."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self.weights = weights
        embeddings, head = weights.get(EMBEDDINGS), weights.get(HEAD)
        self.tied = embeddings is not None and (
            head is None or head.data_ptr() == embeddings.data_ptr()
        )

    def name_of(self, key: str) -> str | None:
        """The base's name of a parameter; a tied lm_head goes by the embeddings' name."""
        key = key.removeprefix(_PEFT_PREFIX)
        for written in (key, key.removeprefix("model.")):
            for old, new in _TREES:
                if not written.startswith(old):
                    continue
                name = new + written.removeprefix(old)
                if self.tied and name == HEAD:
                    return EMBEDDINGS
                if name in self.weights:
                    return name
        return None


@dataclass(frozen=True)
class Kept:
    """How a merged weight is held.

    Attributes:
        dtype: that it is rounded to; None: the base's.
        device: that it is computed and held on; None: the base's.
        form: what is kept of it, by its name.
    """

    dtype: torch.dtype | None = None
    device: torch.device | None = None
    form: Callable[[str, Tensor], Tensor] = lambda _name, weight: weight


@torch.no_grad()
def merge_think(
    base: Mapping[str, Tensor], folder: Path, kept: Kept | None = None
) -> dict[str, Tensor]:
    """Only those weights of the think model that differ from the base's; the rest is shared.

    W + scale * B @ A in float32 (LoRA, arXiv 2106.09685), on tensors that non_lora_trainables
    replaces where it does. With tied embeddings both names get the one new tensor.

    Args:
        base: state dict of transformers' AudioFlamingo3ForConditionalGeneration.
        folder: adapter_config.json, adapter_model.safetensors and non_lora_trainables.bin, or
            .safetensors in its place.
        kept: how a merged weight is held, one at a time.

    Raises:
        ConfigurationError: a file is missing or unreadable, a key is left over or comes twice, or
            its tensor does not fit.
    """
    known = _Base(base)
    lora = _read_config(folder / THINK_CONFIG)
    adapter, others = folder / ADAPTER, folder / NON_LORA[1]
    if (folder / NON_LORA[0]).is_file():
        others = folder / NON_LORA[0]
    halves, saved = _split(adapter, _read_tensors(adapter), lora)
    deltas = _deltas(adapter, halves, lora, known)
    replaced: dict[str, Tensor] = {}
    _replace(adapter, saved, known, replaced)
    _replace(others, _read_tensors(others), known, replaced)
    quantised = [name for name in {**replaced, **deltas} if not base[name].is_floating_point()]
    _refuse(folder, "the base is quantised", quantised, "merge before quantising")
    return _differing(known, replaced, deltas, kept or Kept())


def _differing(
    base: _Base, replaced: Mapping[str, Tensor], deltas: Mapping[str, _Delta], kept: Kept
) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = {}
    for name in {**replaced, **deltas}:
        old = base.weights[name].to(device=kept.device, dtype=kept.dtype)
        new = replaced.get(name, old).to(old.device, torch.float32)
        if name in deltas:
            a, b, scale = deltas[name]
            new = new + scale * (b.to(new) @ a.to(new))
        new = new.to(old.dtype)
        if not torch.equal(new, old):
            weights[name] = kept.form(name, new)
    if base.tied and EMBEDDINGS in weights and HEAD in base.weights:
        weights[HEAD] = weights[EMBEDDINGS]
    return weights


def _split(
    path: Path, tensors: Mapping[str, Tensor], lora: _Lora
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The adapter's A and B, and the tensors of whole modules that were trained beside them."""
    halves = {key: tensor for key, tensor in tensors.items() if _HALF.fullmatch(key)}
    saved = {key: tensor for key, tensor in tensors.items() if key not in halves}
    if not halves:
        raise ConfigurationError(f"{path}: none of {len(tensors)} keys is of a LoRA; {_FETCH}")
    written = [f".{key}" for key in saved]
    absent = [name for name in lora.saved_modules if not any(f".{name}." in k for k in written)]
    _refuse(path, "no weights of modules_to_save", absent, _FETCH)
    return halves, saved


def _deltas(
    path: Path, halves: Mapping[str, Tensor], lora: _Lora, base: _Base
) -> dict[str, _Delta]:
    """What LoRA adds, by the base's name of the weight."""
    deltas, misfits = {}, []
    for name, pair in _pairs(path, halves, base).items():
        a, b, shape = halves[pair["A"]], halves[pair["B"]], base.weights[name].shape
        module = pair["A"].rpartition(".lora_")[0].removeprefix(_PEFT_PREFIX)
        rank, scale = lora.rank_and_scale((module, name.removesuffix(".weight")))
        if len(shape) == 2 and a.shape == (rank, shape[1]) and b.shape == (shape[0], rank):
            deltas[name] = _Delta(a, b, scale)
        else:
            found = f"A {list(a.shape)}, B {list(b.shape)}, base {list(shape)}, rank {rank}"
            misfits.append(f"{pair['A']} ({found})")
    _refuse(path, "shapes that do not fit", misfits, _OTHER_BASE)
    return deltas


def _pairs(path: Path, halves: Iterable[str], base: _Base) -> dict[str, dict[str, str]]:
    """Each A with its B: their keys, by the base's name of the weight."""
    pairs: dict[str, dict[str, str]] = {}
    lacking, twice = [], []
    for key in halves:
        module, _, half = key.rpartition(".lora_")
        name = base.name_of(f"{module}.weight")
        if name is None:
            lacking.append(key)
        elif pairs.setdefault(name, {}).setdefault(half[0], key) != key:
            twice.append(key)
    alone = [key for pair in pairs.values() if len(pair) == 1 for key in pair.values()]
    tied = list(pairs.get(EMBEDDINGS, {}).values()) if base.tied else []
    _refuse(path, "LoRA of modules that the base lacks", lacking, _OTHER_BASE)
    _refuse(path, "LoRA given twice", twice, _FETCH)
    _refuse(path, "lora_A without lora_B or the reverse", alone, _FETCH)
    _refuse(path, "LoRA of an lm_head that is tied to the embeddings", tied, _OTHER_FORM)
    return pairs


def _replace(
    path: Path, tensors: Mapping[str, Tensor], base: _Base, replaced: dict[str, Tensor]
) -> None:
    """Add whole tensors by their names in the base. PEFT may save the embeddings in both files."""
    unknown, misfits, contradictions = [], [], []
    for key, tensor in tensors.items():
        name = base.name_of(_SAVED.sub("", key))
        if name is None:
            unknown.append(key)
        elif tensor.shape != (shape := base.weights[name].shape):
            misfits.append(f"{key} ({list(tensor.shape)}, base {list(shape)})")
        elif name in replaced and not torch.equal(replaced[name].float(), tensor.float()):
            contradictions.append(key)
        else:
            replaced[name] = tensor
    _refuse(path, "keys that fit no weight of the base", unknown, _OTHER_BASE)
    _refuse(path, "shapes that do not fit", misfits, _OTHER_BASE)
    _refuse(path, "weights given twice with different values", contradictions, _FETCH)


def _by_pattern(patterns: Mapping[str, float], names: Sequence[str], default: float) -> float:
    """PEFT's rule (peft.utils.other.get_pattern_key): the first pattern that ends the name."""
    for name in names:
        for pattern, value in patterns.items():
            if re.match(rf"(.*\.)?({pattern})$", name):
                return value
    return default


def _refuse(path: Path, what: str, keys: Sequence[str], remedy: str) -> None:
    if keys:
        raise ConfigurationError(f"{path}: {what}: {keys[0]} (first of {len(keys)}); {remedy}")


def _read_config(path: Path) -> _Lora:
    """What PEFT wrote (peft.LoraConfig), refused if the adapter is more than a plain LoRA."""
    with _reading(path):
        config = json.loads(path.read_text("utf-8"))
        refused = [option for option in _REFUSED_OPTIONS if config.get(option)]
        plain = {"peft_type": ("LORA",), "bias": ("none",), "init_lora_weights": _KEEPS_BASE}
        refused += [name for name, good in plain.items() if config.get(name, good[0]) not in good]
        patterns = [config.get(f"{option}_pattern") or {} for option in ("rank", "alpha")]
        lora = _Lora(
            rank=int(config["r"]),
            alpha=float(config["lora_alpha"]),
            rank_pattern={re.compile(key).pattern: int(v) for key, v in patterns[0].items()},
            alpha_pattern={re.compile(key).pattern: float(v) for key, v in patterns[1].items()},
            root_of_rank=bool(config.get("use_rslora")),
            saved_modules=list(config.get("modules_to_save") or []),
        )
    if min([lora.rank, *lora.rank_pattern.values()]) < 1:
        refused.append("a rank below 1")
    _refuse(path, "options beyond a plain LoRA", refused, _OTHER_FORM)
    return lora


def _read_tensors(path: Path) -> dict[str, Tensor]:
    with _reading(path):
        if path.suffix == ".safetensors":
            return load_file(path)
        tensors: dict[str, Tensor] = torch.load(path, weights_only=True, map_location="cpu")
        odd = [str(k) for k, v in tensors.items() if not (type(k) is str and isinstance(v, Tensor))]
    _refuse(path, "values that are no tensors", odd, _FETCH)
    return tensors


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a damaged pickle raises whatever its bytes spell
        cause = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
        if isinstance(error, UnpicklingError):  # torch's text would have it unpickled in full
            cause = "damaged, or more than tensors in it"
        raise ConfigurationError(f"{path}: cannot be read ({cause}); {_FETCH}") from error
