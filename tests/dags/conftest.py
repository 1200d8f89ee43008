"""One Airflow for all tests here: it takes half a minute to start."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# before anything imports Airflow, which reads its home at import
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))

from tests.chat_server import Server, chat_server
from tests.dags.corpora import (
    add_corpora,
    add_gate,
    add_seen_corpora,
    add_served_corpora,
    add_watched_corpus,
    add_years_corpora,
)
from tests.dags.mail_server import MailServer, receiving_mail
from tests.dags.nights_apart import (
    KilledJob,
    Undisturbed,
    night_of_a_killed_job,
    undisturbed_night,
)
from tests.dags.site import Site
from tests.dags.webhook import listening


@pytest.fixture(scope="session")
def model() -> Iterator[Server]:
    """The served model of many corpora."""
    with chat_server() as server:
        yield server


@pytest.fixture(scope="session")
def mail() -> Iterator[MailServer]:
    """The mail server of the site."""
    with receiving_mail() as server:
        yield server


@pytest.fixture(scope="session")
def site(untrained: Path, model: Server, mail: MailServer) -> Iterator[Site]:
    """Running Airflow with the corpora of `tests.dags.corpora`."""
    # PostgreSQL's socket needs a short path that another user may read
    with tempfile.TemporaryDirectory(prefix="af3-") as folder, listening() as webhook:
        settings = {
            "AF3_EVALUATION": f"{folder}/evaluation.yaml",
            "AIRFLOW_CONN_SMTP_DEFAULT": mail.connection,
        }
        site = Site(Path(folder), untrained, webhook, more_settings=settings)
        add_gate(site)
        add_corpora(site)
        add_served_corpora(site, model)
        add_years_corpora(site, model)
        add_watched_corpus(site, model)
        add_seen_corpora(site)
        try:
            site.airflow.start()
            site.airflow.add_pool("two_gpus", 2, "for tests")
            yield site
        finally:
            site.airflow.stop()


@pytest.fixture(scope="session")
def undisturbed(site: Site, untrained: Path, model: Server) -> Undisturbed:
    """The tables of the long recording when nothing goes wrong."""
    return undisturbed_night(site, untrained, model)


@pytest.fixture(scope="session")
def killed_job(site: Site, model: Server) -> KilledJob:
    """A night whose job was killed and tried again."""
    return night_of_a_killed_job(site, model)
