"""Which way imports point, which commands start without heavy packages, how long a file may be."""

from __future__ import annotations

import ast
import functools
import graphlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from beam_jobs.cli import main

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "schemas": {"schemas"},
    "af3core": {"af3core", "schemas"},
    "beam_jobs": {"beam_jobs", "af3core", "schemas"},
    "dags": {"dags", "af3core", "schemas"},
    "infra": {"infra", "dags", "beam_jobs", "af3core", "schemas"},
}
WITHOUT_CIRCLES = ("schemas", "af3core", "beam_jobs")
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
LIGHT = (
    "beam_jobs.cli",
    "beam_jobs.night.segment",
    "beam_jobs.query.query_command",
    "beam_jobs.night_status.status_command",
    "beam_jobs.derive.embed_job",
    "beam_jobs.derive.dialogues.dialogues_job",
    "beam_jobs.derive.chat.chat_job",
    "beam_jobs.search.index_job",
    "beam_jobs.night.report",
    "beam_jobs.browse.browse_command",
    "beam_jobs.talk.talk_command",
    "dags.night.factory",
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


@pytest.fixture(scope="module")
def heavy_imports() -> dict[str, list[str]]:
    """What heavy packages are there after each of `LIGHT` was imported, one after the other."""
    code = f"""
import importlib, json, sys
found = {{}}
for module in {LIGHT!r}:
    importlib.import_module(module)
    found[module] = [name for name in {HEAVY!r} if name in sys.modules]
print(json.dumps(found))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("module", LIGHT)
def test_nothing_heavy_is_imported_before_it_is_used(
    module: str, heavy_imports: dict[str, list[str]]
) -> None:
    assert heavy_imports[module] == []


NIGHT = ROOT / "tests/data/night_of_0_1/out"
JOBS_ALONE = ("apache_beam", "av", "onnxruntime", "jinja2", "scipy", "sklearn", "silero_vad")


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        (["query", "--out", NIGHT, "FROM captions"], set()),
        (["status", NIGHT.parent / "archive", "--out", NIGHT, "--corpus", "radio"], set()),
        (["search", "--out", "OUT", "--mode", "words", "storm"], {"lancedb"}),
        (["search", "--out", "OUT", "storm"], {"lancedb"}),
        (["browse", "--out", NIGHT / "no", "--port", "0"], {"fastapi", "uvicorn"}),
        (["annotate", "--help"], set()),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, list) else "",
)
def test_reading_imports_nothing_heavy(
    command: list[object], needed: set[str], tmp_path: Path
) -> None:
    if "OUT" in command:
        shutil.copytree(NIGHT, tmp_path / "out")
        assert main(["index", "--out", str(tmp_path / "out"), "--corpus", "radio"]) == 0
    told = [str(tmp_path / "out") if part == "OUT" else str(part) for part in command]
    code = f"""
import sys
from beam_jobs.cli import main
try:
    main({told!r})
finally:
    print([name for name in {(*HEAVY, *JOBS_ALONE)!r} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert set(ast.literal_eval(done.stderr.splitlines()[-1])) == needed


@pytest.mark.parametrize("package", WITHOUT_CIRCLES)
def test_no_modules_import_each_other(package: str) -> None:
    """By what runs on import: what a function imports later may be a heavy package or an engine."""
    imports = {module: imports_of(module) for module in modules_of(package)}
    assert circle_in(imports) == []


@pytest.mark.parametrize("package", WITHOUT_CIRCLES)
def test_no_packages_import_each_other(package: str) -> None:
    """In each folder: what lies in it, files and packages, has an order."""
    folders: dict[str, dict[str, set[str]]] = {}
    for module in modules_of(package):
        for imported in imports_of(module):
            shared, one, other = branches_of(module, imported)
            if shared:
                folders.setdefault(shared, {}).setdefault(one, set()).add(other)
    assert folders
    circles = {folder: circle_in(imports) for folder, imports in folders.items()}
    assert {folder: circle for folder, circle in circles.items() if circle} == {}


def test_circles_are_found() -> None:
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}) == ["b", "c", "b"]
    assert circle_in({"a": {"b", "c"}, "b": {"c"}}) == []
    assert branches_of("af3core.model.runtime.runner", "af3core.model.prompt") == (
        "af3core.model",
        "runtime",
        "prompt",
    )
    assert branches_of("af3core.audio.decode", "af3core.audio") == (
        "af3core.audio",
        "decode",
        "__init__",
    )
    assert "af3core.model.request" in imports_of("af3core.model.prompt")
    assert "af3core.audio" in imports_of("af3core.audio.decode")


@functools.cache
def modules_of(package: str) -> dict[str, Path]:
    """The files of a package by the name that they are imported by."""
    found = {}
    for path in (ROOT / package).rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


@functools.cache
def imports_of(module: str) -> frozenset[str]:
    """The modules of its own package that a module imports before any function of it runs."""
    ours = modules_of(module.partition(".")[0])
    found: set[str] = set()
    for node in statements_run_on_import(ast.parse(ours[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            # what is no module is a name in the package's own file
            found.update(name if name in ours else str(node.module) for name in inside)
    return frozenset(found & set(ours))


_NOT_ON_IMPORT = ("TYPE_CHECKING", "__name__ == '__main__'")


def statements_run_on_import(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in _NOT_ON_IMPORT:
            continue
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield node
            yield from statements_run_on_import(node)


def branches_of(module: str, imported: str) -> tuple[str, str, str]:
    """The innermost folder that holds both, and where they lie in it; "" where that is the same."""
    one, other = ([*name.split("."), "__init__"] for name in (module, imported))
    depth = next((d for d, pair in enumerate(zip(one, other, strict=False)) if len({*pair}) > 1), 0)
    return ".".join(one[:depth]), one[depth], other[depth]


def circle_in(imports: Mapping[str, Iterable[str]]) -> list[str]:
    """The names of one circle, the first also last; none where there is no circle."""
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        circle: list[str] = error.args[1]
        return circle[::-1]
    return []


def test_files_have_at_most_600_lines() -> None:
    for package in (*MAY_IMPORT, "tests"):
        for path in (ROOT / package).rglob("*.py"):
            count = len(path.read_text("utf-8").splitlines())
            assert count <= 600, f"{path.relative_to(ROOT)}: {count} lines"


def test_beams_own_file_systems_are_not_used() -> None:
    """Its client for Google Cloud Storage looks for credentials for half a minute per process."""
    for package in ("schemas", "af3core", "beam_jobs", "dags"):
        for path in (ROOT / package).rglob("*.py"):
            assert not re.search(r"(from|import) apache_beam\.io", path.read_text("utf-8")), path
