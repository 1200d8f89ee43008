"""Which files of a folder are corpora; nothing that looks like one is ignored in silence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from af3core.errors import ConfigurationError
from dags.corpus.folder import list_corpora
from dags.corpus.reading import read_corpora

MINIMAL = "source: /media/radio\nout: /media/annotated\n"


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(MINIMAL)


def test_yml_is_yaml(tmp_path: Path) -> None:
    put(tmp_path, "radio.yaml", "tapes.yml")
    read = read_corpora(tmp_path)
    assert [corpus.name for corpus in read.corpora] == ["radio", "tapes"]
    assert (read.errors, read.passed_over) == ((), ())


def test_two_files_of_one_name_are_no_corpus(tmp_path: Path) -> None:
    put(tmp_path, "radio.yaml", "radio.yml", "tapes.yaml")
    read = read_corpora(tmp_path)
    assert [corpus.name for corpus in read.corpora] == ["tapes"]
    assert read.errors == (
        f"{tmp_path}/radio.yaml and {tmp_path}/radio.yml: one corpus, two files; remove one of"
        " them",
    )


@pytest.mark.parametrize("name", ["radio.YAML", "radio.Yml"])
def test_a_suffix_in_capitals_is_an_error(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)
    assert read_corpora(tmp_path).errors == (
        f"{tmp_path}/{name}: a corpus's file ends in .yaml or .yml, in small letters; rename it",
    )


@pytest.mark.parametrize("name", ["radio.yaml.bak", "radio.yml~", "radio.yaml.off", "a.YAML.orig"])
def test_a_file_put_aside_is_said(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)
    read = read_corpora(tmp_path)
    assert (read.corpora, read.errors) == ((), ())
    (line,) = read.passed_over
    assert line.startswith(f"{tmp_path}/{name}: no corpus, as its name ends in .")


def test_corpora_in_folders_below_are_said(tmp_path: Path) -> None:
    put(tmp_path, "old/radio.yaml", "notes/read.me")
    assert read_corpora(tmp_path).passed_over == (
        f"{tmp_path}/old: files in folders below are no corpora; move them up",
    )


def test_other_and_hidden_files_are_no_corpora(tmp_path: Path) -> None:
    """Of a Kubernetes volume, of editors, and what belongs to a corpus."""
    put(tmp_path, "..data/radio.yaml", ".radio.yaml.swp", "README.md", "tasks.txt", "a.yamlish")
    listing = list_corpora(tmp_path)
    assert (listing.files, listing.errors, listing.passed_over) == ({}, (), ())


def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    assert read_corpora(tmp_path / "gone").errors == (
        f"{tmp_path}/gone: no folder of corpora (No such file or directory); make it, or let"
        " AF3_CORPORA name another",
    )


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "radio.yaml")
    assert read_corpora(tmp_path).errors == (
        f"{tmp_path}/radio.yaml: no regular file; write the corpus into one",
    )


def test_a_link_to_nowhere_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "radio.yaml").symlink_to(tmp_path / "gone")
    (error,) = read_corpora(tmp_path).errors
    assert error.startswith(f"{tmp_path}/radio.yaml: cannot be read as a corpus (")


def test_an_error_of_the_folder_is_raised_to_who_asks_for_one_corpus(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no folder of corpora"):
        list_corpora(tmp_path / "gone")
