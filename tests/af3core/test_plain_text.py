"""Messages are on one line, and the same for the same cause."""

from __future__ import annotations

import pytest

from af3core.plain_text import printable, without_addresses


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("night\n21.wav", "night\\n21.wav"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("gnp.\u202ewav", "gnp.\\u202ewav"),
        ("a\x85b\u2028c", "a\\x85b\\u2028c"),
        ("Köln, 東京 🎙", "Köln, 東京 🎙"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_control_characters_are_escaped(text: str, expected: str) -> None:
    assert printable(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[mp3 @ 0x55ccb6a31800] Header missing", "[mp3] Header missing"),
        ("[in#0/gxf @ 0x55f0] Error", "[in#0/gxf] Error"),
        ("<object at 0x7f0012345678>", "<object>"),
        ("rate 0x20 of a.wav", "rate 0x20 of a.wav"),
    ],
)
def test_addresses_of_memory_go(text: str, expected: str) -> None:
    assert without_addresses(text) == expected
