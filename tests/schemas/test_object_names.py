"""Paths as text: lossless, and the path itself wherever it is UTF-8."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.object_names import path_of_text, text_of_path


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (b"/arc/2026-11-21/reel.wav", "/arc/2026-11-21/reel.wav"),
        ("/arc/café 猫.wav".encode(), "/arc/café 猫.wav"),
        (b"/arc/caf\xe9.wav", "/arc/caf\\xe9.wav"),
        (b"/arc/caf\\xe9.wav", "/arc/caf\\x5cxe9.wav"),
        (b"/arc/a\\b\\x41.wav", "/arc/a\\b\\x41.wav"),
        (b"/arc/\xed\xb3\xa9.wav", "/arc/\\xed\\xb3\\xa9.wav"),
    ],
)
def test_a_path_has_a_text_that_gives_it_back(path: bytes, text: str) -> None:
    assert text_of_path(os.fsdecode(path)) == text
    assert os.fsencode(path_of_text(text)) == path


@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name and b"/" not in name))
def test_every_path_travels_losslessly(name: bytes) -> None:
    text = text_of_path(Path("/arc", os.fsdecode(name)))
    assert text.encode().decode() == text
    assert path_of_text(text) == Path("/arc", os.fsdecode(name))
