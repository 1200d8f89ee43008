"""Parameters that no form has are refused by name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG

from af3core.errors import ConfigurationError
from dags.corpus.corpus import Corpus, Derive
from dags.evaluation.factory import evaluate_dag
from dags.evaluation.gate import Chosen, Gate
from dags.launch.parameters import check_known, refuse_unknown
from dags.night.adhoc import adhoc_dag
from dags.night.cleaning import clean_dag
from dags.night.consumers import consumer_dags
from dags.night.factory import annotate_dag

RADIO = Corpus("radio", "/in", "/out", derive=Derive(jobs=("events",)))
DAGS = [
    annotate_dag(RADIO),
    adhoc_dag(),
    clean_dag(RADIO, 30),
    evaluate_dag(Gate("/evaluated", {"nothing": Chosen()})),
    *consumer_dags(RADIO),
]


@pytest.mark.parametrize("dag", DAGS, ids=lambda dag: str(dag.dag_id))
def test_every_task_of_every_dag_refuses_a_parameter_that_is_none(dag: DAG) -> None:
    run = SimpleNamespace(conf={"dya": "2026-11-03"})
    tasks: list[Any] = dag.tasks
    for task in tasks:
        hook = task._pre_execute_hook
        with pytest.raises(ConfigurationError, match="parameter 'dya' is none of this DAG's"):
            hook({"dag_run": run, "dag": dag})
        hook({"dag_run": SimpleNamespace(conf=None), "dag": dag})


def test_the_near_name_is_named() -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_known({"dya": "2026-11-03"}, ["day", "approved_gpu_hours"])
    assert str(caught.value) == (
        "parameter 'dya' is none of this DAG's: did you mean day? known are approved_gpu_hours,"
        " day. Trigger the run again"
    )
    with pytest.raises(ConfigurationError, match="DAG's: this DAG takes none"):
        check_known({"day": "2026-11-03"}, [])


def test_what_is_known_passes() -> None:
    dag = annotate_dag(RADIO)
    refuse_unknown({"dag_run": SimpleNamespace(conf={"day": "2026-11-03"}), "dag": dag})
