"""Airflow DAG file: `watch__CORPUS` for every corpus that has a schedule."""

from airflow.sdk import get_parsing_context

from dags.corpus.reading import corpora_folder, read_corpora
from dags.night.watch import watch_dag

# a task's process needs the DAG of that task alone
wanted = get_parsing_context().dag_id
for corpus in read_corpora(corpora_folder()).corpora:
    if corpus.schedule is not None and wanted in (None, f"watch__{corpus.name}"):
        globals()[f"watch__{corpus.name}"] = watch_dag(corpus)
