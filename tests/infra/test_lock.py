"""The lock: hashes for all, for every Python that setup.py allows, and the one that make takes."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from tests.infra.lint_tools import INFRA, REQUIREMENTS, ROOT, attempt, run
from tests.infra.lock import FILE, LOCK, pins, resolved

INTERPRETER = INFRA / "interpreter.sh"
PYTHONS = ["3.11", "3.12", "3.13"]


@pytest.mark.parametrize("path", [FILE, REQUIREMENTS], ids=lambda path: path.stem)
def test_every_package_has_its_hashes(path: Path) -> None:
    packages = re.findall(r"(?m)^\S.*\n(?: .*\n)*", path.read_text())
    assert len(packages) > 90
    assert "".join(packages) == path.read_text()
    for package in packages:
        assert re.fullmatch(
            r"[\w.-]+==\S+( ; [^\\]+)? \\\n( {4}--hash=sha256:[0-9a-f]{64}( \\)?\n)+", package
        ), package


def test_python_requires_is_what_the_lock_is_tried_with() -> None:
    (said,) = re.findall(r'python_requires="(.*)"', (ROOT / "setup.py").read_text())
    allowed = [f"3.{minor}" for minor in range(8, 20) if f"3.{minor}.5" in SpecifierSet(said)]
    assert allowed == PYTHONS


@pytest.mark.parametrize("python", PYTHONS)
def test_the_package_and_its_tests_find_all_in_the_lock(python: str) -> None:
    locked = pins(python)
    needed = resolved("setup.py", "--extra", "test", python=python)
    assert {name: v for name, v in needed.items() if locked.get(name) != v} == {}
    assert {"apache-beam", "shtab", "pytest-xdist", "furo"} <= set(needed)


def test_a_package_of_one_python_alone_is_in_no_others_pins() -> None:
    assert "audioop-lts" in pins("3.13")
    assert "audioop-lts" not in LOCK
    assert pins("3.13")["torch"] == LOCK["torch"]


def stand_in(folder: Path, name: str, version: str) -> None:
    """A command that says it is a Python of a version, as infra/interpreter.sh asks."""
    major, minor = version.split(".")
    path = folder / name
    path.write_text(
        "#!/bin/sh\n"
        f'exec {sys.executable} -c "import sys; sys.version_info = ({major}, {minor}, 0); $2"\n'
    )
    path.chmod(0o755)


def test_make_takes_the_first_python_that_fits(tmp_path: Path) -> None:
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    for name in ("python3.11", "python3.12", "python3.13", "python3"):
        stand_in(tmp_path, name, "3.10")
    said = attempt([INTERPRETER], env=path)
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr == (
        "make: none of these is a Python from 3.11 to 3.13 with its venv: "
        "python3.11 python3.12 python3.13 python3; "
        "install one, or name it: make PYTHON=python3.11\n"
    )
    stand_in(tmp_path, "python3", "3.13")
    assert run([INTERPRETER], env=path) == "python3\n"
    stand_in(tmp_path, "python3.12", "3.12")
    assert run([INTERPRETER], env=path) == "python3.12\n"
    stand_in(tmp_path, "python3.11", "3.11")
    assert run([INTERPRETER], env=path) == "python3.11\n"
    # a launcher of what is not installed, as pyenv lays them
    (tmp_path / "python3.11").write_text("#!/bin/sh\nexit 127\n")
    assert run([INTERPRETER], env=path) == "python3.12\n"


def test_make_takes_the_python_that_is_named_or_says_why_not(tmp_path: Path) -> None:
    path = {**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"}
    stand_in(tmp_path, "mine", "3.13")
    assert run([INTERPRETER, "mine"], env=path) == "mine\n"
    stand_in(tmp_path, "mine", "3.14")
    said = attempt([INTERPRETER, "mine"], env=path)
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.startswith(
        "make: none of these is a Python from 3.11 to 3.13 with its venv: mine; install one"
    )
