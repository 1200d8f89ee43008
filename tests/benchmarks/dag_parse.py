"""How long Airflow takes to read all DAG files; floor: a file with one empty DAG. Wanted: 2 s.

Every reading is in a fresh process, without Airflow's own import.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.report import header, line

DAGS = Path(__file__).parents[2] / "dags"
ROUNDS = 5
TARGET_S = 2.0
FLOOR = """\
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
with DAG("empty") as dag:
    EmptyOperator(task_id="nothing")
"""
READ = """
import sys, time
from airflow.dag_processing.dagbag import DagBag
begun = time.perf_counter()
bag = DagBag(sys.argv[1])
taken = time.perf_counter() - begun
assert bag.dags and not bag.import_errors, bag.import_errors
print("taken", taken, len(bag.dags))
"""


def main() -> None:
    """Print both times and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder, "dags")
        empty.mkdir()
        (empty / "empty.py").write_text(FLOOR)
        readings = [(_read(DAGS, folder), _read(empty, folder)) for _ in range(ROUNDS)]
    ours = statistics.median(taken for (taken, _), _ in readings)
    floor = statistics.median(taken for _, (taken, _) in readings)
    header("all DAG files read by Airflow", "apache-airflow")
    line("floor: one empty DAG", f"{floor:.2f} s")
    note = f"{ours / floor:.1f} times the floor; wanted: below {TARGET_S:g} s"
    line(f"all DAG files, {readings[0][0][1]} DAGs", f"{ours:.2f} s", note)


def _read(dags: Path, home: str) -> tuple[float, int]:
    environment = {**os.environ, "AIRFLOW_HOME": home, "AF3_HOME": home}
    done = subprocess.run(
        [sys.executable, "-c", READ, str(dags)],
        env=environment | {"AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("taken "))
    _, taken, count = line.split()
    return float(taken), int(count)


if __name__ == "__main__":
    main()
