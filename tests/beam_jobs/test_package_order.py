"""Imports between the packages of beam_jobs point down, and no modules import in a circle."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
ORDER = (
    "output",
    "framework",
    "query",
    "corrections",
    "people",
    "subtitles",
    "charts",
    "night_report",
    "derive",
    "evaluation",
    "night",
    "night_status",
    "search",
    "clean",
    "talk",
    "browse",
    "doctor",
)
"""From below; a package imports those before it."""


def imports() -> dict[str, set[str]]:
    """By module, the modules of beam_jobs that it imports, at its top or within a function."""
    paths = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (ROOT / "beam_jobs").rglob("*.py")
    }
    found: dict[str, set[str]] = {}
    for module, path in paths.items():
        found[module] = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                found[module].update(name if name in paths else node.module for name in names)
            elif isinstance(node, ast.Import):
                found[module].update(alias.name for alias in node.names)
        found[module] &= paths.keys()
    return found


def test_packages_import_those_below_them() -> None:
    packages = {path.name for path in (ROOT / "beam_jobs").iterdir() if path.is_dir()}
    assert packages - {"__pycache__"} == set(ORDER)
    for module, imported in imports().items():
        package = module.split(".")[1] if module.count(".") > 1 else ""
        if package in ORDER:
            allowed = ORDER[: ORDER.index(package) + 1]
            upward = {name for name in imported if name.split(".")[1] not in allowed}
            assert not upward, f"{module} imports {sorted(upward)}"


def test_no_modules_import_in_a_circle() -> None:
    found = imports()
    assert len(list(TopologicalSorter(found).static_order())) == len(found) > 100
