"""Runs side by side: rows, pairs, and their pages."""

from __future__ import annotations

import dataclasses
import re

import pytest

from af3core.evaluation.comparison import Comparison, EvaluatedRun, compare
from af3core.evaluation.comparison_pages import NOTE, as_html, as_markdown, sections
from af3core.evaluation.score import Metric, OfficialRate, Score
from af3core.evaluation.scorers.token_sets import score_token_sets
from af3core.evaluation.scorers.word_errors import score_word_errors
from af3core.evaluation.statistics import Interval
from af3core.evaluation.totals import with_totals

ACCURACY = Metric("accuracy", score_token_sets)
WORD_ERRORS = Metric("wer", score_word_errors, higher_is_better=False)
HOSTILE = '<img src=x onerror="alert(1)"> | **b** [a](javascript:b)\n# {{ 7 * 7 }}'

PLAIN = EvaluatedRun(
    benchmark="mmau-test-mini",
    metric=ACCURACY,
    model="nvidia/af3",
    weights_revision="abc123",
    engine="af3",
    prompt_form="published",
    scores={f"q{n}": Score(float(n < 7), official=(float(n < 6), float(n < 8))) for n in range(10)},
    groups={f"q{n}": ["task=sound" if n < 4 else "task=music"] for n in range(10)},
    faults={"q0": "no such sound"},
    errors={"q8": "too long", "q9": "too long", "elsewhere": "of another run"},
)
THINKING = EvaluatedRun(
    benchmark="mmau-test-mini",
    metric=ACCURACY,
    model=HOSTILE,
    weights_revision="def456",
    engine="af3",
    prompt_form="thinking",
    scores={f"q{n}": Score(1.0) for n in range(10)},
)
TRANSCRIBED = EvaluatedRun(
    benchmark="librispeech-clean",
    metric=WORD_ERRORS,
    model="nvidia/af3",
    weights_revision="abc123",
    engine="af3",
    prompt_form="published",
    scores={"a": Score(1.0, 50.0), "b": Score(0.0, 50.0)},
)
WORSE = EvaluatedRun(
    benchmark="librispeech-clean",
    metric=WORD_ERRORS,
    model="nano",
    weights_revision="1",
    engine="af3",
    prompt_form="published",
    scores={"a": Score(50.0, 50.0), "b": Score(50.0, 50.0)},
)


def test_rows_by_benchmark_the_whole_before_its_groups() -> None:
    rows = compare([PLAIN, TRANSCRIBED, THINKING]).rows
    assert [(row.benchmark, row.group, row.prompt_form, row.items) for row in rows] == [
        ("librispeech-clean", "", "published", 2),
        ("mmau-test-mini", "", "published", 10),
        ("mmau-test-mini", "task=music", "published", 6),
        ("mmau-test-mini", "task=sound", "published", 4),
        ("mmau-test-mini", "", "thinking", 10),
    ]


def test_a_row_has_its_figure_the_papers_and_what_failed() -> None:
    whole, music, sound = compare([PLAIN]).rows
    assert (whole.figure, whole.official) == (70, 75)
    assert (whole.faults, whole.errors) == (1, 2)
    assert (whole.paper, whole.paper_source) == (73.30, "AF3, Table 2")
    assert whole.interval is not None
    assert 0 < whole.interval.low < 70 < whole.interval.high <= 100
    assert (music.figure, music.paper, music.errors) == (50, 73.95, 2)
    assert (sound.figure, sound.paper, sound.interval) == (100, 79.58, Interval(100, 100))


def test_the_official_figure_is_set_against_the_paper() -> None:
    whole, _, sound = compare([PLAIN]).rows
    assert whole.difference == pytest.approx(75 - 73.30)
    assert whole.official_interval is not None
    assert whole.official_interval.low < 73.30 < whole.official_interval.high
    assert whole.is_within
    assert (sound.official, sound.difference) == (100, pytest.approx(100 - 79.58))
    no_script = dataclasses.replace(PLAIN, scores={"q0": Score(1.0), "q1": Score(0.0)})
    [row, *_] = compare([no_script]).rows
    assert (row.official, row.official_interval) == (None, None)
    assert row.difference == pytest.approx(50 - 73.30)


def test_a_pair_is_tested_by_the_official_script_too() -> None:
    other = dataclasses.replace(
        PLAIN, model="b", scores={name: Score(1.0, official=(1.0, 1.0)) for name in PLAIN.scores}
    )
    [pair] = compare([PLAIN, other]).pairs
    assert pair.test is not None
    assert pair.official_test is not None
    assert pair.test.difference == pytest.approx(30)
    assert pair.official_test.difference == pytest.approx(25)


def test_what_the_script_prints_besides_stands_beside_its_figure() -> None:
    rate = OfficialRate("fail", of_unread=True)
    run = EvaluatedRun(
        benchmark="voicebench-openbookqa",
        metric=dataclasses.replace(ACCURACY, official_rate=rate),
        model="a",
        weights_revision="1",
        engine="af3",
        prompt_form="published",
        scores={
            "1": Score(1.0, official=(1.0, 1.0), official_read_as="B"),
            "2": Score(0.0, official=(0.25, 1.0), official_read_as=""),
        },
    )
    [row] = compare([run]).rows
    assert (row.official, row.official_rate) == (62.5, "fail 50.00 %")
    assert "| 62.50 (fail 50.00 %) |" in as_markdown(compare([run]))


def test_mmau_pros_total_weighs_each_item_the_same() -> None:
    def part(benchmark: str, *values: float) -> EvaluatedRun:
        scores = {str(n): Score(v, official=(0.0, 1.0)) for n, v in enumerate(values)}
        return dataclasses.replace(TRANSCRIBED, benchmark=benchmark, scores=scores)

    choices, form = part("mmau-pro", 1, 1, 0, 1, 0), part("mmau-pro-instructions", 1, 0)
    assert with_totals([choices, form]) == [choices, form]
    *_, total = with_totals([part("mmau-pro", 1), choices, form, part("mmau-pro-open", 5, 2, 1)])
    [row] = compare([total]).rows
    assert (row.benchmark, row.items, row.paper) == ("mmau-pro-total", 10, 51.7)
    assert row.figure == pytest.approx(100 * (3 + 1 + 8 / 5) / 10)
    assert row.official is None
    assert row.difference == pytest.approx(56 - 51.7)


def test_thinking_is_held_against_thinking() -> None:
    [row] = compare([THINKING]).rows
    assert row.paper == 74.26
    assert row.official is None


def test_word_errors_over_all_words_and_lower_is_better() -> None:
    made = compare([TRANSCRIBED, WORSE])
    assert made.rows[0].figure == 1
    assert made.rows[0].difference == pytest.approx(-0.57)
    [pair] = made.pairs
    assert pair.test is not None
    assert (pair.test.difference, pair.better) == (99, "first")


def test_two_runs_of_a_benchmark_are_a_pair() -> None:
    [pair] = compare([PLAIN, TRANSCRIBED, THINKING]).pairs
    assert pair.first == "nvidia/af3 @ abc123, af3, published"
    assert pair.test is not None
    assert pair.test.difference == pytest.approx(30)
    assert (pair.test.items, pair.better) == (10, "second")
    assert pair.test.p_value == 0.25
    assert pair.test.method == "exact McNemar"


def test_runs_without_common_items_are_not_tested() -> None:
    other = EvaluatedRun("mmar", ACCURACY, "b", "1", "af3", "published", {"2": Score(1.0)})
    made = compare([EvaluatedRun("mmar", ACCURACY, "a", "1", "af3", "published", {}), other])
    assert made.pairs[0].test is None
    assert (made.rows[0].figure, made.rows[0].interval, made.rows[0].items) == (None, None, 0)
    assert "| mmar | a @ 1, af3, published | b @ 1, af3, published | 0 |" in as_markdown(made)


def test_markdown_word_for_word() -> None:
    assert as_markdown(compare([TRANSCRIBED, WORSE])) == (
        "# Evaluations\n\n"
        "## Figures\n\n"
        "| benchmark | items of | model | revision | engine | prompt | n | faulty | failed | figure"
        " | 95 % interval | official script | its 95 % interval | reported | difference"
        " | reported where | words on nothing, % |\n"
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n"
        "| librispeech-clean | all | nvidia/af3 | abc123 | af3 | published | 2 | 0 | 0 | 1.00"
        " | 0.00 to 2.00 |  |  | 1.57 | -0.57 (within) | AF3, Table 2 |  |\n"
        "| librispeech-clean | all | nano | 1 | af3 | published | 2 | 0 | 0 | 100.00"
        " | 100.00 to 100.00 |  |  | 1.57 | +98.43 | AF3, Table 2 |  |\n"
        "\n## In pairs\n\n"
        "| benchmark | first | second | n | difference | 95 % interval | p | test"
        " | difference by the official script | its p |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n"
        "| librispeech-clean | nvidia/af3 @ abc123, af3, published | nano @ 1, af3, published | 2"
        " | +99.00 (first is better) | 98.00 to 100.00 | 0.5 | exact permutations |  |  |\n"
        f"\n{NOTE}\n"
    )


def test_words_on_nothing_stand_beside_the_figures_of_the_same_model_and_form() -> None:
    nothing = dataclasses.replace(
        TRANSCRIBED,
        benchmark="nothing",
        metric=ACCURACY,
        scores={"hum": Score(1.0), "music": Score(0.0), "silence": Score(1.0), "noise": Score(1.0)},
    )
    rows = compare([TRANSCRIBED, WORSE, nothing]).rows
    assert [(row.benchmark, row.model, row.invented) for row in rows] == [
        ("librispeech-clean", "nvidia/af3", 25.0),
        ("librispeech-clean", "nano", None),
        ("nothing", "nvidia/af3", 25.0),
    ]


def test_groups_that_nothing_was_reported_for_stand_apart() -> None:
    groups = {"q0": ["task=sound", "category=rain"], "q1": ["task=music", "category=rain"]}
    made = sections(compare([dataclasses.replace(PLAIN, groups=groups)]))
    assert [(section.title, [row[1] for row in section.rows]) for section in made] == [
        ("Figures", ["all", "task=music", "task=sound"]),
        ("By group", ["category=rain"]),
    ]


def test_a_hostile_name_stays_one_cell_of_text_in_markdown() -> None:
    lines = as_markdown(compare([PLAIN, THINKING])).splitlines()
    [row] = [line for line in lines if "img" in line and "thinking" in line and "def456 |" in line]
    assert row.startswith(
        r'| mmau-test-mini | all | \<img src=x onerror="alert(1)"\> \| \*\*b\*\*'
        r" \[a\](javascript:b) # \{\{ 7 \* 7 \}\} | def456 | af3 | thinking |"
    )
    assert len(re.findall(r"(?<!\\)\|", row)) == 18


def test_a_hostile_name_stays_text_on_the_page() -> None:
    page = as_html(compare([PLAIN, THINKING]))
    assert "<img" not in page
    assert (
        "<td>&lt;img src=x onerror=&#34;alert(1)&#34;&gt; | **b** [a](javascript:b)\n"
        "# {{ 7 * 7 }}</td>" in page
    )


def test_the_page_stands_alone_and_runs_nothing() -> None:
    page = as_html(compare([PLAIN, THINKING, TRANSCRIBED]))
    assert "<script" not in page
    assert not re.search(r"(src|href|url)\s*[=(]", page.replace("src=x", ""))
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    assert "<tr><td>librispeech-clean</td><td>all</td><td>nvidia/af3</td>" in page
    assert "<td>+30.00 (second is better)</td>" in page


def test_nothing_to_compare_makes_an_empty_page() -> None:
    assert compare([]) == Comparison((), ())
    assert "<h2>" not in as_html(compare([]))
    assert as_markdown(compare([])) == f"# Evaluations\n\n{NOTE}\n"
