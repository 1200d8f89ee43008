"""Airflow DAG file: `annotate_adhoc`, for any folder and any dates, started by hand."""

from dags.night.adhoc import adhoc_dag

dag = adhoc_dag()
