"""Airflow DAG file: `annotate__CORPUS` for every file of dags/corpora."""

from airflow.sdk import DAG

from dags.corpus.reading import corpora_folder, read_corpora
from dags.night.factory import annotate_dag

DAGS: list[DAG] = []
for corpus in read_corpora(corpora_folder()).corpora:
    DAGS.append(annotate_dag(corpus))
    globals()[f"annotate__{corpus.name}"] = DAGS[-1]
