"""The device that a model would run on, and whether it has room for it."""

from __future__ import annotations

from collections.abc import Iterator

from af3core.model.cuda import Gpus, TorchBuild, gpus, torch_build, why_no_cuda
from af3core.model.weights.checkpoint import NANO
from af3core.model.weights.completeness import check_weight_files
from beam_jobs.doctor.memory import memory_finding
from beam_jobs.doctor.model_choice import ModelChoice
from schemas.findings import Finding


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
        weights = {name: check_weight_files(name, folder) for name, folder in here.items()}
        yield memory_finding(choice, weights, found if runs_on_gpu else None)


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
