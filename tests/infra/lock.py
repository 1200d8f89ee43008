"""infra/requirements.lock as the images' Python reads it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from packaging.markers import Marker

from tests.infra.lint_tools import INFRA, ROOT, run

FILE = INFRA / "requirements.lock"
_PIN = r"(?m)^([\w.-]+)==([^ \n]+)(?: ; ([^\\\n]+))?"


def pins(python: str) -> dict[str, str]:
    """The versions for a minor version of Python, such as 3.11: for its first release, as in uv."""
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    return {
        name: version
        for name, version, marker in re.findall(_PIN, FILE.read_text())
        if not marker or Marker(marker).evaluate(environment)
    }


LOCK = pins("3.11")


def resolved(*arguments: str | Path, python: str = "3.11") -> dict[str, str]:
    """What uv would install, under the lock."""
    uv = Path(sys.executable).with_name("uv")
    command = [uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", *arguments]
    command += ["-c", FILE, "--python-version", python]
    command += ["--python-platform", "x86_64-manylinux_2_28"]
    return dict(line.split("==") for line in run(command, cwd=ROOT).splitlines())
