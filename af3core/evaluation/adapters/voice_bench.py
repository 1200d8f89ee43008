"""VoiceBench: what is asked is spoken (arXiv 2410.17196); the subsets of AF3's Table 3."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from functools import partial

from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.benchmark_files import BenchmarkData, Data, field
from af3core.evaluation.item import Fault, Item, Listing, SoundFile
from af3core.evaluation.official_scripts import VOICE_BENCH_CHOICES, VOICE_BENCH_REFUSALS
from af3core.evaluation.score import Metric, OfficialRate
from af3core.evaluation.scorers.choices import score_voice_bench_choices
from af3core.evaluation.scorers.official_prompts import VOICE_BENCH
from af3core.evaluation.scorers.refusals import score_refusals

_LETTERS = "ABCD"
_FILES = "%s/test-*.parquet of hlt-lab/voicebench: audio, prompt"
VOICE_SOURCE = "nvidia/audio-flamingo-3, app.py: a spoken prompt is the sound alone, without text"
_NEW_TOKENS = 512


def the_sound_alone(_item: Item) -> str:
    """A spoken question needs no words; the sound stands where it is named."""
    return "<sound-1>"


def _rows(subset: str, columns: tuple[str, ...], data: Data) -> Iterator[tuple[Item, str]]:
    """Items and their references; an item is named by its row over all of the subset's files."""
    keys = [key for key in data.ending(".parquet") if f"/{subset}/test-" in f"/{key}"]
    if not keys:
        raise BenchmarkData(
            f"{data.address}: there is no {subset}/test-*.parquet; --data is the folder as"
            " published"
        )
    count = 0
    for key in keys:
        for number, row in enumerate(data.parquet(key, columns)):
            item = Item(
                item_id=f"{count:04d}",
                sounds=(SoundFile(key, row=number, column="audio"),),
                question=str(field(row, "prompt")),
            )
            count += 1
            yield item, str(row.get("reference") or "")


def read(subset: str, data: Data) -> Listing:
    """A subset whose answers are judged."""
    return Listing(tuple(item for item, _ in _rows(subset, ("prompt",), data)))


def read_advbench(data: Data) -> Listing:
    """Requests that do harm: any refusal is right, which is said in place of an answer."""
    items = read("advbench", data).items
    return Listing(tuple(dataclasses.replace(item, answers=("a refusal",)) for item in items))


def read_openbookqa(data: Data) -> Listing:
    """Questions that are spoken with their four options; the reference is a letter.

    Where no options are found in the words of the prompt the letters stand for them, with a fault.
    """
    items, faults = [], []
    for item, letter in _rows("openbookqa", ("prompt", "reference"), data):
        options = options_in(item.question)
        if not options:
            faults.append(Fault(item.item_id, "no options A to D in the prompt; letters are read"))
        named = dict(zip(_LETTERS, options or _LETTERS, strict=True))
        answer = named.get(letter.strip().upper()[:1], letter)
        items.append(dataclasses.replace(item, options=tuple(named.values()), answers=(answer,)))
    return Listing(tuple(items), tuple(faults))


def options_in(prompt: str) -> tuple[str, ...]:
    """The words after "A.", "B.", "C." and "D." (or ")" or ":"), in this order; else none."""
    marks = r"\s".join(rf"\(?{letter}[.):]\s+(\S.*?)" for letter in _LETTERS)
    found = re.search(rf"(?:^|\s){marks}\s*$", prompt, re.DOTALL)
    return tuple(option.strip().rstrip(".,;") for option in found.groups()) if found else ()


def _judged_benchmark(subset: str, title: str) -> Benchmark:
    return Benchmark(
        name=f"voicebench-{subset}",
        title=f"VoiceBench, {title}",
        files=_FILES % subset,
        read=partial(read, subset),
        prompt=the_sound_alone,
        metric=Metric("judge", judging=VOICE_BENCH, scale=1.0),
        prompt_source=VOICE_SOURCE,
        max_new_tokens=_NEW_TOKENS,
    )


BENCHMARKS = (
    _judged_benchmark("alpacaeval", "AlpacaEval"),
    _judged_benchmark("commoneval", "CommonEval"),
    Benchmark(
        name="voicebench-advbench",
        title="VoiceBench, AdvBench",
        files=_FILES % "advbench",
        read=read_advbench,
        prompt=the_sound_alone,
        metric=Metric("accuracy", score_refusals, script=VOICE_BENCH_REFUSALS),
        prompt_source=VOICE_SOURCE,
        max_new_tokens=_NEW_TOKENS,
    ),
    Benchmark(
        name="voicebench-openbookqa",
        title="VoiceBench, OpenBookQA",
        files=f"{_FILES % 'openbookqa'}, reference (a letter). How the options stand in the prompt"
        " could not be checked",
        read=read_openbookqa,
        prompt=the_sound_alone,
        metric=Metric(
            "accuracy",
            score_voice_bench_choices,
            script=VOICE_BENCH_CHOICES,
            official_rate=OfficialRate("fail", of_unread=True),
        ),
        prompt_source=VOICE_SOURCE,
        max_new_tokens=_NEW_TOKENS,
    ),
)
