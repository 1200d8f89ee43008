"""OpenAudioBench: spoken questions with open answers (Baichuan-Omni-1.5, arXiv 2501.15368)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath

from af3core.evaluation.adapters.voice_bench import VOICE_SOURCE, the_sound_alone
from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.benchmark_files import Data, Row, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.judges import OPEN_AUDIO

_Read = Callable[[Row], tuple[str, tuple[str, ...]]]


def _alpaca(row: Row) -> tuple[str, tuple[str, ...]]:
    """What was asked; there is no answer, quality is judged."""
    return str(field(row, "instruction")), ()


def _llama(row: Row) -> tuple[str, tuple[str, ...]]:
    return str(field(row, "Questions")), (str(field(row, "Answer")).strip(),)


def _trivia(row: Row) -> tuple[str, tuple[str, ...]]:
    """What was asked, the answer and its other names, normalised by TriviaQA."""
    aliases = str(row.get("answer_normalized_aliases") or "").split(",")
    named = [str(field(row, "answer_normalized_value")), *aliases]
    return str(field(row, "question")), tuple(
        dict.fromkeys(name.strip() for name in named if name.strip())
    )


def read(task: str, read_row: _Read, data: Data) -> Listing:
    """A task's table, with its audios beside it; an item is named by its audio."""
    key = data.find(f"{task}.csv")
    sounds = Sounds(data, key)
    items = []
    for row in data.table(key):
        name = str(field(row, "audio_filename"))
        question, answers = read_row(row)
        items.append(
            Item(
                item_id=PurePosixPath(name).stem,
                sounds=(sounds.by_path(f"audios/{name}"),),
                question=question,
                answers=answers,
            )
        )
    return Listing(tuple(items))


def _benchmark(name: str, title: str, task: str, columns: str, read_row: _Read) -> Benchmark:
    return Benchmark(
        name=f"openaudiobench-{name}",
        title=f"OpenAudioBench, {title}",
        files=f"eval_datas/{task}/{task}.csv of baichuan-inc/OpenAudioBench and audios/ beside it:"
        f" audio_filename, {columns}",
        read=partial(read, task, read_row),
        prompt=the_sound_alone,
        metric=Metric("judge", judging=OPEN_AUDIO, scale=10.0),
        prompt_source=VOICE_SOURCE,
        max_new_tokens=512,
    )


BENCHMARKS = (
    _benchmark("alpaca", "AlpacaEval", "alpaca_eval", "instruction", _alpaca),
    _benchmark("llama", "Llama Questions", "llama_questions", "Questions, Answer", _llama),
    _benchmark(
        "trivia",
        "TriviaQA",
        "trivia_qa",
        "question, answer_normalized_value, answer_normalized_aliases (with commas between)",
        _trivia,
    ),
)
