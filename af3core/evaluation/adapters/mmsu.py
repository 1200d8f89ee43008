"""MMSU: 5,000 questions on spoken language, in 47 tasks (arXiv 2506.04779)."""

from __future__ import annotations

from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.benchmark_files import BenchmarkData, Data, Row, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing, SoundFile
from af3core.evaluation.official_scripts import MMSU
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.letters import score_letters

_CHOICES = ("choice_a", "choice_b", "choice_c", "choice_d")
_GROUPS = ("category", "sub-category", "sub-sub-category", "task_name")
_COLUMNS = ("id", "question", *_CHOICES, "answer_gt", *_GROUPS)
_SOUND = "audio"
_INSTRUCTION = (
    "Choose the most suitable answer from options A, B, C, and D to respond the question in next"
    " line, **you should only choose A or B or C or D.** Do not provide any additional explanations"
    " or content."
)


def read(data: Data) -> Listing:
    """mmsu.jsonl with its sounds, or the Parquet files that hold both."""
    if any(key.endswith("mmsu.jsonl") for key in data.keys):
        key = data.find("mmsu.jsonl")
        sounds = Sounds(data, key)
        rows = data.json_lines(key)
        return Listing(tuple(_item(r, sounds.by_path(str(field(r, "audio_path")))) for r in rows))
    if not (tables := data.ending(".parquet")):
        raise BenchmarkData(
            f"{data.address}: there is no mmsu.jsonl and no .parquet; --data is the folder as"
            " published"
        )
    return Listing(
        tuple(
            _item(row, SoundFile(key, row=number, column=_SOUND))
            for key in tables
            for number, row in enumerate(data.parquet(key, _COLUMNS))
        )
    )


def _item(row: Row, sound: SoundFile) -> Item:
    return Item(
        item_id=str(field(row, "id")),
        sounds=(sound,),
        question=str(field(row, "question")),
        options=tuple(str(row[name]) for name in _CHOICES if row.get(name) is not None),
        answers=(str(field(row, "answer_gt")),),
        groups=tuple((name, str(row.get(name, ""))) for name in _GROUPS),
    )


def prompt(item: Item) -> str:
    """The publisher's instruction and lettered options; a missing option reads "None", as there."""
    options = [*item.options, *["None"] * (len(_CHOICES) - len(item.options))]
    listed = "\n".join(
        f"{letter}. {option}" for letter, option in zip("ABCD", options, strict=True)
    )
    return f"{_INSTRUCTION}\n\nQuestion: {item.question}\n\n{listed}"


BENCHMARKS = (
    Benchmark(
        name="mmsu",
        title="MMSU",
        files="question/mmsu.jsonl and the folder audio/ of ddwang2000/MMSU (id, audio_path,"
        " question, choice_a to choice_d, answer_gt, category, sub-category, sub-sub-category,"
        " task_name), or its Parquet files with the same fields and audio",
        read=read,
        prompt=prompt,
        metric=Metric("accuracy", score_letters, script=MMSU),
        prompt_source="dingdongwang/MMSU_Bench, mmsu_inference.py",
    ),
)
