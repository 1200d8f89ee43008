"""Another package of one of our names is said in one line, before anything of it is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(cwd: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | variables
    command = [sys.executable, "-m", "beam_jobs", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", ["schemas", "dags"])
@pytest.mark.parametrize("command", ["query", "annotate", "--version"])
def test_a_foreign_package_in_the_working_folder_is_named(
    tmp_path: Path, name: str, command: str
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("raise SystemExit('imported')")
    done = run(tmp_path, command)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"af3: another {name} stands before ours ({ROOT / name}): {tmp_path / name};"
        " run the command from another folder\n"
    )


def test_a_foreign_package_of_pythonpath_is_named(tmp_path: Path) -> None:
    (tmp_path / "lib" / "schemas").mkdir(parents=True)
    (tmp_path / "lib" / "schemas" / "__init__.py").touch()
    paths = f"{tmp_path / 'lib'}{os.pathsep}{ROOT}"
    done = run(tmp_path, "query", PYTHONPATH=paths)
    assert done.returncode == 2
    assert done.stderr.endswith(f"; take {tmp_path / 'lib'} out of PYTHONPATH\n")
    assert done.stderr.count("\n") == 1


def test_a_file_of_the_name_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "schemas.py").touch()
    done = run(tmp_path, "query")
    assert done.returncode == 2
    assert f": {tmp_path / 'schemas.py'};" in done.stderr


def test_airflows_own_folder_of_dags_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    done = run(tmp_path, "--version")
    assert (done.returncode, done.stderr) == (0, "")
