"""`--peer`: transformers' `generate` as fast as it goes, and each phase against its roofline."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from af3core.model.request import Sound
from tests.benchmarks.floor import floor_of
from tests.benchmarks.gpu_figures.bench import Bench
from tests.benchmarks.gpu_figures.figures import Figure, Row
from tests.benchmarks.gpu_figures.quick_rows import machine

LIMIT_S = 300.0
_SEGMENTS = 16
_ANSWER = 96


def generate(bench: Bench) -> Iterator[Figure]:
    """Its `generate` with the cache that grows, on the standard job over fewer segments."""
    setting = bench.setting("segments of 4 to 30 s", 4.0, 30.0)
    requests = bench.job(setting)[: 7 * (_SEGMENTS if not bench.is_tiny else 2)]
    bench.seconds_of(bench.ours, requests)
    mine, my_answers = bench.timed(bench.ours, requests)
    bench.seconds_of(bench.peer, requests[:7])
    theirs, their_answers = bench.timed(bench.peer, requests)
    same = sum(a.token_ids == b.token_ids for a, b in zip(my_answers, their_answers, strict=True))
    yield Figure("generate", f"transformers' time, {len(requests)} questions", f"{theirs:.2f} s")
    yield Figure(
        "generate",
        "ours",
        f"{mine:.2f} s",
        f"{theirs / mine:.1f} times as fast, {same} of {len(requests)} answers the same",
    )


def roofline(bench: Bench) -> Iterator[Figure]:
    """Each phase of ours, apart, against what the device does at most."""
    setting = bench.setting("segments of 30 s", 30.0, 30.0)
    requests, rates = bench.job(setting), bench.rates
    sounds = list({id(r.sounds[0]): r.sounds[0] for r in requests}.values())
    first = bench.captions(len(sounds), 30.0, 1 if not bench.is_tiny else 8)
    for run in (lambda: bench.ours.embed(sounds), lambda: bench.ours.answer(requests)):
        run()  # records what is recorded once
    bench.wait()
    encode_s = _embedded(bench, sounds)
    first_s = bench.seconds_of(bench.ours, first)
    whole_s = bench.seconds_of(bench.ours, requests)
    floor = floor_of(requests, bench.model, rates)
    beside = (
        ("encoder", encode_s, floor.encode_s),
        ("prefixes", max(first_s - encode_s, 0.0), floor.prefill_s),
        ("questions and answers", max(whole_s - first_s, 0.0), floor.decode_s),
        ("whole", whole_s, floor.total_s),
    )
    for name, seconds, least_s in beside:
        share = f"{least_s / seconds:.0%} of the roofline" if seconds else "not apart from others"
        yield Figure("roofline", f"{name}: ours", f"{seconds:.3f} s", f"{share}, {least_s:.3f} s")
    yield Figure("roofline", "launches, a part of the answers' floor", f"{floor.launches_s:.3f} s")


def _embedded(bench: Bench, sounds: Sequence[Sound]) -> float:
    """Seconds of the encoder alone."""
    bench.wait()
    begun = time.perf_counter()
    bench.ours.embed(sounds)
    bench.wait()
    return time.perf_counter() - begun


def compiled(bench: Bench) -> Iterator[Figure]:
    """Its `generate` with a static cache, which it compiles on CUDA: one batch of one shape."""
    requests = bench.captions(_SEGMENTS if not bench.is_tiny else 2, 30.0, _ANSWER)
    bench.seconds_of(bench.ours, requests)
    mine = bench.seconds_of(bench.ours, requests)
    with _static_cache(bench):
        first = bench.seconds_of(bench.peer, requests)
        yield Figure("compiled", "transformers, compiled: first call", f"{first:.1f} s")
        bench.seconds_of(bench.peer, requests)
        theirs = bench.seconds_of(bench.peer, requests)
    yield Figure(
        "compiled",
        f"transformers, compiled: {len(requests)} captions",
        f"{theirs:.2f} s",
        f"ours {mine:.2f} s, {theirs / mine:.1f} times as fast",
    )


@contextmanager
def _static_cache(bench: Bench) -> Iterator[None]:
    settings = bench.peer.model.generation_config
    settings.cache_implementation = "static"
    try:
        yield
    finally:
        settings.cache_implementation = None


ROWS = (
    Row("machine", 0, machine),
    Row("generate", 60, generate),
    Row("roofline", 30, roofline),
    Row("compiled", 100, compiled),
)
