"""Airflow DAG file: `evaluate_model`, the gate for new checkpoints, where the site has one."""

from dags.evaluation.factory import evaluate_dag
from dags.evaluation.reading import read_gate

gate = read_gate()
if gate is not None:
    dag = evaluate_dag(gate)
