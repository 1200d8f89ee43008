"""One's own archive as a benchmark: answers that people confirmed or corrected, with their sounds.

The data is an export of `af3 export --reviewed-only` in AF3's form: records with `review`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from af3core.evaluation.benchmark import Benchmark, as_it_stands
from af3core.evaluation.benchmark_files import BenchmarkData, Data, field
from af3core.evaluation.item import Item, Listing, SoundFile
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.choices import score_choices
from af3core.evaluation.scorers.word_errors import score_word_errors

FEWEST_ITEMS = 20
"""With fewer an answer more or less is five points and more: no ground to accept a model on."""

_FILES = (
    "a folder that af3 export --reviewed-only has written in AF3's form: test-*.json, or where"
    " nothing was held out (--held-out) train-*.json, and sounds/*.flac"
)
_MARK = "<sound>\n"
_PROMPT_SOURCE = "the archive's own tasks, as the night asks them"

Row = dict[str, Any]


def read(data: Data, what: str, is_meant: Callable[[Row], bool]) -> Listing:
    """The reviewed answers of one kind; those that were held out from training, where some were.

    Raises:
        BenchmarkData: it is no such export, or too few are reviewed.
    """
    items = [reviewed_item(record) for record in _records(data) if is_meant(record["review"])]
    if len(items) < FEWEST_ITEMS:
        raise BenchmarkData(
            f"{data.address}: {len(items)} reviewed {what}, and a model is not judged by fewer than"
            f" {FEWEST_ITEMS}; review more (af3 correct), then af3 export --reviewed-only again"
        )
    return Listing(tuple(items))


def _records(data: Data) -> Iterator[Row]:
    """All records of the split; none is there that nobody reviewed."""
    lists = [key for key in data.ending(".json") if "/" not in key]
    held_out = [key for key in lists if key.startswith("test-")]
    taken = held_out or [key for key in lists if key.startswith("train-")]
    if not taken:
        raise BenchmarkData(f"{data.address}: there is no train-*.json; --data is {_FILES}")
    for key in taken:
        for record in data.json(key):
            if "review" not in record:
                raise BenchmarkData(
                    f"{data.address}: {key} holds answers that nobody reviewed; export with"
                    " af3 export --reviewed-only"
                )
            yield record


def reviewed_item(record: Row) -> Item:
    """The question of a record, with what a person says is right."""
    review = record["review"]
    question = str(field(record["conversations"][0], "value")).removeprefix(_MARK)
    language = str(review["language"])
    groups = [("task", str(field(record, "skill"))), ("source", str(review["source"]))]
    groups += [("sampled", "yes" if review["sampled"] else "no")]
    groups += [("language", language)] if language else []
    return Item(
        item_id=str(field(record, "id")),
        sounds=(SoundFile(str(field(record, "sound"))),),
        question=question,
        options=tuple(review["options"]),
        answers=(str(review["answer"]),),
        groups=tuple(groups),
    )


def _is_transcript(review: Row) -> bool:
    return bool(review["source"] == "transcripts")


def _is_choice(review: Row) -> bool:
    return bool(review["options"])


BENCHMARKS = (
    Benchmark(
        name="reviewed-transcripts",
        title="Reviewed transcripts of one's own archive",
        files=_FILES,
        read=partial(read, what="transcripts", is_meant=_is_transcript),
        prompt=as_it_stands,
        metric=Metric("wer", score_word_errors, higher_is_better=False),
        prompt_source=_PROMPT_SOURCE,
        max_new_tokens=256,
    ),
    Benchmark(
        name="reviewed-choices",
        title="Reviewed multiple-choice answers of one's own archive",
        files=_FILES,
        read=partial(read, what="answers with options", is_meant=_is_choice),
        prompt=as_it_stands,
        metric=Metric("accuracy", score_choices),
        prompt_source=_PROMPT_SOURCE,
    ),
)
