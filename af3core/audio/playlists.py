"""What a playlist begins with; looked for only to call it by its name.

Which containers are opened is decided by `containers.DEMUXERS` alone.
"""

from __future__ import annotations

import re

_SIGNATURES = ("#extm3u", "ffconcat version", "[playlist]", "[reference]")
_ELEMENTS = ("asx", "smil", "mpd", "playlist", "smoothstreamingmedia", "wpl")
_ADDRESS = re.compile(r"(?:https?|rtsp|rtmp|mms|pnm|file)://\S+\s*(?:\n|$)")
_BEFORE_ELEMENT = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->|<!doctype[^>]*>", re.DOTALL)
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def is_playlist(head: bytes) -> bool:
    """Whether a file that begins so is a playlist: M3U, PLS, ASX, SMIL, XSPF, WPL, DASH, Smooth
    Streaming, ffconcat or RAM; behind a byte order mark, an XML prolog or comments too.
    """
    encoding = "utf-8"
    for mark, name in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            head, encoding = head[len(mark) :], name
    text = head.decode(encoding, "replace").lower().lstrip()
    if text.startswith(_SIGNATURES) or _ADDRESS.match(text):
        return True
    while match := _BEFORE_ELEMENT.match(text):
        text = text[match.end() :]
    element = re.match(r"<(?:\w+:)?(\w+)", text)
    return element is not None and element[1] in _ELEMENTS
