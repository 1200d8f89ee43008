"""What names a recording wherever it is spoken of, and how it is found in texts and bytes. Pure."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from schemas.identity import ID_LENGTH
from schemas.withdrawal_records import RemovalWork

BLANK = "(withdrawn)"
"""Stands where a message named what was withdrawn."""

_TOKEN = re.compile(r"(?<![0-9a-f])[0-9a-f]{24,64}(?![0-9a-f])")
_TOKEN_BYTES = re.compile(_TOKEN.pattern.encode())
_LEAST_NAME = 5
"""Characters of a file's name by which it is looked for in messages: shorter ones are words."""


@dataclass(frozen=True)
class Traces:
    """The names of recordings.

    Attributes:
        identifiers: 24 hexadecimal digits each; a longer hash is known by its first ones.
        addresses: of objects.
        names: file names that no other recording of the output has.
    """

    identifiers: frozenset[str]
    addresses: frozenset[str]
    names: frozenset[str] = frozenset()

    def is_in_key(self, key: str) -> bool:
        """Whether an object's key names one."""
        return any(found[:ID_LENGTH] in self.identifiers for found in _TOKEN.findall(key))

    def is_name(self, text: str) -> bool:
        """Whether a text is the name of one and nothing more: an identifier, an address, a key."""
        if text in self.addresses or text in self.names:
            return True
        return not _has_spaces(text) and self.is_in_key(text)

    def is_in(self, text: str) -> bool:
        """Whether a text speaks of one anywhere."""
        return self.is_in_key(text) or bool(self._spoken and self._spoken.search(text))

    def blanked(self, text: str) -> str:
        """A text without what names one."""

        def hidden(match: re.Match[str]) -> str:
            return BLANK if match[0][:ID_LENGTH] in self.identifiers else match[0]

        found = _TOKEN.sub(hidden, text)
        return self._spoken.sub(BLANK, found) if self._spoken else found

    def is_in_bytes(self, data: bytes) -> bool:
        """Whether bytes of a text file, JSON, HTML or an archive of such files speak of one."""
        tokens = (m[0][:ID_LENGTH].decode() for m in _TOKEN_BYTES.finditer(data))
        if any(token in self.identifiers for token in tokens):
            return True
        if any(form in data for form in self._address_forms):
            return True
        return any(form in data and alone.search(data) for form, alone in self._name_forms)

    @functools.cached_property
    def _spoken(self) -> re.Pattern[str] | None:
        """Addresses, the longest first, then file names that stand alone."""
        texts = sorted(self.addresses, key=len, reverse=True)
        parts = [re.escape(text) for text in texts]
        parts += [_alone(re.escape(name)) for name in sorted(self.names, key=len, reverse=True)]
        return re.compile("|".join(parts)) if parts else None

    @functools.cached_property
    def _address_forms(self) -> tuple[bytes, ...]:
        """Addresses as they stand in files: as UTF-8, escaped in JSON, HTML or addresses."""
        return tuple(sorted({form for text in self.addresses for form in _forms(text)}))

    @functools.cached_property
    def _name_forms(self) -> tuple[tuple[bytes, re.Pattern[bytes]], ...]:
        """The like of file names, each with what finds it where it stands alone."""
        forms = sorted({form for name in self.names for form in _forms(name)})
        return tuple((form, re.compile(_alone_bytes(re.escape(form)))) for form in forms)


def traces_of(works: Iterable[RemovalWork], others: frozenset[str] = frozenset()) -> Traces:
    """The names that removals look for.

    Args:
        others: file names that other recordings have too.
    """
    held = list(works)
    addresses = frozenset(address for work in held for address in work.addresses)
    names = {name_of(address) for address in addresses} - others
    return Traces(
        frozenset(each for work in held for each in work.identifiers),
        addresses,
        frozenset(name for name in names if len(name) >= _LEAST_NAME),
    )


def name_of(address: str) -> str:
    """The file name of an object."""
    return address.rpartition("/")[2]


def _has_spaces(text: str) -> bool:
    return any(each.isspace() for each in text)


def _alone(pattern: str) -> str:
    """Not as a part of a longer name."""
    return rf"(?<![\w.-]){pattern}(?![\w-]|\.\w)"


def _alone_bytes(pattern: bytes) -> bytes:
    return rb"(?<![\w.-])" + pattern + rb"(?![\w-]|\.\w)"


def _forms(text: str) -> set[bytes]:
    plain = text.encode("utf-8", "surrogateescape")
    escaped = json.dumps(text)[1:-1].encode()
    unescaped = json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogateescape")
    html = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    html = html.replace("'", "&#39;").replace('"', "&#34;")
    return {
        plain,
        escaped,
        unescaped,
        html.encode("utf-8", "surrogateescape"),
        quote(text, errors="surrogateescape").encode(),
        quote(text, safe="", errors="surrogateescape").encode(),
    }
