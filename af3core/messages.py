"""What a command says on stderr while it works: lines for people, or JSON for programs.

How much is said, and in which form, holds for the whole process and those that it starts.
"""

from __future__ import annotations

import datetime
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from af3core.plain_text import printable
from schemas.options.messages import LogFormat

_VARIABLE = "AF3_MESSAGES"
"""The environment variable by which a worker's process says as much as the one that started it."""


class Level(IntEnum):
    """How much a message matters; the numbers are those of `logging`."""

    DETAIL = logging.DEBUG
    NOTICE = logging.INFO
    ERROR = logging.ERROR


@dataclass(frozen=True)
class Telling:
    """How a process tells.

    Attributes:
        least: what matters less is not said.
        log_format: `text`, or `json`: one object a line.
    """

    least: Level = Level.NOTICE
    log_format: LogFormat = "text"

    @property
    def is_quiet(self) -> bool:
        """Errors alone are said."""
        return self.least > Level.NOTICE

    @property
    def is_verbose(self) -> bool:
        """Details are said too."""
        return self.least <= Level.DETAIL


def _inherited() -> Telling:
    least, _, log_format = os.environ.get(_VARIABLE, "").partition(":")
    if least not in Level.__members__ or log_format not in ("text", "json"):
        return Telling()
    return Telling(Level[least], "json" if log_format == "json" else "text")


_now = _inherited()


def telling() -> Telling:
    """How this process tells now."""
    return _now


def tell(text: str, level: Level = Level.NOTICE, **fields: Any) -> None:
    """Say a message, on one line or several; no character of it moves a terminal.

    Args:
        text: what happened.
        level: how much it matters.
        fields: more for programs, which `text` says already.
    """
    if level >= _now.least:
        print(message_line(text, level, **fields), file=sys.stderr, flush=True)


def message_line(text: str, level: Level = Level.NOTICE, **fields: Any) -> str:
    """A message as it is said, without the end of its line."""
    if _now.log_format == "json":
        said_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        told = {"time": said_at, "level": level.name.lower(), "message": text, **fields}
        return json.dumps(told, ensure_ascii=False, default=str)
    return "\n".join(map(printable, f"af3: {text}".split("\n")))


@contextmanager
def as_told(wanted: Telling) -> Iterator[None]:
    """While the body runs, this process and its children tell so, and Python's loggers too."""
    global _now
    before, inherited = _now, os.environ.get(_VARIABLE)
    _now = wanted
    os.environ[_VARIABLE] = f"{wanted.least.name}:{wanted.log_format}"
    handler = _LibraryMessages()
    if wanted.is_quiet or wanted.log_format == "json":
        logging.captureWarnings(True)
        logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        _now = before
        if inherited is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = inherited
        if handler in logging.getLogger().handlers:
            logging.getLogger().removeHandler(handler)
            logging.captureWarnings(False)


class _LibraryMessages(logging.Handler):
    """What libraries log, told as our own messages are."""

    def emit(self, record: logging.LogRecord) -> None:
        level = Level.ERROR if record.levelno >= logging.ERROR else Level.NOTICE
        tell(record.getMessage(), level, logger=record.name)
