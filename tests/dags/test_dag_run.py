"""`dag.test()`: the whole DAG in one process, without scheduler or server."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.dags.site import Site, day, partitions, row_count

pytestmark = pytest.mark.airflow

RUN = """
import sys
from dags.corpus.reading import corpora_folder, read_named
from dags.night.factory import annotate_dag
corpus = read_named("by_dag_test", corpora_folder())
run = annotate_dag(corpus).test(run_conf={"day": sys.argv[1]})
print("ended:", run.state, [ti.task_id for ti in run.get_task_instances() if ti.state == "success"])
"""


def test_a_demo_corpus_is_annotated_into_tables(site: Site) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, day(3)],
        env=site.airflow.environment,
        capture_output=True,
        text=True,
    )
    assert "ended: success" in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]
    assert "'report'" in done.stdout
    out = site.out("by_dag_test")
    assert partitions(out) == [day(3)]
    assert (row_count(out, "recordings"), row_count(out, "transcripts")) == (1, 1)
