"""Airflow DAG file: `index__`, `export__`, `quality__` and, where wanted, `derive__CORPUS`."""

from airflow.sdk import get_parsing_context

from dags.corpus.reading import corpora_folder, read_corpora
from dags.night.consumers import consumer_dags

# a task's process needs the DAG of that task alone
wanted = get_parsing_context().dag_id
for corpus in read_corpora(corpora_folder(), wanted).corpora:
    for dag in consumer_dags(corpus):
        globals()[dag.dag_id] = dag
