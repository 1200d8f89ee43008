"""The paper's numbers and the names that they go by."""

from __future__ import annotations

import pytest

from af3core.evaluation.benchmark_registry import benchmarks
from af3core.evaluation.paper import NUMBERS, TABLE_2, TABLE_3, PaperNumber, paper_number
from af3core.evaluation.score import Metric
from af3core.evaluation.totals import TOTALS


@pytest.mark.parametrize(
    ("benchmark", "group", "plain", "thinking"),
    [
        ("mmau-test", "", 72.42, 73.16),
        ("mmau-test-mini", "task=music", 73.95, 76.55),
        ("mmar", "", 58.5, 60.1),
        ("clotho", "", 0.50, None),
        ("cmm", "", 86.5, None),
        ("audio-entailment-clotho", "", 93.3, None),
        ("librispeech-other", "", 3.13, None),
        ("long-audio-bench", "", 68.6, None),
        ("voicebench-alpacaeval", "", 4.19, None),
    ],
)
def test_numbers_of_the_tables(
    benchmark: str, group: str, plain: float, thinking: float | None
) -> None:
    number = paper_number(benchmark, group)
    assert number is not None
    assert (number.of("published"), number.of("thinking")) == (plain, thinking)


def test_what_is_not_reported_has_no_number() -> None:
    assert paper_number("mmar", "modality=sound") is None
    assert paper_number("unheard-of") is None


def test_what_others_measured_says_so() -> None:
    [number] = [n for n in NUMBERS if TABLE_2 not in n.source and TABLE_3 not in n.source]
    assert number == PaperNumber(
        "mmau-pro-total", "", 51.7, source="by others: README of sonalkum/MMAUPro; not in the paper"
    )


def test_af_chats_number_is_the_mean_of_its_three() -> None:
    number = paper_number("af-chat")
    assert number is not None
    assert number.plain == round((3.6 + 3.4 + 3.9) / 3, 2)


def test_averages_are_those_of_their_groups() -> None:
    """MMAU's tasks have 333, 334 and 333 items in test-mini, about as many each in test."""
    for benchmark, within in (("mmau-test", 0.05), ("mmau-test-mini", 0.05)):
        tasks = [n for n in NUMBERS if n.benchmark == benchmark and n.group]
        whole = paper_number(benchmark)
        assert whole is not None
        assert whole.plain == pytest.approx(sum(n.plain for n in tasks) / 3, abs=within)


def test_every_number_stands_once_and_its_benchmark_is_one_of_ours() -> None:
    names = [(number.benchmark, number.group) for number in NUMBERS]
    assert len(set(names)) == len(names)
    assert {name for name, _ in names} <= {*benchmarks(), *(total.name for total in TOTALS)}


def test_a_number_is_one_that_the_benchmarks_metric_reaches() -> None:
    for number in NUMBERS:
        known = benchmarks().get(number.benchmark)
        metric = known.metric if known else Metric("accuracy")
        most = metric.judging.most if metric.judging else 10 if metric.name == "cider_d" else 1
        assert number.plain <= most * metric.scale, number
        # a share or a mean of points is more than a hundredth of what it could be
        if metric.name != "wer":
            assert number.plain >= most * metric.scale / 100, number
