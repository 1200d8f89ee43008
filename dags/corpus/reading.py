"""Corpora from YAML files, read strictly: an error names file, line, key and remedy."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.strict_yaml import YamlMapping, fill, parse_mapping, read_text
from af3core.tasks.task import read_tasks
from dags.corpus.corpus import Corpus
from dags.corpus.folder import list_corpora
from dags.corpus.names import check_is_free

FOLDER_VARIABLE = "AF3_CORPORA"
"""Environment variable that names another folder of corpora than `dags/corpora`."""

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_REMEDY = "a corpus needs at least the keys source and out; see dags/README.md"


@dataclass(frozen=True)
class Corpora:
    """The corpora that can run, and one error for each file that cannot.

    `passed_over` says which files look like a corpus and are none.
    """

    corpora: tuple[Corpus, ...]
    errors: tuple[str, ...]
    passed_over: tuple[str, ...] = ()


def corpora_folder() -> Path:
    """Where the YAML files lie."""
    return Path(os.environ.get(FOLDER_VARIABLE) or Path(__file__).parents[1] / "corpora")


def read_corpora(folder: Path, dag_id: str | None = None) -> Corpora:
    """Every corpus of a folder; a wrong file becomes an error and leaves the others alone.

    Where a DAG is named, `JOB__CORPUS`, its corpus alone is read: a task's process needs no other.
    """
    try:
        listing = list_corpora(folder)
    except ConfigurationError as error:
        return Corpora((), (str(error),))
    wanted = None if dag_id is None else dag_id.partition("__")[2]
    corpora, errors = [], list(listing.errors)
    for name, path in listing.files.items():
        if wanted not in (None, name):
            continue
        try:
            corpora.append(read_corpus(path, os.environ))
        except ConfigurationError as error:
            errors.append(str(error))
    return Corpora(tuple(corpora), tuple(errors), listing.passed_over)


def read_named(name: str, folder: Path) -> Corpus:
    """The corpus of a name.

    Raises:
        ConfigurationError: there is no file of it, or a line of it is wrong.
    """
    path = list_corpora(folder).files.get(name)
    if path is None:
        raise ConfigurationError(f"{folder}: no file {name}.yaml")
    return read_corpus(path, os.environ)


def read_corpus(path: Path, environment: Mapping[str, str]) -> Corpus:
    """One corpus; `${NAME}` in the file stands for an environment variable.

    Raises:
        ConfigurationError: a line of it, or of its task file, is wrong.
    """
    if path.exists() and not path.is_file():
        raise ConfigurationError(f"{path}: no regular file; write the corpus into one")
    text = with_variables(read_text(path, "a corpus"), path, environment)
    corpus, mapping = _parsed(path, text)
    if corpus.tasks is not None and "://" not in corpus.tasks:  # no network while Airflow parses
        _check_tasks(corpus, mapping)
    return corpus


@functools.lru_cache(maxsize=1024)
def _parsed(path: Path, text: str) -> tuple[Corpus, YamlMapping]:
    """A corpus by its file's text: a process that reads all DAG files parses each of them once.

    Its text is the key, not its time of change: a change is always seen.
    """
    try:
        check_is_free(path.stem)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    mapping = parse_mapping(text, str(path), _REMEDY)
    return fill(Corpus, mapping, {"name": path.stem}), mapping


def with_variables(text: str, path: Path, environment: Mapping[str, str]) -> str:
    """A site's file with `${NAME}` replaced, comments left alone.

    Raises:
        ConfigurationError: there is no such environment variable.
    """
    lines = []
    for number, line in enumerate(text.split("\n"), start=1):
        for name in _VARIABLE.findall(line.split("#")[0]):
            if name not in environment:
                raise ConfigurationError(
                    f"{path}:{number}: ${{{name}}} is no environment variable of Airflow's; set it"
                    " for all its processes, or write the value itself"
                )
        lines.append(_VARIABLE.sub(lambda match: environment.get(match[1], match[0]), line))
    return "\n".join(lines)


def _check_tasks(corpus: Corpus, mapping: YamlMapping) -> None:
    for name, key, _ in mapping.items():
        if name == "tasks":
            try:
                read_tasks(corpus.tasks or "")
            except ConfigurationError as error:
                raise mapping.error(key, f"tasks: {error}") from error
