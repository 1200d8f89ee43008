"""Airflow DAG file without a DAG: shows wrong corpus files as import errors in the UI.

It stands apart so that the DAGs of all other corpora go on: Airflow schedules none from a file with
an import error.
"""

import logging

from af3core.errors import ConfigurationError
from dags.corpus.reading import corpora_folder, read_corpora

read = read_corpora(corpora_folder())
for line in read.passed_over:
    logging.getLogger(__name__).warning("%s", line)
if read.errors:
    raise ConfigurationError("\n".join(read.errors))
