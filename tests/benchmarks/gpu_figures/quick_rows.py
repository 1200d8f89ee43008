"""`--quick`: is it right, how much is launched, how fast is it, how idle is the device."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version

import torch

from af3core.model.engines.transformers_engine import TransformersEngine
from af3core.model.low_bit.int8_weight import held_bytes
from af3core.model.request import Answer, Request
from tests.benchmarks.floor import LAYER_OPERATIONS, floor_of
from tests.benchmarks.gpu_figures.bench import Bench
from tests.benchmarks.gpu_figures.figures import Figure, Row
from tests.benchmarks.gpu_figures.launches import CountOperations, Launches, profiled
from tests.benchmarks.gpu_figures.small_models import small_job, small_models
from tests.benchmarks.standard_job import Setting

LIMIT_S = 180.0
_STEPS_APART = 16
_WORD_S = 30.0


def machine(bench: Bench) -> Iterator[Figure]:
    """What it is measured on."""
    name, note = platform.processor() or platform.machine(), ""
    if bench.device.type == "cuda":
        properties = torch.cuda.get_device_properties(bench.device)
        free, total = torch.cuda.mem_get_info(bench.device)
        name = properties.name
        note = f"{free / 1e9:.1f} of {total / 1e9:.1f} GB free, capability"
        note += f" {properties.major}.{properties.minor}, CUDA {torch.version.cuda}"
    yield Figure("machine", "device", name, note)
    versions = ", ".join(f"{each} {_version(each)}" for each in ("torch", "triton", "transformers"))
    yield Figure("machine", "packages", platform.python_version(), versions)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def parity(bench: Bench) -> Iterator[Figure]:
    """Ours beside transformers' `generate`, small random models of each architecture."""
    for dtype in ("float32", "bfloat16"):
        for name, processor, model in small_models(bench, dtype):
            requests = small_job()
            ours = bench.timed(bench.engine_of(model, processor), requests)[1]
            theirs = bench.timed(TransformersEngine(processor, model), requests)[1]
            same = sum(a.token_ids == b.token_ids for a, b in zip(ours, theirs, strict=True))
            apart = max(map(_apart, ours, theirs))
            yield Figure(
                "parity",
                f"{name}, {dtype}: same answers",
                f"{same} of {len(requests)}",
                f"log-probabilities {apart:.1e} apart at most, before a first other token",
            )


def _apart(mine: Answer, theirs: Answer) -> float:
    """How far log-probabilities differ while the tokens are the same."""
    apart = 0.0
    pairs = zip(mine.token_ids, theirs.token_ids, mine.logprobs, theirs.logprobs, strict=False)
    for token, other, logprob, their_logprob in pairs:
        if token != other:
            break
        apart = max(apart, abs(logprob - their_logprob))
    return apart


def settings(bench: Bench) -> list[Setting]:
    """Long windows, those of an archive's pauses, short ones."""
    return [
        bench.setting("segments of 30 s", 30.0, 30.0),
        bench.setting("segments of 4 to 30 s", 4.0, 30.0),
        bench.setting("segments of 4 to 10 s", 4.0, 10.0),
    ]


def standard_job(bench: Bench) -> Iterator[Figure]:
    """Ours on seven questions about every segment, against the floor of the same run."""
    rates, by_name = bench.rates, dict[str, float]()
    yield Figure(
        "standard job",
        "matrix product, copy, smallest operation",
        f"{rates.operations_per_s / 1e12:.2f} TOP/s",
        f"{rates.bytes_per_s / 1e9:.0f} GB/s, {rates.operation_s * 1e6:.2f} us",
    )
    for setting in settings(bench):
        requests = bench.job(setting)
        bench.seconds_of(bench.ours, requests)  # records what is recorded once
        seconds = bench.seconds_of(bench.ours, requests)
        audio_s, floor = sum(setting.lengths_s), floor_of(requests, bench.model, rates)
        by_name[setting.name] = audio_s / seconds
        yield Figure(
            "standard job",
            f"ours, {len(setting.lengths_s)} {setting.name}",
            f"{audio_s / seconds:.0f}x real time",
            f"{seconds:.2f} s, {floor.total_s / seconds:.0%} of the floor of {floor.total_s:.2f} s",
        )
    long, _varied, short = by_name.values()
    yield Figure("standard job", "short segments' rate of long ones'", f"{short / long:.0%}")


def launches(bench: Bench) -> Iterator[Figure]:
    """What a step launches, by the profiler, and what it is made of, as counted."""
    for clips in (1, bench.segments):
        more, fewer = (_steps_job(bench, clips, more) for more in (True, False))
        for requests in (more, fewer):
            bench.seconds_of(bench.ours, requests)  # records what is recorded once
        steps = more[0].decoding.max_new_tokens - fewer[0].decoding.max_new_tokens
        apart = _profiled(bench, more).beyond(_profiled(bench, fewer))
        yield Figure(
            "launches",
            f"a step of {clips} clips: kernels on the device",
            f"{apart.kernels / steps:.0f}",
            f"{apart.replays / steps:.1f} graph replays, {apart.launched / steps:.1f} launched"
            " one by one",
        )
        yield _counted(bench, clips, more, fewer, steps)


def _steps_job(bench: Bench, clips: int, more: bool) -> list[Request]:
    least = 64 if bench.is_tiny else 8
    tokens = least + (8 if bench.is_tiny else 1) * _STEPS_APART * more
    return bench.captions(clips, 10.0, tokens)


def _profiled(bench: Bench, requests: Sequence[Request]) -> Launches:
    return profiled(lambda: bench.timed(bench.ours, requests), bench.device)


def _counted(
    bench: Bench, clips: int, more: Sequence[Request], fewer: Sequence[Request], steps: int
) -> Figure:
    """On CUDA the operations of a graph as it is recorded, by an engine of its own."""
    name = f"a step of {clips} clips: operations, as counted"
    layers = bench.model.config.text_config.num_hidden_layers
    wanted = f"the floor has {LAYER_OPERATIONS} a layer, {layers} layers"
    if bench.device.type == "cuda":
        with CountOperations(bench.device) as counted:
            bench.timed(bench.engine_of(bench.model, bench.processor), fewer)
        graphs = counted.recordings
        mean = f"{counted.operations / graphs:.0f}" if graphs else "none recorded"
        return Figure("launches", name, mean, f"mean of {graphs} graphs; {wanted}")
    counts = []
    for requests in (more, fewer):
        with CountOperations(bench.device) as counted:
            bench.timed(bench.ours, requests)
        counts.append(counted.operations)
    return Figure("launches", name, f"{(counts[0] - counts[1]) / steps:.0f}", wanted)


def idle(bench: Bench) -> Iterator[Figure]:
    """How long the device waits: its kernels' time against the time without the profiler."""
    for setting in settings(bench)[1:]:
        requests = bench.job(setting)
        seconds = bench.seconds_of(bench.ours, requests)
        busy = _profiled(bench, requests)
        yield Figure(
            "idle",
            f"device idle, {setting.name}",
            f"{max(0.0, 1 - busy.busy_s / seconds):.0%}" if busy.kernels else "no kernels seen",
            f"{busy.busy_s:.2f} of {seconds:.2f} s, {busy.kernels} kernels,"
            f" {busy.replays} replays, {busy.launched} launches",
        )


def int8(bench: Bench) -> Iterator[Figure]:
    """Weights of eight bits: what they take, how fast and how near they are."""
    small = bench.engine_of(bench.model, bench.processor, "int8")
    held = {
        name: sum(held_bytes(weight) for weight in engine.runners["base"].model.parameters())
        for name, engine in (("wide", bench.ours), ("int8", small))
    }
    yield Figure(
        "int8", "weights held", f"{held['int8'] / 1e9:.4g} GB", f"{held['wide'] / 1e9:.4g} GB wide"
    )
    requests = bench.captions(16, _WORD_S, 32)
    seconds, answers = {}, {}
    for name, engine in (("wide", bench.ours), ("int8", small)):
        bench.seconds_of(engine, requests)
        seconds[name], answers[name] = bench.timed(engine, requests)
    firsts = [
        abs(a.logprobs[0] - b.logprobs[0])
        for a, b in zip(answers["int8"], answers["wide"], strict=True)
        if a.token_ids[0] == b.token_ids[0]
    ]
    yield Figure(
        "int8",
        "time, of the wide weights' time",
        f"{seconds['int8'] / seconds['wide']:.0%}",
        f"{len(firsts)} of {len(requests)} first tokens the same,"
        f" log-probabilities {max(firsts, default=0.0):.1e} apart at most",
    )


ROWS = (
    Row("machine", 0, machine),
    Row("parity", 15, parity),
    Row("standard job", 40, standard_job),
    Row("launches", 25, launches),
    Row("idle", 15, idle),
    Row("int8", 15, int8),
)
