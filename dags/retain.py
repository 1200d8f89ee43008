"""Airflow DAG file: `retain__CORPUS` for every corpus that says how long it is kept."""

from airflow.sdk import get_parsing_context

from dags.corpus.reading import corpora_folder, read_corpora
from dags.night.retaining import retain_dag

# a task's process needs the DAG of that task alone
wanted = get_parsing_context().dag_id
for corpus in read_corpora(corpora_folder(), wanted).corpora:
    if corpus.retention.has_rule and wanted in (None, f"retain__{corpus.name}"):
        globals()[f"retain__{corpus.name}"] = retain_dag(corpus)
