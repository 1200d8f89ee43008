"""Airflow DAG file without a DAG: shows wrong corpus files as import errors in the UI.

It stands apart so that the DAGs of all other corpora go on: Airflow schedules none from a file with
an import error.
"""

from af3core.errors import ConfigurationError
from dags.corpus.reading import corpora_folder, read_corpora

errors = read_corpora(corpora_folder()).errors
if errors:
    raise ConfigurationError("\n".join(errors))
