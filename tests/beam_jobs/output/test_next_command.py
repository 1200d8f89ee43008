"""Commands that messages tell their readers to type."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from beam_jobs.cli import command_names
from beam_jobs.output.next_command import Place, af3, working_at

ROOT = Path(__file__).parents[3]
HELP = {"_USAGE", "DESCRIPTION", "PLANNED", "BEAM_EPILOG", "MESSAGES_EPILOG"}
"""Texts of `--help`."""
WITHOUT_A_PLACE = {"completion", "config", "talk", "browse", "people"}


def test_they_carry_the_place_and_the_corpus() -> None:
    assert af3("plan") == "af3 plan"
    with working_at(Place("/my nights", "radio")):
        assert af3("plan", "--date", "2026-11-21") == (
            "af3 plan --date 2026-11-21 --out '/my nights' --corpus radio"
        )
        assert af3("query", "SELECT 1") == "af3 query 'SELECT 1' --out '/my nights'"
        assert af3("index", out="gs://b/o", corpus="tv") == "af3 index --out gs://b/o --corpus tv"
        with working_at(Place("out", "default")):
            assert af3("publish") == "af3 publish --out out"
    assert af3("publish") == "af3 publish"


def test_no_message_names_a_command_without_them() -> None:
    """What is typed next is made by `af3()`, everywhere."""
    commands = "|".join(sorted(set(command_names()) - WITHOUT_A_PLACE))
    named = re.compile(rf"\baf3 (?:{commands})\b(?! list| --help| recorded| wrote)")
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in sorted((ROOT / "beam_jobs").rglob("*.py"))
        for line, text in texts(ast.parse(path.read_text("utf-8")))
        if named.search(text)
    ]
    assert found == []


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The texts of a file but for its docstrings and its help."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Assign) and any(ast.unparse(t) in HELP for t in node.targets):
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        yield from texts(node)
