"""Airflow DAG file: `clean__CORPUS` for every output whose corpora say how long to keep."""

from airflow.sdk import get_parsing_context

from dags.corpus.reading import corpora_folder, read_corpora
from dags.night.cleaning import clean_dag, outputs_to_clean

# a task's process needs the DAG of that task alone
wanted = get_parsing_context().dag_id
for corpus, keep_days in outputs_to_clean(read_corpora(corpora_folder())):
    if wanted in (None, f"clean__{corpus.name}"):
        globals()[f"clean__{corpus.name}"] = clean_dag(corpus, keep_days)
