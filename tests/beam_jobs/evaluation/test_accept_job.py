"""The gate: which model passes, and what it is held against, over real tables."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from af3core.storage.address import store_at
from beam_jobs.evaluation import accept_job
from beam_jobs.evaluation.acceptance_check import read_accepted
from beam_jobs.evaluation.acceptance_rules import NotAcceptable
from schemas.accepted_models import AcceptedModel
from schemas.layout import ACCEPTED_KEY
from tests.beam_jobs.evaluated import (
    DAY,
    MMAR,
    WORDS,
    accept_settings,
    configuration,
    evaluated,
    passes,
    right,
)
from tests.storage_server import BUCKET_PARAM, bucket

OLD, NEW = "old", "new"


@pytest.fixture(params=["folder", BUCKET_PARAM])
def out(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty place for evaluations."""
    if request.param == "folder":
        yield str(tmp_path / "evaluated")
    else:
        with bucket() as address:
            yield f"{address}/evaluated"


@pytest.fixture
def models(tmp_path: Path) -> dict[str, Path]:
    """Two checkpoints."""
    return {name: configuration(tmp_path / name) for name in (OLD, NEW)}


def accepted(out: str) -> list[AcceptedModel]:
    return list(read_accepted(store_at(out)).models)


def refused(out: str, model: Path, *options: str) -> str:
    before = store_at(out).read(ACCEPTED_KEY)
    with pytest.raises(NotAcceptable) as caught:
        passes(out, model, *options)
    assert store_at(out).read(ACCEPTED_KEY) == before
    return str(caught.value)


def test_the_first_model_passes_and_is_written_down(out: str, models: dict[str, Path]) -> None:
    evaluated(out, models[OLD], MMAR, right(7))
    facts = passes(out, models[OLD], "--run-id", "r1")
    assert (facts["figures"], facts["figures_before"], facts["against"]) == ({MMAR: 70.0}, {}, [])
    (model,) = accepted(out)
    assert (model.identity.model, model.identity.engine, model.identity.dtype) == (
        OLD,
        "af3",
        "float32",
    )
    assert (model.run_id, model.max_drop) == ("r1", 1.0)
    (one,) = model.figures
    assert (one.benchmark, one.metric, one.figure, one.items, one.prompt_form, one.against) == (
        MMAR,
        "accuracy",
        70.0,
        10,
        "published",
        "",
    )


@pytest.mark.parametrize(("count", "max_drop"), [(8, "0"), (7, "0"), (6, "10")])
def test_a_model_that_is_no_worse_than_allowed_passes(
    out: str, models: dict[str, Path], count: int, max_drop: str
) -> None:
    evaluated(out, models[OLD], MMAR, right(7))
    evaluated(out, models[NEW], MMAR, right(count))
    passes(out, models[OLD])
    facts = passes(out, models[NEW], "--max-drop", max_drop)
    assert facts["figures"] == {MMAR: count * 10.0}
    assert facts["figures_before"] == {MMAR: 70.0}
    assert [model.identity.model for model in accepted(out)] == [OLD, NEW]
    assert accepted(out)[1].figures[0].against == str(accepted(out)[0].identity)


def test_every_worse_or_missing_benchmark_is_named_in_one_line(
    out: str, models: dict[str, Path]
) -> None:
    evaluated(out, models[OLD], MMAR, right(7))
    evaluated(out, models[NEW], MMAR, right(5))
    evaluated(out, models[NEW], "mmau-test", [None, None])
    passes(out, models[OLD])
    message = refused(out, models[NEW], "--benchmarks", f"{MMAR},{WORDS},mmau-test")
    new = accept_settings(out, models[NEW]).engine.checkpoint.revision[:12]
    old = accept_settings(out, models[OLD]).engine.checkpoint.revision[:12]
    assert message == (
        f"new ({new}, engine af3, float32) is not accepted: mmar is 50.00 (accuracy), 20.00 points"
        f" worse than the 70.00 of old ({old}, engine af3, float32), and 1 are allowed;"
        " librispeech-clean is missing, run af3 evaluate librispeech-clean; mmau-test has"
        " no score, its publisher keeps the answers"
    )


def test_fewer_word_errors_are_better(out: str, models: dict[str, Path]) -> None:
    evaluated(out, models[OLD], WORDS, [(1.0, 10.0), (1.0, 90.0)])
    evaluated(out, models[NEW], WORDS, [(4.0, 10.0), (0.0, 90.0)])
    assert passes(out, models[OLD], "--benchmarks", WORDS)["figures"] == {WORDS: 2.0}
    assert "4.00 (wer), 2.00 points worse than the 2.00 of old" in refused(
        out, models[NEW], "--benchmarks", WORDS
    )
    evaluated(out, models[NEW], WORDS, [(0.0, 10.0), (1.0, 90.0)])
    assert passes(out, models[NEW], "--benchmarks", WORDS)["figures"] == {WORDS: 1.0}


def test_a_model_is_held_against_its_own_form_and_items(out: str, models: dict[str, Path]) -> None:
    evaluated(out, models[OLD], MMAR, right(7))
    passes(out, models[OLD])
    evaluated(out, models[NEW], MMAR, right(20, of=20))
    message = refused(out, models[NEW])
    assert "mmar was evaluated over 20 items" in message
    assert "evaluate both the same way" in message
    # as the accepted one was asked, and it is that evaluation which counts
    evaluated(out, models[NEW], MMAR, right(9), prompt_form="thinking")
    assert "evaluate both the same way" in refused(out, models[NEW])
    evaluated(out, models[NEW], MMAR, right(7))
    assert passes(out, models[NEW])["figures"] == {MMAR: 70.0}


def test_a_pair_is_another_model_than_either(out: str, models: dict[str, Path]) -> None:
    """As a corpus with `--think-model` runs: what is accepted alone is not accepted as a pair."""
    pair = ("--think-model", str(models[NEW]))
    evaluated(out, models[OLD], MMAR, right(7))
    passes(out, models[OLD])
    assert "mmar is missing, run af3 evaluate mmar" in refused(out, models[OLD], *pair)
    evaluated(out, models[OLD], MMAR, right(8), options=pair)
    passes(out, models[OLD], *pair)
    alone, both = (model.identity for model in accepted(out))
    assert (alone.model, both.model) == (OLD, f"{OLD}+{NEW}")
    assert str(both) == (
        f"{OLD}+{NEW} ({'+'.join(each[:12] for each in both.weights_revision.split('+'))},"
        " engine af3, float32)"
    )
    assert "mmar is missing" in refused(out, models[NEW])


def test_the_accepted_model_may_be_evaluated_anew_over_other_items(
    out: str, models: dict[str, Path]
) -> None:
    evaluated(out, models[OLD], MMAR, right(7))
    passes(out, models[OLD])
    evaluated(out, models[OLD], MMAR, right(10, of=20))
    evaluated(out, models[NEW], MMAR, right(11, of=20))
    facts = passes(out, models[NEW])
    assert (facts["figures"], facts["figures_before"]) == ({MMAR: 55.0}, {MMAR: 50.0})


def test_a_short_try_does_not_stand_for_all_items(out: str, models: dict[str, Path]) -> None:
    evaluated(out, models[OLD], MMAR, right(7))
    later = DAY + datetime.timedelta(days=1)
    evaluated(out, models[OLD], MMAR, right(2, of=2), asked=later)
    assert passes(out, models[OLD])["figures"] == {MMAR: 70.0}


def test_a_run_that_comes_again_adds_nothing(out: str, models: dict[str, Path]) -> None:
    evaluated(out, models[OLD], MMAR, right(7))
    passes(out, models[OLD], "--run-id", "r1")
    passes(out, models[OLD], "--run-id", "r1")
    passes(out, models[OLD], "--run-id", "r2")
    assert [model.run_id for model in accepted(out)] == ["r1", "r2"]


def test_runs_at_once_lose_nothing(out: str, models: dict[str, Path]) -> None:
    evaluated(out, models[OLD], MMAR, right(7))
    runs = [accept_settings(out, models[OLD], "--benchmarks", MMAR, "--run-id", f"r{n}")
            for n in range(6)]  # fmt: skip
    threads = [threading.Thread(target=accept_job.run, args=(settings,)) for settings in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(model.run_id for model in accepted(out)) == [f"r{n}" for n in range(6)]
