"""Where segments lie: embedding them against transformers' encoder, seeking among 100,000.

python -m tests.benchmarks.embedding [--segments 100000]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from sklearn.neighbors import NearestNeighbors

from af3core.embedding.neighbours import EmbeddedSegment, Neighbourhood, Vectors
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.engines.transformers_engine import TransformersEngine
from af3core.model.request import Sound
from af3core.model.weights.checkpoint import find_checkpoint
from tests.benchmarks.report import header, line

WIDTH = 1280
"""Of AF3's encoder."""

_WANTED = 3
_LENGTHS_S = (2.0, 5.0, 9.0, 15.0, 15.0, 18.0, 24.0, 30.0)
"""As segments are: cut at pauses, 15 s where there is a choice."""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=int, default=100_000, help="to seek among")
    options = parser.parse_args()
    header("embedding and retrieval", "torch", "transformers", "scikit-learn", "numpy")
    _embedding()
    _seeking(options.segments)


def _embedding() -> None:
    """Nano's encoder over 64 sounds of a segment's length."""
    random = np.random.default_rng(0)
    sounds = [
        Sound(0.1 * random.standard_normal(int(16_000 * seconds)).astype(np.float32))
        for seconds in _LENGTHS_S * 8
    ]
    checkpoint = find_checkpoint("nano")
    ours, theirs = Af3Engine.load(checkpoint), TransformersEngine.load(checkpoint)
    seconds = {
        "ours": _best(lambda: ours.embed(sounds)),
        "transformers": _best(lambda: theirs.embed(sounds)),
    }
    audio_s = sum(len(sound.samples) for sound in sounds) / 16_000
    for name, taken in seconds.items():
        line(f"embed, {name}", f"{audio_s / taken:.0f}x", "real time")
    line("embed, ratio to transformers", f"{seconds['transformers'] / seconds['ours']:.1f}x")


def _seeking(count: int) -> None:
    """The nearest three of other recordings, exactly."""
    vectors, segments = _made_up(count)
    near = Neighbourhood(segments, vectors)
    queries = vectors[:: max(1, count // 20)][:20] + np.float32(0.01)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    peer = NearestNeighbors(n_neighbors=_WANTED, algorithm="brute", metric="cosine").fit(vectors)
    near.nearest(queries[0], _WANTED, "")  # ranks are computed once
    seconds = {
        "floor: all vectors times one": _best(lambda: [vectors @ query for query in queries]),
        "ours: exact, other recordings, ties settled": _best(
            lambda: [near.nearest(query, _WANTED, "none") for query in queries]
        ),
        "scikit-learn: exact": _best(lambda: [peer.kneighbors(query[None]) for query in queries]),
    }
    for name, taken in seconds.items():
        line(f"seek, {name}", f"{1000 * taken / len(queries):.1f} ms", f"among {count}")


def _made_up(count: int) -> tuple[Vectors, tuple[EmbeddedSegment, ...]]:
    random = np.random.default_rng(1)
    vectors = random.standard_normal((count, WIDTH), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    segments = tuple(
        EmbeddedSegment(f"{n // 80:06d}", f"{n:08d}", "2026-11-21", f"caption {n}")
        for n in range(count)
    )
    return vectors, segments


def _best(run: Callable[[], object]) -> float:
    """Seconds of the fastest of three."""
    taken = []
    for _ in range(3):
        begun = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begun)
    return min(taken)


if __name__ == "__main__":
    main()
