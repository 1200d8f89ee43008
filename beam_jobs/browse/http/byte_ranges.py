"""Which bytes a request asks for (RFC 9110, section 14). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class ByteRange:
    """Bytes from the first up to the end, which is not one of them."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


class NotSatisfiable(Exception):
    """The range lies outside of the object."""


def asked_range(header: str | None, size: int) -> ByteRange | None:
    """The bytes that a Range header asks for; None where all are to be sent.

    As the standard allows, what is no single range of bytes is passed over.

    Raises:
        NotSatisfiable: no byte of the object lies in the range.
    """
    match = _RANGE.fullmatch(re.sub(r"[ \t]", "", header or ""))
    if match is None:
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        if not int(last) or not size:
            raise NotSatisfiable
        return ByteRange(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise NotSatisfiable
    return ByteRange(int(first), min(size, int(last) + 1) if last else size)
