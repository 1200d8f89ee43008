"""Stretches of the demo archive, as long as segments, with the true starts of their words."""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

import numpy as np

from af3core.alignment.text_words import TextWord, words_of_text
from af3core.audio import SAMPLE_RATE_HZ, SAMPLES_PER_MS
from af3core.audio.ffmpeg_program import ffmpeg_binary
from af3core.nano.demo_archive import ARCHIVE, DATE, SCRIPTS
from af3core.nano.espeak_voices import Audio
from af3core.nano.music import make_music

LONGEST_MS = 25_000
_AROUND_MS = 300


@dataclass(frozen=True)
class Stretch:
    """Samples, their words, when each starts in them, and which of them nobody says there.

    `kinds` are `right`, `replaced`, `inserted`, and `beside` what was left out, a word each.
    """

    samples: Audio
    words: tuple[TextWord, ...]
    starts_ms: tuple[int, ...]
    is_wrong: tuple[bool, ...]
    kinds: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE_HZ


def decoded(name: str) -> Audio:
    """A recording of the demo archive, 16 kHz mono."""
    command = [ffmpeg_binary(), "-loglevel", "error", "-i", str(ARCHIVE / DATE / name), "-ac", "1"]
    command += ["-ar", str(SAMPLE_RATE_HZ), "-f", "f32le", "pipe:"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return np.frombuffer(done.stdout, np.float32).copy()


def stretches(name: str, longest_ms: int = LONGEST_MS) -> Iterator[Stretch]:
    """A recording in stretches that are cut before a sentence, sounds and music in them."""
    script = json.loads((SCRIPTS / f"{name}.json").read_text("utf-8"))
    said = [event for event in script["events"] if event["kind"] == "speech"]
    audio = decoded(name)
    while said:
        start_ms = max(0, said[0]["start_ms"] - _AROUND_MS)
        count = sum(event["end_ms"] - start_ms <= longest_ms for event in said) or 1
        taken, said = said[:count], said[count:]
        end_ms = taken[-1]["end_ms"] + _AROUND_MS
        words = words_of_text(" ".join(event["what"] for event in taken))
        starts = [at - start_ms for event in taken for at in event["word_starts_ms"]]
        samples = audio[start_ms * SAMPLES_PER_MS : end_ms * SAMPLES_PER_MS]
        yield Stretch(samples, tuple(words), tuple(starts), (False,) * len(words))


def on_noise(stretch: Stretch, below_db: float = 15.0, seed: int = 0) -> Stretch:
    """The same with white noise so many decibels below it."""
    noise = np.random.default_rng(seed).standard_normal(len(stretch.samples)).astype(np.float32)
    return _with(stretch, noise, below_db)


def on_music(stretch: Stretch, below_db: float = 10.0, seed: int = 0) -> Stretch:
    """The same with music so many decibels below it."""
    random = np.random.default_rng(seed)
    music = make_music("piano", "fast", stretch.duration_s + 1, random)[: len(stretch.samples)]
    return _with(stretch, np.asarray(music, np.float32), below_db)


def _with(stretch: Stretch, bed: Audio, below_db: float) -> Stretch:
    ratio = np.sqrt(np.mean(stretch.samples**2)) / np.sqrt(np.mean(bed**2))
    mixed = stretch.samples + bed * np.float32(ratio * 10 ** (-below_db / 20))
    return replace(stretch, samples=np.clip(mixed, -1, 1))


@functools.cache
def _all_words() -> list[str]:
    """The longer words of all programmes."""
    scripts = (json.loads(path.read_text("utf-8")) for path in sorted(SCRIPTS.iterdir()))
    said = (e["what"].split() for s in scripts for e in s["events"] if e["kind"] == "speech")
    return sorted({word for words in said for word in words if len(word) > 3})


def with_wrong_words(stretch: Stretch, random: Random, share: float = 0.1) -> Stretch:
    """The same with a share of its words replaced, and as many inserted and left out together."""
    said = {word.text for word in stretch.words}
    pool = [word for word in _all_words() if word not in said]
    kept: list[tuple[str, int, str]] = []
    right = "right"
    for word, start_ms in zip(stretch.words, stretch.starts_ms, strict=True):
        chance = random.random()
        if chance < share / 3:
            kept.append((random.choice(pool), start_ms, "replaced"))
        elif chance < 2 * share / 3:
            kept += [(random.choice(pool), start_ms, "inserted"), (word.text, start_ms, right)]
        elif chance > share:
            kept.append((word.text, start_ms, right))
        else:
            before = kept[-1:]
            kept[-1:] = [
                (text, at, "beside" if kind == "right" else kind) for text, at, kind in before
            ]
            right = "beside"
            continue
        right = "right"
    words = words_of_text(" ".join(text for text, _, _ in kept))
    starts, kinds = tuple(at for _, at, _ in kept), tuple(kind for _, _, kind in kept)
    wrong = tuple(kind in ("replaced", "inserted") for kind in kinds)
    return replace(stretch, words=tuple(words), starts_ms=starts, is_wrong=wrong, kinds=kinds)
