"""Airflow DAG file: `withdraw`, which takes recordings out of an output by a form."""

from dags.night.withdrawing import withdraw_dag

dag = withdraw_dag()
