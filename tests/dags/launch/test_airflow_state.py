"""Pools and folders of a real Airflow, as `af3 doctor` shows them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from beam_jobs.doctor.airflow import airflow
from schemas.findings import Finding

ROOT = Path(__file__).parents[3]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Airflow's home with SQLite, and a corpus of its own pool."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(ROOT / "dags"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("AF3_CORPORA", str(tmp_path / "corpora"))
    monkeypatch.setenv("AF3_LAUNCHES", str(tmp_path / "launches"))
    (tmp_path / "corpora").mkdir()
    (tmp_path / "corpora" / "radio.yaml").write_text("source: /media/radio\nout: /o\npool: l4\n")
    return tmp_path


def test_without_its_database_folders_are_looked_at_all_the_same(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "corpora" / "tapes.yaml").write_text("source: /media/tapes\n")
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(home / "dags"))
    folder, corpus, launches, database = airflow()
    assert folder == Finding(
        "airflow",
        "warning",
        f"core.dags_folder {home / 'dags'} holds none of our DAGs",
        f"set AIRFLOW__CORE__DAGS_FOLDER={ROOT / 'dags'}",
    )
    assert (corpus.status, "tapes.yaml" in corpus.found) == ("failed", True)
    assert (launches.status, launches.found[:22]) == ("ok", "jobs are launched in /")
    assert (database.status, database.remedy) == ("failed", "airflow db check")
    assert database.found.startswith("its database cannot be asked (OperationalError: ")


def test_pools_are_those_of_the_database(home: Path) -> None:
    code = (
        "from airflow.utils.db import initdb; initdb()\n"
        "from airflow.models.pool import Pool\n"
        "Pool.create_or_update_pool('idle', 0, '', False)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (home / "corpora" / "news.yaml").write_text("source: /n\nout: /o\npool: idle\n")
    (home / "corpora" / "tapes.yaml").write_text("source: /t\nout: /o\npool: default_pool\n")
    (home / "corpora" / "films.yaml.bak").write_text("source: /f\nout: /o\n")
    found = {finding.found: finding for finding in airflow()}
    assert json.loads(json.dumps([f.to_json() for f in found.values()]))
    assert f"DAGs in {ROOT / 'dags'}" in found
    assert f"corpora in {home / 'corpora'}: news, radio, tapes" in found
    assert found["the pool default_pool has 128 slots"].status == "ok"
    idle, missing = found["the pool idle has no slots"], found["the pool l4 is missing"]
    assert (idle.status, idle.remedy) == ("failed", "airflow pools set idle 1 GPUs")
    assert (missing.status, missing.remedy) == ("failed", "airflow pools set l4 1 GPUs")
    seldom = found["the pool gpu of annotate_adhoc is missing"]
    assert (seldom.status, seldom.remedy) == ("warning", "airflow pools set gpu 1 GPUs")
    aside = found[f"{home / 'corpora' / 'films.yaml.bak'}: no corpus, as its name ends in .bak"]
    assert (aside.status, aside.remedy[:28]) == ("warning", "rename it to .yaml to run it")
