"""The interpreter and the packages, held against what setup.py asks for."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator

from packaging.specifiers import SpecifierSet

from af3core import __version__
from af3core.installation import Requirement, install_command, python_versions, requirements_of
from schemas.findings import Finding
from schemas.jobs import COMMANDS, EXTRAS_OF_COMMANDS

_NAMED = 4
"""Packages and commands that a line names."""


def interpreter(version: str = "", wanted: str = "") -> Iterator[Finding]:
    """This Python against the versions that are tested.

    Args:
        version: of an interpreter; this one's.
        wanted: the versions that fit; the product's.
    """
    version, wanted = version or platform.python_version(), wanted or python_versions()
    found = f"Python {version} at {sys.executable}, af3-archive {__version__}"
    if wanted and not SpecifierSet(wanted).contains(version, prereleases=True):
        remedy = f"make an environment with Python {wanted}"
        yield Finding("interpreter", "failed", f"{found}: it needs Python {wanted}", remedy)
    else:
        yield Finding("interpreter", "ok", found)


def packages() -> Iterator[Finding]:
    """What the base lacks is a failure; of an extra, what cannot be used for want of it."""
    base = requirements_of()
    if not base:
        yield Finding(
            "packages",
            "warning",
            "af3-archive is not installed here, so that nobody says what it needs",
            install_command(),
        )
        return
    wrong = [_said(needed) for needed in base if _said(needed)]
    if wrong:
        yield Finding("packages", "failed", _some(wrong), install_command())
    complete = []
    for extra, users in users_of_extras().items():
        lacking = [_said(needed) for needed in requirements_of(extra) if _said(needed)]
        if lacking:
            found = f"[{extra}] {_some(lacking)}: for {_some(users)}"
            yield Finding("packages", "warning", found, install_command(extra))
        elif requirements_of(extra):
            complete.append(extra)
    if not wrong:
        extras = f", with {', '.join(complete)}" if complete else ", without any extra"
        yield Finding("packages", "ok", f"the base{extras}")


def users_of_extras() -> dict[str, list[str]]:
    """The commands that each extra is for."""
    users: dict[str, list[str]] = {}
    for job in COMMANDS:
        for extra in (*(("model",) if job.needs_gpu else ()), *job.extras):
            users.setdefault(extra, []).append(f"af3 {job.name}")
    for command, extras in EXTRAS_OF_COMMANDS.items():
        name = command if command[0].isupper() or " " in command else f"af3 {command}"
        for extra in extras:
            if name not in users.setdefault(extra, []):
                users[extra].append(name)
    return users


def _said(needed: Requirement) -> str:
    """What is wrong with a package; empty where it fits."""
    if needed.installed is None:
        return f"lacks {needed.package}"
    if SpecifierSet(needed.versions).contains(needed.installed, prereleases=True):
        return ""
    return f"has {needed.package} {needed.installed}, not {needed.versions}"


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
