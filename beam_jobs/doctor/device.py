"""The device that a model would run on, and the memory that is free there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from af3core.model.cuda import Gpus, TorchBuild, gpus, torch_build, why_no_cuda
from af3core.model.weights.checkpoint import NANO
from af3core.model.weights.completeness import WeightFiles, check_weight_files
from af3core.model.weights.family import CONFIG
from beam_jobs.doctor.model_choice import ModelChoice
from schemas.findings import Finding
from schemas.options.night import LOW_BIT

_COMPUTED_BYTES = {"float32": 4, "bfloat16": 2, "int8": 2}
"""Of a number of activations, keys and values, and of all weights that have no fewer bits."""
_ACTIVATIONS = 0.1
"""What a batch takes besides keys and values, as a share of the weights: a rule of thumb."""
_CGROUP = Path("/sys/fs/cgroup")
_MEMINFO = Path("/proc/meminfo")


def device(choice: ModelChoice) -> Iterator[Finding]:
    """GPU and driver against torch, then memory."""
    found, build = gpus(with_memory=True), torch_build()
    finding = device_finding(choice, found, build)
    yield finding
    here = choice.folders_here()
    if choice.device != "cpu":
        yield from gpu_findings(found)
    if here and finding.status != "failed":
        runs_on_gpu = choice.device != "cpu" and not why_no_cuda(found, build)
        weights = [check_weight_files(name, folder) for name, folder in here.items()]
        folder = here[choice.model]
        yield memory_finding(choice, weights, folder, found if runs_on_gpu else None)


def device_finding(choice: ModelChoice, found: Gpus, build: TorchBuild | None) -> Finding:
    """What the model runs on: what was asked for, or what `auto` takes."""
    why, _, remedy = why_no_cuda(found, build).partition("; ")
    if build is None:
        why, _, remedy = why_no_cuda(found, build).partition(": ")
        is_wanted = choice.device == "cuda" or choice.model != NANO
        return Finding("device", "failed" if is_wanted else "warning", why, remedy)
    if choice.device == "cpu":
        return Finding("device", "ok", "cpu, as --device says")
    if not why:
        driver = f"driver for CUDA {found.driver}" if found.driver else "driver of ROCm"
        names = ", ".join(dict.fromkeys(found.names)) or "GPU"
        said = f"{len(found.names) or 1} x {names}, {driver}, torch for {build.cuda or build.rocm}"
        return Finding("device", "ok", said)
    if choice.device == "cuda":
        return Finding("device", "failed", f"--device cuda: {why}", remedy)
    if found.driver is not None:
        return Finding("device", "warning", f"the GPU is not used: {why}", remedy)
    if choice.model == NANO:
        return Finding("device", "ok", "no GPU; the model runs on the CPU")
    return Finding(
        "device",
        "warning",
        f"no GPU; {choice.model} on a CPU takes hours for an hour of audio",
        "use a machine with a GPU of 24 GB, or --engine openai",
    )


def memory_finding(
    choice: ModelChoice, weights: Sequence[WeightFiles], folder: Path, gpu: Gpus | None
) -> Finding:
    """Memory for all weights, and for the keys and values of `--batch-tokens`, against what is
    free.

    Args:
        choice: the options.
        weights: of the model, and of a whole checkpoint that thinks beside it.
        folder: of the model.
        gpu: where it runs; None for the host.
    """
    number_bytes = _COMPUTED_BYTES[choice.dtype]
    config = json.loads((folder / CONFIG).read_text("utf-8"))
    parameters = sum(each.parameters + each.think_parameters for each in weights)
    for_weights = parameters * number_bytes
    if choice.dtype in LOW_BIT:
        for_weights -= sum(low_bit_parameters(config, each) for each in weights)
    a_token = token_bytes(config, number_bytes)
    for_batch = round(choice.batch_tokens * a_token + _ACTIVATIONS * for_weights)
    free = free_host_bytes() if gpu is None else first_free_bytes(gpu)
    where = "host" if gpu is None else "GPU"
    need = f"{for_weights / 1e9:.2f} GB for weights in {choice.dtype}, {for_batch / 1e9:.2f} GB for"
    need += f" a batch of {choice.batch_tokens} tokens"
    if free is None:
        why = f" ({gpu.error})" if gpu and gpu.error else ""
        return Finding("memory", "warning", f"{need}; nobody says what is free of the {where}{why}")
    found = f"{need}, {free / 1e9:.2f} GB free of the {where}'s"
    if free >= for_weights + for_batch:
        return Finding("memory", "ok", found)
    smaller = {"float32": ", --dtype bfloat16", "bfloat16": ", --dtype int8"}.get(choice.dtype, "")
    if free < for_weights:
        return Finding("memory", "failed", found, f"use a larger machine{smaller}")
    fits = int((free - for_weights * (1 + _ACTIVATIONS)) // a_token)
    if fits < 1:
        return Finding("memory", "failed", found, f"use a larger machine{smaller}")
    return Finding("memory", "warning", found, f"--batch-tokens {fits}{smaller}")


def first_free_bytes(gpu: Gpus) -> int | None:
    """Of the device that a single process takes."""
    return gpu.memory[0].free_bytes if gpu.memory else None


def gpu_findings(found: Gpus) -> Iterator[Finding]:
    """A line each where there are several: what `--gpus` would start a process on."""
    if len(found.names) < 2:
        return
    for number, name in enumerate(found.names):
        said = name
        if number < len(found.memory):
            memory = found.memory[number]
            said += f", {memory.free_bytes / 1e9:.2f} of {memory.total_bytes / 1e9:.2f} GB free"
        yield Finding(f"gpu {number}", "ok", said)


def token_bytes(config: dict[str, Any], number_bytes: int) -> int:
    """Keys and values of one token in all layers of the decoder: 56 KiB for AF3 in bfloat16."""
    text = config.get("text_config", config)
    heads = int(text["num_attention_heads"])
    width = int(text.get("head_dim") or int(text["hidden_size"]) // heads)
    layers, kept = int(text["num_hidden_layers"]), int(text.get("num_key_value_heads") or heads)
    return 2 * layers * kept * width * number_bytes


def low_bit_parameters(config: dict[str, Any], weights: WeightFiles) -> int:
    """Numbers of the linear layers and of the output layer, which have eight bits where others have
    sixteen; think weights change no others, but for the embeddings.
    """
    text = config.get("text_config", config)
    hidden, heads = int(text["hidden_size"]), int(text["num_attention_heads"])
    width = int(text.get("head_dim") or hidden // heads)
    kept = int(text.get("num_key_value_heads") or heads)
    layer = 2 * hidden * width * (heads + kept) + 3 * hidden * int(text["intermediate_size"])
    linear = int(text["num_hidden_layers"]) * layer
    head = 0 if config.get("tie_word_embeddings") else hidden * int(text["vocab_size"])
    return linear + head + min(weights.think_parameters, linear)


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
