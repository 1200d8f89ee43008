"""Airflow DAG file: `index__CORPUS`, `export__CORPUS` and `quality__CORPUS`."""

from airflow.sdk import DAG

from dags.corpus.reading import corpora_folder, read_corpora
from dags.night.consumers import consumer_dags

DAGS: list[DAG] = []
for corpus in read_corpora(corpora_folder()).corpora:
    for dag in consumer_dags(corpus):
        DAGS.append(dag)
        globals()[dag.dag_id] = dag
