"""How long Airflow takes to read all DAG files; floor: a file with one empty DAG. Wanted: 2 s.

Then with a hundred corpora: all DAG files, and the one that a task's process reads. Every reading
is in a fresh process, without Airflow's own import; it counts the corpus files that it opens.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.report import header, line

DAGS = Path(__file__).parents[2] / "dags"
ROUNDS = 5
TARGET_S = 2.0
CORPORA = 100
CORPUS = """\
source: /media/radio
out: /media/annotated
description: Radio
limits: {max_gpu_hours: 8, gpu_price: 2.5}
alerts: {late_after_h: 6}
"""
FLOOR = """\
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
with DAG("empty") as dag:
    EmptyOperator(task_id="nothing")
"""
READ = """
import os, sys, time
from airflow.dag_processing.dagbag import DagBag
opened = []
def opens(event, given):
    if event == "open" and str(given[0]).startswith(os.environ["AF3_CORPORA"] + "/"):
        opened.append(given[0])
sys.addaudithook(opens)
begun = time.perf_counter()
bag = DagBag(sys.argv[1])
taken = time.perf_counter() - begun
assert bag.dags and not bag.import_errors, bag.import_errors
print("taken", taken, len(bag.dags), len(opened))
"""


@dataclass(frozen=True)
class Reading:
    """What Airflow took to read DAG files, how many DAGs it found, which corpus files it opened."""

    seconds: float
    dags: int
    opened: int


def main() -> None:
    """Print the times and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder, "dags")
        empty.mkdir()
        (empty / "empty.py").write_text(FLOOR)
        many = Path(folder, "corpora")
        many.mkdir()
        for number in range(CORPORA):
            (many / f"radio_{number:03d}.yaml").write_text(CORPUS)
        header("all DAG files read by Airflow", "apache-airflow")
        floor = _read(empty, folder)
        line("floor: one empty DAG", f"{floor.seconds:.2f} s")
        ours = _read(DAGS, folder)
        note = f"{ours.seconds / floor.seconds:.1f} times the floor; wanted: below {TARGET_S:g} s"
        line(f"all DAG files, {ours.dags} DAGs", f"{ours.seconds:.2f} s", note)
        ours = _read(DAGS, folder, many)
        note = f"{ours.opened} openings of {CORPORA} corpus files"
        line(f"all DAG files, {ours.dags} DAGs", f"{ours.seconds:.2f} s", note)
        ours = _read(DAGS / "annotate.py", folder, many, "annotate__radio_007")
        line("a task's file", f"{ours.seconds:.2f} s", f"{ours.opened} openings")


def _read(dags: Path, home: str, corpora: Path = DAGS / "corpora", dag_id: str = "") -> Reading:
    """The median of some readings."""
    environment = {**os.environ, "AIRFLOW_HOME": home, "AF3_HOME": home}
    environment |= {"AF3_CORPORA": str(corpora), "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"}
    if dag_id:
        environment["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = dag_id
    readings = []
    for _ in range(ROUNDS):
        done = subprocess.run(
            [sys.executable, "-c", READ, str(dags)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        (found,) = (said for said in done.stdout.splitlines() if said.startswith("taken "))
        _, taken, count, opened = found.split()
        readings.append(Reading(float(taken), int(count), int(opened)))
    median = statistics.median(reading.seconds for reading in readings)
    return next(reading for reading in readings if reading.seconds == median)


if __name__ == "__main__":
    main()
