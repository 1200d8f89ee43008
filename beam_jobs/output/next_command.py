"""Commands that a message tells its reader to type, whole: with the place that is worked at."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from schemas.jobs import JOBS
from schemas.options.archive import Interval, Results

_OF_A_CORPUS = {job.name for job in JOBS if Interval in job.options}


@dataclass(frozen=True)
class Place:
    """Where a command works, as its user wrote it; empty where nothing was written."""

    out: str = ""
    corpus: str = ""


_place = Place()


@contextmanager
def working_at(place: Place) -> Iterator[None]:
    """While the body runs, commands are told with this place."""
    global _place
    before, _place = _place, place
    try:
        yield
    finally:
        _place = before


def af3(command: str, *arguments: str, out: str = "", corpus: str = "") -> str:
    """A command as a shell takes it, with `--out`, and a corpus's job with `--corpus` where that is
    not the default.

    Args:
        command: its name.
        arguments: its own; words in capitals stand for what the reader knows.
        out, corpus: the place, where it is another than the running command's.
    """
    words = ["af3", command, *arguments]
    if out or _place.out:
        words += ["--out", out or _place.out]
    known = corpus or _place.corpus
    if command in _OF_A_CORPUS and known and known != Results().corpus:
        words += ["--corpus", known]
    return shlex.join(words)


def cut_again(recording: str) -> str:
    """The commands that cut a recording again."""
    return f"{af3('retry', '--recording', recording)}, {af3('segment')}"
