"""Whether weights, and what is computed beside them, fit the memory that is free: by the rule that
the engine shares it out by (`af3core.model.runtime.memory_budget`). Nothing is loaded.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from af3core.errors import GpuFull
from af3core.model.audio_limits import AUDIO_TOKENS_PER_S, WINDOW_S, audio_tokens
from af3core.model.cuda import Gpus
from af3core.model.model_sizes import ModelSizes
from af3core.model.runtime.memory_budget import (
    BESIDE_A_SOUND,
    ModelNeeds,
    host_bytes,
    sizes_of_all,
)
from af3core.model.weights.completeness import WeightFiles
from af3core.model.weights.family import CONFIG, limit_of_folder, model_type_of
from beam_jobs.doctor.model_choice import ModelChoice
from schemas.findings import Finding
from schemas.options.night import COMPUTED_BYTES, DEFAULT_BATCH_TOKENS, LOW_BIT

_LEAST_TOKENS = BESIDE_A_SOUND + WINDOW_S * AUDIO_TOKENS_PER_S
"""For clips as short as `--max-clip-s` may ask for, beside segments of the default length."""
_SMALLER = {"float32": ", --dtype bfloat16", "bfloat16": ", --dtype int8"}
_CGROUP = Path("/sys/fs/cgroup")
_MEMINFO = Path("/proc/meminfo")


def memory_finding(
    choice: ModelChoice, weights: Mapping[str, WeightFiles], gpu: Gpus | None
) -> Finding:
    """Memory for all weights, and for what is computed beside them, against what is free.

    Args:
        choice: the options.
        weights: of the model, and of a whole checkpoint that thinks beside it, by their names.
        gpu: where it runs; None for the host.
    """
    needs, for_weights = needs_of_choice(choice, weights)
    free = free_host_bytes() if gpu is None else first_free_bytes(gpu)
    where = "host" if gpu is None else "GPU"
    need = f"{for_weights / 1e9:.2f} GB for weights in {choice.dtype}"
    remedy = f"use a larger machine{_SMALLER.get(choice.dtype, '')}"
    if free is None:
        why = f" ({gpu.error})" if gpu and gpu.error else ""
        return Finding("memory", "warning", f"{need}; nobody says what is free of the {where}{why}")
    found = f"{need}, {free / 1e9:.2f} GB free of the {where}'s"
    if free < for_weights:
        return Finding("memory", "failed", found, remedy)
    if gpu is None or choice.engine != "af3":
        return _in_batches(choice, needs, found, free - for_weights)
    return _in_pool(choice, needs, found, free - for_weights)


def needs_of_choice(
    choice: ModelChoice, weights: Mapping[str, WeightFiles]
) -> tuple[dict[str, ModelNeeds], int]:
    """What the engine would hold, by the names of its weights; and the bytes of all weights."""
    needs: dict[str, ModelNeeds] = {}
    for_weights = 0
    for name, folder in choice.folders_here().items():
        config = json.loads((folder / CONFIG).read_text("utf-8"))
        limit = limit_of_folder(name, folder, model_type_of(name, folder))
        model = ModelNeeds(
            ModelSizes.of(config),
            COMPUTED_BYTES[choice.dtype],
            audio_tokens(limit.max_samples),
            is_low_bit=choice.dtype in LOW_BIT,
        )
        files = weights[name]
        for_weights += model.weight_bytes(
            files.parameters, files.think_parameters, has_output_layer=files.has_output_layer
        )
        needs["think" if needs else "base"] = model
        if files.think_parameters:
            needs["think"] = model
    return needs, for_weights


def _in_batches(
    choice: ModelChoice, needs: Mapping[str, ModelNeeds], found: str, free: int
) -> Finding:
    """Models take turns: the largest counts."""
    largest = max(needs.values(), key=lambda model: host_bytes(model, choice.batch_tokens))
    wanted = host_bytes(largest, choice.batch_tokens)
    found += f", {wanted / 1e9:.2f} GB for a batch of {choice.batch_tokens} tokens"
    if free >= wanted:
        return Finding("memory", "ok", found)
    smaller = _SMALLER.get(choice.dtype, "")
    fits = (free - host_bytes(largest, 0)) // largest.token_bytes
    if fits < _LEAST_TOKENS:
        return Finding("memory", "failed", found, f"use a larger machine{smaller}")
    return Finding("memory", "warning", found, f"--batch-tokens {fits}{smaller}")


def _in_pool(
    choice: ModelChoice, needs: Mapping[str, ModelNeeds], found: str, free: int
) -> Finding:
    """What the engine would make of the memory."""
    asked = None if choice.batch_tokens == DEFAULT_BATCH_TOKENS else choice.batch_tokens
    smaller = _SMALLER.get(choice.dtype, "")
    try:
        sizes = sizes_of_all(needs, free, asked)
    except GpuFull as full:
        return Finding("memory", "failed", f"{found}; {full}", f"use a larger machine{smaller}")
    name, least = min(sizes.items(), key=lambda item: item[1].tokens)
    longest_s = needs[name].longest_sound_tokens // AUDIO_TOKENS_PER_S
    room_s = (least.tokens - BESIDE_A_SOUND) // AUDIO_TOKENS_PER_S
    found += f", room for {least.tokens} tokens of keys and values"
    if room_s >= longest_s:
        return Finding("memory", "ok", f"{found} and sounds of {longest_s} s")
    if least.tokens < _LEAST_TOKENS:
        said = f"{found}: none for a window of {WINDOW_S} s"
        return Finding("memory", "failed", said, f"use a larger machine{smaller}")
    said = f"{found}: sounds of {room_s} s, where the model hears {longest_s} s"
    return Finding("memory", "warning", said, f"--max-clip-s {room_s}{smaller}")


def first_free_bytes(gpu: Gpus) -> int | None:
    """Of the device that a single process takes."""
    return gpu.memory[0].free_bytes if gpu.memory else None


def free_host_bytes() -> int | None:
    """Memory that this process may still take: the machine's, or its control group's."""
    found = [size for size in (_available_bytes(), _group_bytes()) if size is not None]
    return min(found, default=None)


def _available_bytes() -> int | None:
    try:
        lines = dict(line.split(":", 1) for line in _MEMINFO.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        pages = os.sysconf("SC_AVPHYS_PAGES") if "SC_AVPHYS_PAGES" in os.sysconf_names else 0
        return pages * os.sysconf("SC_PAGE_SIZE") or None


def _group_bytes() -> int | None:
    """What a container's limit leaves; cached files give way."""
    try:
        most = (_CGROUP / "memory.max").read_text().strip()
        held = int((_CGROUP / "memory.current").read_text())
        stat = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        return None if most == "max" else int(most) - held + int(stat.get("inactive_file", 0))
    except (OSError, ValueError):
        return None
