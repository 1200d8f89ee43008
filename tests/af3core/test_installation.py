"""Remedies that are true for how the product was installed; extras as the distribution has them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from af3core.installation import missing_packages, python_versions, requirements_of
from schemas.jobs import COMMANDS, EXTRAS_OF_COMMANDS

ROOT = Path(__file__).parents[2]


def command_where(tmp_path: Path, origin: object, cwd: Path | None = None) -> str:
    """What a process prints in whose path a distribution of this origin comes first."""
    info = tmp_path / "site" / "af3_archive-0.2.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: af3-archive\nVersion: 0.2.0\n")
    if origin:
        (info / "direct_url.json").write_text(json.dumps(origin))
    code = "from af3core.installation import install_command as c; print(c('gcs'))"
    environment = os.environ | {"PYTHONPATH": f"{tmp_path / 'site'}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=cwd or tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip().replace("uv pip", "pip")


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        (
            {"url": f"file://{ROOT}", "dir_info": {"editable": True}},
            f"pip install -e '{ROOT}[gcs]'",
        ),
        ({"url": f"file://{ROOT}", "dir_info": {}}, f"pip install '{ROOT}[gcs]'"),
        (
            {"url": "file:///gone/af3", "dir_info": {}},
            "pip install '.[gcs]' in a checkout of af3-archive",
        ),
        (
            {
                "url": "https://example.org/af3.git",
                "vcs_info": {"vcs": "git", "commit_id": "abc123"},
            },
            "pip install 'af3-archive[gcs] @ git+https://example.org/af3.git@abc123'",
        ),
        (
            {"url": "https://example.org/af3_archive-0.2.0-py3-none-any.whl", "archive_info": {}},
            "pip install 'af3-archive[gcs] @ https://example.org/af3_archive-0.2.0-py3-none-any.whl'",
        ),
        (None, "pip install 'af3-archive[gcs]'"),
    ],
)
def test_the_remedy_names_where_it_came_from(tmp_path: Path, origin: object, command: str) -> None:
    assert command_where(tmp_path, origin) == command


def test_in_the_checkout_the_remedy_is_short(tmp_path: Path) -> None:
    origin = {"url": f"file://{ROOT}", "dir_info": {}}
    assert command_where(tmp_path, origin, ROOT) == "pip install '.[gcs]'"


def test_what_a_build_leaves_in_a_checkout_is_no_installation(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "af3_archive.egg-info").mkdir(parents=True)
    told = "Metadata-Version: 2.1\nName: af3-archive\nVersion: 0.1.0\n"
    (checkout / "af3_archive.egg-info" / "PKG-INFO").write_text(told)
    origin = {"url": "https://example.org/af3.whl", "archive_info": {}}
    assert command_where(tmp_path, origin, checkout) == (
        "pip install 'af3-archive[gcs] @ https://example.org/af3.whl'"
    )


def test_what_an_extra_needs_is_read_from_the_distribution() -> None:
    assert {needed.package for needed in requirements_of("model")} >= {"torch", "transformers"}
    assert "torch" not in {needed.package for needed in requirements_of()}
    assert missing_packages("model") == []
    assert requirements_of("no-such-extra") == ()
    assert python_versions()


def test_every_extra_that_a_command_names_exists() -> None:
    named = {extra for job in COMMANDS for extra in job.extras}
    named |= {extra for extras in EXTRAS_OF_COMMANDS.values() for extra in extras}
    assert {extra for extra in named if not requirements_of(extra)} == set()
