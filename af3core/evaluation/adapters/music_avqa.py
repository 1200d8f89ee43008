"""MUSIC-AVQA: questions on performances of music (CVPR 2022); those on the sound alone."""

from __future__ import annotations

import json
import re
from typing import Any

from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.benchmark_files import BenchmarkData, Data, Row, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing
from af3core.evaluation.labelling import QUESTION_SOURCE, as_a_question
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.exact_match import score_exact

_PLACE = re.compile(r"<[^>]+>")


def read(data: Data) -> Listing:
    """avqa-test.json: its questions of type Audio that were not deleted."""
    key = data.find("avqa-test.json")
    sounds = Sounds(data, key)
    items = []
    for row in data.json(key):
        modality, *skill = _inner(row, "type")
        if modality != "Audio" or row.get("question_deleted"):
            continue
        items.append(
            Item(
                item_id=str(field(row, "question_id")),
                sounds=(sounds.by_stem(str(field(row, "video_id"))),),
                question=_fill_template(row),
                # the publisher's spelling
                answers=(str(field(row, "anser")),),
                groups=(("skill", " ".join(skill)),),
            )
        )
    return Listing(tuple(items))


def _fill_template(row: Row) -> str:
    """The question with its places filled in, left to right."""
    question, values = str(field(row, "question_content")).strip(), _inner(row, "templ_values")
    if len(_PLACE.findall(question)) != len(values):
        raise BenchmarkData(
            f"avqa-test.json: question {row.get('question_id')} has {len(values)} templ_values for"
            f" {question!r}"
        )
    filling = iter(values)
    return _PLACE.sub(lambda _: str(next(filling)).replace("_", " "), question)


def _inner(row: Row, name: str) -> list[Any]:
    """A list that stands as JSON in a string."""
    text = field(row, name)
    try:
        return list(json.loads(text))
    except (ValueError, TypeError) as error:
        raise BenchmarkData(f"avqa-test.json: {name} {text!r} is no list") from error


BENCHMARKS = (
    Benchmark(
        name="music-avqa",
        title="MusicAVQA, questions on the sound",
        files="avqa-test.json of GeWu-Lab/MUSIC-AVQA: video_id, question_id, type,"
        " question_content, templ_values, anser; and its videos or their sound, named by video_id",
        read=read,
        prompt=as_a_question,
        metric=Metric("accuracy", score_exact),
        prompt_source=QUESTION_SOURCE,
        max_new_tokens=32,
    ),
)
