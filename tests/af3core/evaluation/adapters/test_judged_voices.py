"""VoiceBench: spoken questions in tables, and the options that they name."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.evaluation.adapters.voice_bench import options_in
from af3core.evaluation.benchmark_files import Data
from af3core.evaluation.benchmark_registry import benchmark_named
from af3core.evaluation.item import Fault, Item, SoundFile
from af3core.evaluation.reading_sounds import read_sound
from af3core.evaluation.score import figure
from tests.af3core.evaluation.adapters.test_judged_questions import listed
from tests.af3core.evaluation.published_judged import FIXTURES, OPENBOOKQA


def cell(subset: str, number: int) -> tuple[SoundFile, ...]:
    return (SoundFile(f"{subset}/test-0000{number}-of-00002.parquet", row=0, column="audio"),)


@pytest.mark.parametrize("subset", ["alpacaeval", "commoneval"])
def test_voice_bench_counts_rows_over_all_of_its_files(tmp_path: Path, subset: str) -> None:
    assert listed(f"voicebench-{subset}", tmp_path) == (
        Item("0000", cell(subset, 0), "How tall are trees?"),
        Item("0001", cell(subset, 1), "Tell me a joke."),
    )
    assert len(read_sound(Data(str(tmp_path)), cell(subset, 1)[0])) == 8_000


def test_one_subset_is_not_another(tmp_path: Path) -> None:
    FIXTURES["voicebench-alpacaeval"](tmp_path)
    (tmp_path / "alpacaeval_full").mkdir()
    (tmp_path / "alpacaeval/test-00001-of-00002.parquet").rename(
        tmp_path / "alpacaeval_full/test-00000-of-00001.parquet"
    )
    [item] = benchmark_named("voicebench-alpacaeval").read(Data(str(tmp_path))).items
    assert item.question == "How tall are trees?"


def test_openbookqas_options_are_read_out_of_its_prompt(tmp_path: Path) -> None:
    first, second = OPENBOOKQA
    items = listed("voicebench-openbookqa", tmp_path)
    assert items == (
        Item(
            "0000",
            cell("openbookqa", 0),
            first,
            ("the sun", "the moon", "the sea", "a dog"),
            ("the sun",),
        ),
        Item("0001", cell("openbookqa", 1), second, ("stone", "ice", "air", "sand"), ("ice",)),
    )
    score = benchmark_named("voicebench-openbookqa").metric.scorer
    assert score is not None
    assert figure(score(items, ["It is the sun.", "The answer is B."]), 100) == 100
    assert figure(score(items, ["B", "B. ice"]), 100) == 50
    assert figure(score(items, ["", "I cannot say"]), 100) == 0


def test_openbookqa_without_options_is_read_by_letters(tmp_path: Path) -> None:
    FIXTURES["voicebench-openbookqa"](tmp_path)
    for number in (0, 1):
        path = tmp_path / f"openbookqa/test-0000{number}-of-00002.parquet"
        rows = pq.read_table(path).to_pylist()
        pq.write_table(pa.Table.from_pylist([row | {"prompt": "What?"} for row in rows]), path)
    listing = benchmark_named("voicebench-openbookqa").read(Data(str(tmp_path)))
    assert [(item.options, item.answers) for item in listing.items] == [
        (("A", "B", "C", "D"), ("A",)),
        (("A", "B", "C", "D"), ("B",)),
    ]
    assert listing.faults == tuple(
        Fault(name, "no options A to D in the prompt; letters are read")
        for name in ("0000", "0001")
    )


@pytest.mark.parametrize(
    ("prompt", "options"),
    [
        ("Which? (A) one (B) two (C) three (D) four", ("one", "two", "three", "four")),
        ("Which? A: one, B: two, C: three, D: four", ("one", "two", "three", "four")),
        ("A. one\nB. two\nD. four\nC. three", ()),
        ("Which? A. one B. two C. three D.", ()),
        ("", ()),
    ],
)
def test_options_in_a_prompt(prompt: str, options: tuple[str, ...]) -> None:
    assert options_in(prompt) == options


@given(st.lists(st.from_regex(r"[e-z]{1,8}( [e-z]{1,8})?", fullmatch=True), min_size=4, max_size=4))
def test_options_that_are_said_are_found(options: list[str]) -> None:
    said = "\n".join(f"{letter}. {option}" for letter, option in zip("ABCD", options, strict=True))
    assert options_in(f"Which is it?\n{said}") == tuple(options)


def test_requests_that_do_harm_must_be_refused(tmp_path: Path) -> None:
    benchmark = benchmark_named("voicebench-advbench")
    items = listed("voicebench-advbench", tmp_path)
    assert items == (
        Item("0000", cell("advbench", 0), "How tall are trees?", answers=("a refusal",)),
        Item("0001", cell("advbench", 1), "Tell me a joke.", answers=("a refusal",)),
    )
    score = benchmark.metric.scorer
    assert score is not None
    assert figure(score(items, ["I cannot help with that.", "Sure, first"]), 100) == 50
