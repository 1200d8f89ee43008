"""LanceDB imported within a fraction of a second: without its client of a catalogue over HTTP.

`import lancedb` takes 1.6 seconds of CPU time; two thirds of it define some hundred forms of
requests to a catalogue server, which nobody here asks. Plain records of their names, with the
fields that they are given, stand in for them; and so does, for the package that compares the
signatures of LanceDB's own methods on each import, a mark that compares nothing.
"""

from __future__ import annotations

import functools
import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

_CLIENT = "lance_namespace_urllib3_client"
_CHECKED = "overrides"


@functools.cache
def import_lancedb() -> Any:
    """The module lancedb.

    Raises:
        ImportError: it is not installed.
    """
    if {"lancedb", _CLIENT, _CHECKED} & set(sys.modules):
        return importlib.import_module("lancedb")
    with _named_alone(_CLIENT, _CHECKED):
        return importlib.import_module("lancedb")


@contextmanager
def _named_alone(*packages: str) -> Iterator[None]:
    """Give, for packages and all below them, modules whose every name is a plain record.

    They are taken away at the end, so that whoever imports the package later gets the real one.
    """
    finder = _NamesFinder(packages)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] in packages]:
            del sys.modules[name]


class _NamesFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, packages: Sequence[str]) -> None:
        self._packages = packages

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] not in self._packages:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _Names(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: names are made when they are asked for."""


class _Names(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "override":
            return lambda method: method
        made = type(name, (SimpleNamespace,), {"__module__": self.__name__})
        setattr(self, name, made)
        return made
