"""Airflow DAG file: `annotate__CORPUS` for every file of dags/corpora."""

from airflow.sdk import get_parsing_context

from dags.corpus.reading import corpora_folder, read_corpora
from dags.evaluation.arguments import acceptance_options
from dags.evaluation.reading import read_gate
from dags.night.factory import annotate_dag

# a wrong file of the gate is an import error here: no night begins behind an open gate
gate = read_gate()
# a task's process needs the DAG of that task alone
wanted = get_parsing_context().dag_id
for corpus in read_corpora(corpora_folder(), wanted).corpora:
    globals()[f"annotate__{corpus.name}"] = annotate_dag(corpus, acceptance_options(gate, corpus))
