"""The analysts' notebook, run by a kernel over the finished demo night and over an empty folder."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from schemas.sql.scripts import FOLDER

NOTEBOOK = FOLDER / "ten_questions.ipynb"
FOUND = {
    1: ["history_evening.mp3 │  16.896 │", "reports from havana", "28 rows"],
    2: ["demo    │ 2026-11-21 │          8 │  0.358 │           0.358 │        0 │"],
    3: ["transcripts │ no_speech │         4 │"],
    4: ["a man            │      26 │  0.347 │   NULL │"],
    5: ["0 rows"],
    6: ["a woman          │       22 │       3.97 │         -19.5 │"],
    7: ["science_hour.flac   │ thunder │   38.31 │  40.75 │        -24.27 │"],
    8: ["history_evening.mp3 │       2 │    131 │ History, teresa, emperor, siren"],
    9: ["nano    │", "caption       │      75 │", "0.0533 │"],
    10: ["cooking_show.opus │     23 │        1.0 │ A siren, then a man speaking about cooking"],
}


@pytest.fixture(scope="module")
def stored() -> NotebookNode:
    return nbformat.read(NOTEBOOK, as_version=4)


def answers(notebook: NotebookNode) -> dict[int, str]:
    """What is printed below each question, by its number."""
    found: dict[int, str] = {}
    number = 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            number = int(cell.source.removeprefix("## ").split(".")[0])
        elif cell.cell_type == "code" and number:
            found[number] = "".join(output.text for output in cell.outputs)
    return found


def run(notebook: NotebookNode, archive: Path, monkeypatch: pytest.MonkeyPatch) -> dict[int, str]:
    monkeypatch.setenv("AF3_ARCHIVE", str(archive))
    copy = nbformat.from_dict(notebook)
    NotebookClient(copy, timeout=120, kernel_name="python3").execute()
    return answers(copy)


def test_ten_questions_are_answered(
    stored: NotebookNode, night: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = run(stored, night, monkeypatch)
    assert list(printed) == list(range(1, 11))
    for number, texts in FOUND.items():
        for text in texts:
            assert text in printed[number], printed[number]


def test_the_stored_answers_are_those_of_the_demo(stored: NotebookNode) -> None:
    nbformat.validate(stored)
    kept = answers(stored)
    for number, texts in FOUND.items():
        assert all(text in kept[number] for text in texts), kept[number]
    assert not any(cell.get("outputs") == [] for cell in stored.cells[2:])


def test_an_archive_without_anything_gives_empty_answers(
    stored: NotebookNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = run(stored, tmp_path, monkeypatch)
    assert len(printed) == 10
    assert all("0 rows" in text for text in printed.values())
