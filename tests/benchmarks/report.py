"""How benchmarks print: figures with the machine, the versions and the day beside them."""

from __future__ import annotations

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path


def header(title: str, *packages: str) -> None:
    """Title, day, hardware and versions."""
    cores = len(os.sched_getaffinity(0))
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    print(f"{title}\n{datetime.date.today()}, {_processor()}, {cores} cores allowed")
    print(f"Python {platform.python_version()}, {versions}")


def line(name: str, value: str, note: str = "") -> None:
    """One figure."""
    print(f"  {name:<46} {value:>14}  {note}", flush=True)


def _processor() -> str:
    for text in Path("/proc/cpuinfo").read_text().splitlines():
        if text.startswith("model name"):
            return text.split(":", 1)[1].strip()
    return platform.machine()
