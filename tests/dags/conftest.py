"""One Airflow for all tests here: it takes half a minute to start."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# before anything imports Airflow, which reads its home at import
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))

from tests.chat_server import chat_server
from tests.dags.corpora import add_corpora, add_gate, add_served_corpus
from tests.dags.site import Site
from tests.dags.webhook import listening


@pytest.fixture(scope="session")
def site(untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Running Airflow with the corpora of `tests.dags.corpora`."""
    # PostgreSQL's socket needs a short path that another user may read
    with (
        tempfile.TemporaryDirectory(prefix="af3-") as folder,
        listening() as webhook,
        chat_server() as model,
    ):
        gate = {"AF3_EVALUATION": f"{folder}/evaluation.yaml"}
        site = Site(Path(folder), untrained, webhook, more_settings=gate)
        add_gate(site)
        add_corpora(site)
        add_served_corpus(site, model)
        try:
            site.airflow.start()
            site.airflow.airflow("pools", "set", "one_gpu", "1", "for tests")
            site.airflow.airflow("pools", "set", "two_gpus", "2", "for tests")
            yield site
        finally:
            site.airflow.stop()
