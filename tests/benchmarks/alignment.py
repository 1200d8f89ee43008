"""How far words' times are off, and what their confidence is worth, on the demo archive.

    python -m tests.benchmarks.alignment [ALIGNER …]      of attention, that of nano

`python -m af3core.nano.ctc_training FOLDER` makes a CTC model of this world for it.

Word times are known from the program that made the archive. Errors are those of starts.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from random import Random

import numpy as np

from af3core.alignment.align import LEAST_CONFIDENCE, align
from af3core.alignment.aligner import Aligner
from af3core.alignment.aligner_registry import load_aligner
from af3core.model.engines.engine_registry import EngineSettings
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.nano.demo_archive import PROGRAMMES
from schemas.options.derive import INTERPOLATION, POCKETSPHINX
from tests.af3core.alignment.demo_words import (
    Stretch,
    on_music,
    on_noise,
    stretches,
    with_wrong_words,
)

CONDITIONS: dict[str, Callable[[Stretch], Stretch]] = {
    "clean": lambda stretch: stretch,
    "noise, 15 dB below": on_noise,
    "music, 10 dB below": on_music,
}
NANO = EngineSettings("af3", find_checkpoint("nano"), "float32", "cpu", 65_536)
LONGEST_MIN = 2.0
"""Longer programmes are left out."""


def measure(name: str) -> None:
    """Print the figures of one aligner."""
    spoken = [each.file for each in PROGRAMMES if each.sexes and each.minutes <= LONGEST_MIN]
    known = [stretch for file in spoken for stretch in stretches(file)]
    aligner = load_aligner(name, NANO)
    for condition, changed in CONDITIONS.items():
        heard = [changed(stretch) for stretch in known]
        errors, rate = errors_of(heard, aligner)
        median, most = np.percentile(np.abs(errors), [50, 95])
        print(
            f"{name:14} {condition:20} words {len(errors)}  median {median:.0f} ms"
            f"  95 % {most:.0f} ms  {rate:.0f} x real time a core",
            flush=True,
        )
    if aligner is not None:
        shown = (f"{kind} {below:.1%} of {count}" for kind, below, count in doubted(known, aligner))
        print(
            f"{name:14} below {LEAST_CONFIDENCE} or without a place: {', '.join(shown)}", flush=True
        )


def errors_of(heard: Iterable[Stretch], aligner: Aligner | None) -> tuple[np.ndarray, float]:
    """Found less true starts in milliseconds, and how many times faster than speech."""
    errors: list[int] = []
    seconds, begun = 0.0, time.process_time()
    for stretch in heard:
        found = align(stretch.samples, stretch.words, aligner)
        pairs = zip(found, stretch.starts_ms, strict=True)
        errors += [word.start_ms - start_ms for word, start_ms in pairs]
        seconds += stretch.duration_s
    return np.array(errors), seconds / (time.process_time() - begun)


def doubted(known: Iterable[Stretch], aligner: Aligner) -> list[tuple[str, float, int]]:
    """The share of words below the least confidence, and their number, by kind and together.

    A tenth of the words is wrong; `beside` are right words next to one that was left out.
    """
    random, below = Random(0), dict[str, list[bool]]()
    for stretch in known:
        changed = with_wrong_words(stretch, random)
        found = align(changed.samples, changed.words, aligner)
        for word, kind, is_wrong in zip(found, changed.kinds, changed.is_wrong, strict=True):
            is_below = (word.confidence or 0.0) < LEAST_CONFIDENCE
            for name in (kind, "all wrong" if is_wrong else "all right"):
                below.setdefault(name, []).append(is_below)
    return [(kind, float(np.mean(each)), len(each)) for kind, each in sorted(below.items())]


if __name__ == "__main__":
    for each in sys.argv[1:] or (INTERPOLATION, POCKETSPHINX):
        measure(each)
