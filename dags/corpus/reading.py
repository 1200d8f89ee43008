"""Corpora from YAML files, read strictly: an error names file, line, key and remedy."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.strict_yaml import YamlMapping, fill, parse_mapping, read_text
from af3core.tasks.task import read_tasks
from dags.corpus.corpus import Corpus

FOLDER_VARIABLE = "AF3_CORPORA"
"""Environment variable that names another folder of corpora than `dags/corpora`."""

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_REMEDY = "a corpus needs at least the keys source and out; see dags/README.md"


@dataclass(frozen=True)
class Corpora:
    """The corpora that can run, and one error for each file that cannot."""

    corpora: tuple[Corpus, ...]
    errors: tuple[str, ...]


def corpora_folder() -> Path:
    """Where the YAML files lie."""
    return Path(os.environ.get(FOLDER_VARIABLE) or Path(__file__).parents[1] / "corpora")


def read_corpora(folder: Path) -> Corpora:
    """Every `*.yaml` of a folder; a wrong file becomes an error and leaves the others alone."""
    corpora, errors = [], []
    for path in sorted(folder.glob("*.yaml")):
        try:
            corpora.append(read_corpus(path, os.environ))
        except ConfigurationError as error:
            errors.append(str(error))
    return Corpora(tuple(corpora), tuple(errors))


def read_corpus(path: Path, environment: Mapping[str, str]) -> Corpus:
    """One corpus; `${NAME}` in the file stands for an environment variable.

    Raises:
        ConfigurationError: a line of it, or of its task file, is wrong.
    """
    text = with_variables(read_text(path, "a corpus"), path, environment)
    mapping = parse_mapping(text, str(path), _REMEDY)
    corpus = fill(Corpus, mapping, {"name": path.stem})
    if corpus.tasks is not None and "://" not in corpus.tasks:  # no network while Airflow parses
        _check_tasks(corpus, mapping)
    return corpus


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
