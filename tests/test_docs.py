"""The pages: built as a site without a warning; what they name exists, and is said in one way."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from af3core.dialogue.script import parse_scripts
from af3core.tasks import flags
from af3core.tasks.task import parse_tasks
from beam_jobs.cli import command_names
from dags.corpus.reading import read_corpus
from schemas.tables.derived_tables import ALL_TABLES
from tests.pages import PAGES, README, ROOT, blocks, page_name

README_MAX_LINES = 150
OF_READERS = {"my_tasks.yaml", "talk.yaml", "evaluation.yaml", "demo_tapes.yaml", "af3.toml"}
"""Files that a page tells its reader to write."""

_PATH = re.compile(r"[\w.-]+(?:/[\w.*-]+)*/?")
_SOURCE = re.compile(r".*\.(?:py|md|yaml|yml|sh|toml|sql|in|lock|ipynb|Dockerfile)")


def make_docs(source: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """The command of `make docs`, over a copy of the pages, into another folder."""
    recipe = re.search(r"^docs:.*\n\t(.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert recipe
    program, *arguments = shlex.split(recipe[1])
    assert program == "$(BIN)/sphinx-build"
    assert arguments[-2:] == [".", "build/site"]
    command = [sys.executable, "-m", "sphinx", *arguments[:-1], str(out)]
    return subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)


def test_the_site_is_built_and_can_be_searched(tmp_path: Path) -> None:
    done = make_docs(ROOT, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for page in PAGES:
        assert (tmp_path / page_name(page)).with_suffix(".html").is_file(), page
    assert "docs/index.html" in (tmp_path / "index.html").read_text("utf-8")
    assert "lighthous" in (tmp_path / "searchindex.js").read_text("utf-8")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("[x](nowhere.md)", "'nowhere.md'"),
        ("[x](../README.md#nowhere)", "'nowhere'"),
        ("[x](#nowhere)", "'nowhere'"),
        ("![x](nowhere.png)", "nowhere.png"),
    ],
)
def test_a_wrong_link_is_an_error(tmp_path: Path, wrong: str, message: str) -> None:
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs/conf.py", tmp_path / "docs")
    shutil.copytree(ROOT / "docs/templates", tmp_path / "docs/templates")
    (tmp_path / "README.md").write_text("# Door\n", "utf-8")
    index = "# Pages\n\n{}\n\n```{{toctree}}\n../README\n```\n"
    (tmp_path / "docs/index.md").write_text(index.format(""), "utf-8")
    assert make_docs(tmp_path, tmp_path / "site").returncode == 0
    (tmp_path / "docs/index.md").write_text(index.format(wrong), "utf-8")
    done = make_docs(tmp_path, tmp_path / "site")
    assert done.returncode == 1
    assert message in done.stderr


def test_the_readme_is_short() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= README_MAX_LINES


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_path_that_it_names_exists(page: Path) -> None:
    missing = [path for path in named_paths(page) if not exists(path, page)]
    assert missing == []


MADE = {"build"}
"""Folders that `make` fills."""


def named_paths(page: Path) -> Iterator[str]:
    """Code in the text that is a path of the repository; the tree at a folder's page's head."""
    text = page.read_text("utf-8")
    beside = {entry.name for folder in (ROOT, page.parent) for entry in folder.iterdir()} - MADE
    for span in re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        if not _PATH.fullmatch(span) or span in OF_READERS:
            continue
        first, slash, _ = span.partition("/")
        if _SOURCE.fullmatch(span) or (slash and first in beside):
            yield span
    tree = re.search(r"```\n(.*?)```", text, re.DOTALL)
    if page.parent.name in ("dags", "infra") and tree:
        for line in tree[1].splitlines():
            yield from re.split(r"  +", line)[0].split(", ")


def exists(path: str, page: Path) -> bool:
    """From the root, or beside the page; a bare name anywhere."""
    if any(list(folder.glob(path.rstrip("/"))) for folder in (ROOT, page.parent)):
        return True
    anywhere = ("af3core", "beam_jobs", "schemas", "dags", "infra", "tests", "docs")
    return "/" not in path and any(any((ROOT / top).rglob(path)) for top in anywhere)


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_module_and_target_that_it_names_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    modules = set(re.findall(r"python -m ([a-z][a-z0-9_.]*[a-z0-9_])(?![.\w])", text))
    assert {name for name in modules if importlib.util.find_spec(name) is None} == set()
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    named = re.findall(r"(?:`|^)make ([a-z][\w-]*)", text, re.MULTILINE)
    assert {name for name in named if name not in targets} == set()


def test_every_command_is_said() -> None:
    text = (ROOT / "docs/jobs.md").read_text("utf-8")
    unsaid = {name for name in command_names() if not re.search(rf"`(af3 )?{name}\b", text)}
    assert unsaid == set()


def test_all_tables_and_flags_are_said() -> None:
    text = (ROOT / "docs/tables.md").read_text("utf-8")
    first_column = " ".join(re.findall(r"^\|(.*?)\|", text, re.MULTILINE))
    named = set(re.findall(r"`(\w+)`", first_column))
    known = re.findall(r"^(\w+) {2,}(.+)$", flags.__doc__ or "", re.MULTILINE)
    assert named == {table.name for table in ALL_TABLES} | {name for name, _ in known}
    assert len(known) == 22
    for name, meaning in known:
        assert f"| `{name}` | {meaning} |" in text


def test_the_tasks_shown_are_read() -> None:
    (text,) = blocks("docs/tasks.md", "yaml")
    tasks = parse_tasks(text, "my_tasks.yaml")
    assert [(task.task_id, task.kind, task.unit, task.thinking) for task in tasks] == [
        ("transcript", "transcript", "segment", False),
        ("advertising", "question", "segment", False),
        ("jingle", "question", "clip", True),
    ]


def test_the_conversations_shown_are_read() -> None:
    (text,) = blocks("docs/training_data.md", "yaml")
    scripts = parse_scripts(text, "talk.yaml")
    assert [(script.name, len(script.turns)) for script in scripts] == [
        ("sirens", 2),
        ("compared", 2),
    ]


def test_the_corpus_shown_is_read(tmp_path: Path) -> None:
    text, _ = blocks("dags/README.md", "yaml")
    (tmp_path / "radio.yaml").write_text(text, "utf-8")
    corpus = read_corpus(tmp_path / "radio.yaml", {})
    assert (corpus.name, corpus.source, corpus.model.model) == (
        "radio",
        "/media/radio",
        "nvidia/audio-flamingo-3-hf",
    )
