"""Which way imports point, and which commands start without heavy packages."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "schemas": {"schemas"},
    "af3core": {"af3core", "schemas"},
    "beam_jobs": {"beam_jobs", "af3core", "schemas"},
    "dags": {"dags", "af3core", "schemas"},
    "infra": {"infra", "dags", "beam_jobs", "af3core", "schemas"},
}
HEAVY = (
    "torch",
    "transformers",
    "librosa",
    "sentence_transformers",
    "lancedb",
    "matplotlib",
    "fastapi",
    "uvicorn",
    "sounddevice",
)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_down(package: str) -> None:
    ours = {"schemas", "af3core", "beam_jobs", "dags", "infra", "tests"}
    paths = list((ROOT / package).rglob("*.py"))
    assert paths
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            upward = {n.split(".")[0] for n in names} & ours - MAY_IMPORT[package]
            assert not upward, f"{path.relative_to(ROOT)} imports {upward}"


@pytest.mark.parametrize(
    "module",
    [
        "beam_jobs.cli",
        "beam_jobs.segment",
        "beam_jobs.query",
        "beam_jobs.embed",
        "beam_jobs.dialogues",
        "beam_jobs.chat",
        "beam_jobs.index",
        "beam_jobs.report",
        "beam_jobs.browse.command",
        "beam_jobs.talk.command",
        "dags.night.factory",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_used(module: str) -> None:
    code = f"import {module}, sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_files_have_at_most_300_lines() -> None:
    for package in (*MAY_IMPORT, "tests"):
        for path in (ROOT / package).rglob("*.py"):
            count = len(path.read_text("utf-8").splitlines())
            assert count <= 300, f"{path.relative_to(ROOT)}: {count} lines"


def test_beams_own_file_systems_are_not_used() -> None:
    """Its client for Google Cloud Storage looks for credentials for half a minute per process."""
    for package in ("schemas", "af3core", "beam_jobs", "dags"):
        for path in (ROOT / package).rglob("*.py"):
            assert "apache_beam.io" not in path.read_text("utf-8"), path
