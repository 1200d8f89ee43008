"""The table of evaluations, which several runs publish into."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from af3core.storage.address import open_store
from beam_jobs.evaluation import evaluations_table
from beam_jobs.evaluation.evaluations_table import evaluated_rows
from tests.beam_jobs.evaluated import DAY, MMAR, configuration, evaluated, right
from tests.beam_jobs.rivals import STORES, claims_taken_over, meanwhile, out_in


@pytest.fixture(params=STORES)
def out(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with out_in(request.param, tmp_path) as address:
        yield address


def test_rows_stay_that_were_published_after_a_stopped_run_read_the_table(
    out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, mine, other = (configuration(tmp_path / name) for name in ("first", "mine", "other"))
    next_day = DAY + datetime.timedelta(days=1)
    evaluated(out, first, MMAR, right(2, of=3))
    evaluated(out, mine, MMAR, right(1, of=3))

    def another_model_is_evaluated() -> None:
        with claims_taken_over():
            evaluated(out, other, MMAR, right(3, of=3))

    calls = meanwhile(monkeypatch, evaluations_table, "encode_table", another_model_is_evaluated)
    # its items are asked anew: its rows leave the day that the other model is published into
    evaluated(out, mine, MMAR, right(2, of=3), asked=next_day)
    # mine without its old rows, the other's, and mine once more: both days
    assert calls == [5]
    found = evaluated_rows(open_store(out), MMAR)
    days = {(row["model"], row["generated_at"]) for row in found}
    assert days == {("first", DAY), ("mine", next_day), ("other", DAY)}
    assert len(found) == 9
