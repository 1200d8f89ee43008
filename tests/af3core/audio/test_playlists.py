"""Playlists are called what they are, however they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.audio.playlists import is_playlist
from af3core.audio.probe import probe
from af3core.errors import ForbiddenContainer

PROLOG = '<?xml version="1.0" encoding="utf-8"?>\n<!-- radio -->\n'


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"#EXTM3U\n#EXTINF:1,\na.wav\n", True),
        (b"\xef\xbb\xbf#EXTM3U\na.wav\n", True),
        ("\ufeff#EXTM3U\na.wav\n".encode("utf-16-le"), True),
        (b"\n\n[playlist]\nFile1=a.wav\n", True),
        (b"[Reference]\nRef1=http://radio/a\n", True),
        (b"<ASX version='3.0'><entry/></ASX>", True),
        (f"{PROLOG}<playlist xmlns='http://xspf.org/ns/0/'/>".encode(), True),
        (f"\ufeff{PROLOG}<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'/>".encode(), True),
        (f"{PROLOG}<!DOCTYPE smil PUBLIC 'x'>\n<smil/>".encode(), True),
        (b'<?wpl version="1.0"?><smil><head/></smil>', True),
        (f"{PROLOG}<SmoothStreamingMedia/>".encode(), True),
        (b"ffconcat version 1.0\nfile a.wav\n", True),
        (b"http://radio.example/live.mp3\n", True),
        (f"{PROLOG}<html/>".encode(), False),
        (b"<!-- never closed", False),
        (b"Dear listeners, #EXTM3U is a playlist", False),
        (b"\xff\xfe\x00", False),
        (b"", False),
    ],
)
def test_a_playlist_is_told_by_its_content(data: bytes, expected: bool) -> None:
    assert is_playlist(data) is expected


@pytest.mark.parametrize("name", ["radio.mpd", "radio.wav"])
def test_a_playlist_behind_a_prolog_is_refused_by_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(f"\ufeff{PROLOG}<MPD/>".encode())
    with pytest.raises(ForbiddenContainer) as caught:
        probe(path, f"arc/{name}")
    assert str(caught.value) == (
        f"arc/{name}: a playlist, not a recording; playlists are never followed: put the"
        " recordings themselves into the archive"
    )
