r"""A file's path as text that any table, JSON object or terminal holds.

A path of Linux is bytes. Where they are UTF-8 the text is the path itself. A byte that is no UTF-8
stands as `\xNN` (`caf\xe9.wav`), and a backslash that would begin such a thing by itself as `\x5c`,
so that every path has a text of its own and the text gives the very path back. Standard library
only.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_LOOKS_ESCAPED = re.compile(r"\\(?=x(?:5c|[89a-f][0-9a-f]))")
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_ESCAPED = re.compile(rb"\\x(5c|[89a-f][0-9a-f])")
_FIRST_ESCAPE = 0xDC00
"""Python keeps a byte that is no UTF-8 as the code point of this and the byte."""


def text_of_path(path: str | Path) -> str:
    """The text of a path as the operating system gives it to Python."""
    name = os.fsencode(path).decode("utf-8", "surrogateescape")
    name = _LOOKS_ESCAPED.sub(r"\\x5c", name)
    return _NOT_UTF8.sub(lambda byte: f"\\x{ord(byte[0]) - _FIRST_ESCAPE:02x}", name)


def path_of_text(text: str) -> Path:
    """The path that `text_of_path` gave this text."""
    name = _ESCAPED.sub(lambda byte: bytes.fromhex(byte[1].decode()), text.encode())
    return Path(os.fsdecode(name))
