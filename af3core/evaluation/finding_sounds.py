"""Where a benchmark's sounds lie: publishers name them, people unpack them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from af3core.audio.containers import SUFFIXES
from af3core.evaluation.benchmark_files import Data
from af3core.evaluation.item import SoundFile


@dataclass(frozen=True)
class Sounds:
    """The sounds and videos below a benchmark's data.

    Attributes:
        beside: the key of the list that names them.
    """

    data: Data
    beside: str = ""

    def by_path(self, path: str) -> SoundFile:
        """The sound at a published path: below the data, beside the list, or else anywhere.

        Anywhere is where one file alone has its name. A sound that is not there keeps its path,
        and is missed when the items are listed.
        """
        plain = path.strip().removeprefix("./").lstrip("/")
        beside = str(PurePosixPath(self.beside).parent / plain) if self.beside else plain
        for key in (plain, beside):
            if key in self.data.keys:
                return SoundFile(key)
        return SoundFile(_only(self._keys_by_name.get(PurePosixPath(plain).name, [])) or plain)

    def by_stem(self, *stems: str) -> SoundFile:
        """The one sound or video with the first of these names that there is, whatever its suffix.

        Where it is missing the first name stands for it.
        """
        for stem in stems:
            if key := _only(self._keys_by_stem.get(stem, [])):
                return SoundFile(key)
        return SoundFile(stems[0])

    @cached_property
    def _keys_by_name(self) -> dict[str, list[str]]:
        named: dict[str, list[str]] = {}
        for key in sorted(self.data.keys):
            named.setdefault(PurePosixPath(key).name, []).append(key)
        return named

    @cached_property
    def _keys_by_stem(self) -> dict[str, list[str]]:
        called: dict[str, list[str]] = {}
        for key in sorted(self.data.keys):
            path = PurePosixPath(key)
            if path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
                called.setdefault(path.stem, []).append(key)
        return called


def _only(keys: list[str]) -> str:
    return keys[0] if len(keys) == 1 else ""
