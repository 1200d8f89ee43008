"""The folder of corpora: which of its files are one, and which only look like one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from af3core.errors import ConfigurationError

SUFFIXES = (".yaml", ".yml")
_LOOKS_LIKE_ONE = re.compile(r"\.ya?ml(?![a-z0-9])", re.IGNORECASE)


@dataclass(frozen=True)
class Listing:
    """What a folder of corpora holds.

    Attributes:
        files: by the name of the corpus.
        errors: one for each name that cannot be told.
        passed_over: one for each file that looks like a corpus and is none, with the remedy.
    """

    files: dict[str, Path]
    errors: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()


def list_corpora(folder: Path) -> Listing:
    """The files `NAME.yaml` and `NAME.yml` of a folder; hidden ones are left alone.

    A suffix in capitals and two files of one name are errors. What lies there under another name,
    such as `radio.yaml.bak`, and what lies in folders below, is passed over.

    Raises:
        ConfigurationError: the folder cannot be listed.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise ConfigurationError(
            f"{folder}: no folder of corpora ({error.strerror}); make it, or let AF3_CORPORA name"
            " another"
        ) from error
    named: dict[str, list[Path]] = {}
    wrong, passed_over = [], []
    for path in paths:
        if path.suffix in SUFFIXES:
            named.setdefault(path.stem, []).append(path)
        elif path.suffix.lower() in SUFFIXES:
            wrong.append(
                f"{path}: a corpus's file ends in .yaml or .yml, in small letters; rename it"
            )
        elif _LOOKS_LIKE_ONE.search(path.name):
            passed_over.append(
                f"{path}: no corpus, as its name ends in {path.suffix}; rename it to .yaml to run"
                " it, or move it to another folder"
            )
        elif path.is_dir() and _holds_corpora(path):
            passed_over.append(f"{path}: files in folders below are no corpora; move them up")
    wrong += [_twice(paths) for paths in named.values() if len(paths) > 1]
    files = {name: paths[0] for name, paths in named.items() if len(paths) == 1}
    return Listing(files, tuple(wrong), tuple(passed_over))


def _twice(paths: Iterable[Path]) -> str:
    return f"{' and '.join(map(str, paths))}: one corpus, two files; remove one of them"


def _holds_corpora(folder: Path) -> bool:
    try:
        return any(path.suffix in SUFFIXES for path in folder.iterdir())
    except OSError:
        return False
