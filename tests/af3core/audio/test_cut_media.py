"""Every container that is cut, at a tenth, the half and nine tenths of its bytes: what is left is
heard, and a loss is said where the container can tell it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.af3core.audio import clicked_media as made
from tests.af3core.audio.test_media_table import (
    AAC,
    FRAGMENTS,
    MP2,
    MP3,
    MPEG2,
    OPUS,
    PCM,
    VORBIS,
    Make,
    filmed,
    heard,
    plain,
)

LENGTH_MS = 6000
FIRST = ("-movflags", "faststart")


class Kind(NamedTuple):
    """A container, and what it can tell of a missing end.

    `tells`: nothing, that something is missing, or how much is (within 150 ms). `page_ms` is how
    much hangs together: a page or a frame that is cut is lost whole.
    """

    make: Make
    tells: str = "how much"
    page_ms: int = 150


KINDS = {
    "wav": Kind(plain("wav")),
    "rf64": Kind(plain("wav", "-rf64", "always")),
    "w64": Kind(plain("w64")),
    "caf": Kind(plain("caf")),
    "aiff": Kind(plain("aiff")),
    "au": Kind(plain("au")),
    "wv": Kind(plain("wv")),
    "mp3": Kind(plain("mp3")),
    "mp3 without a tag": Kind(plain("mp3", "-write_xing", "0"), "nothing"),
    "adts": Kind(plain("aac"), "nothing"),
    "ac3": Kind(plain("ac3"), "nothing"),
    "amr": Kind(plain("amr", "-ar", "8000"), "nothing"),
    "ogg-opus": Kind(plain("ogg", *OPUS, "-page_duration", "200000"), "that", 400),
    "ogg-vorbis": Kind(plain("ogg", *VORBIS, "-q:a", "10", "-page_duration", "99999"), "that", 600),
    "mka-aac": Kind(plain("mka", *AAC)),
    "webm": Kind(plain("webm")),
    "mka of a live writer": Kind(plain("mka", *AAC, "-live", "1"), "that"),
    "mp4, index first": Kind(plain("mp4", *AAC, *FIRST), page_ms=300),
    "mov-pcm, index first": Kind(plain("mov", *PCM, *FIRST)),
    "3gp, index first": Kind(plain("3gp", *AAC, *FIRST), page_ms=300),
    "mp4 of fragments": Kind(plain("mp4", *AAC, *FRAGMENTS), "that", 600),
    "mov-pcm of fragments": Kind(plain("mov", *PCM, *FRAGMENTS), "that", 600),
    "flv": Kind(plain("flv", *AAC)),
    "avi-pcm": Kind(plain("avi", *PCM)),
    "avi-mp3": Kind(plain("avi", *MP3), page_ms=700),
    "wma": Kind(plain("wma")),
    "wmv": Kind(filmed("wmv", "-map", "1", "-c:v", "msmpeg4")),
    "ts": Kind(plain("ts", *MP2), "nothing"),
    "mpg": Kind(plain("mpg", *MP2), "nothing"),
    "mxf": Kind(filmed("mxf", "-map", "1", *MPEG2, *PCM)),
    "mxf, OP-Atom": Kind(plain("mxf", *PCM, "-f", "mxf_opatom")),
    "gxf": Kind(filmed("gxf", "-map", "1", "-s", "720x576", *MPEG2, *PCM), page_ms=700),
    "rm": Kind(plain("rm")),
}


@pytest.mark.parametrize("name", KINDS)
def test_what_is_left_is_heard(name: str, tmp_path: Path) -> None:
    kind = KINDS[name]
    path = kind.make(tmp_path)
    whole = path.read_bytes()
    for share in (0.1, 0.5, 0.9):
        path.write_bytes(whole)
        found = heard(made.cut(path, share))
        length_ms = len(found.samples) / 16
        # headers and indices take their share of the bytes
        least_ms = min(LENGTH_MS * share - kind.page_ms, 0.85 * LENGTH_MS * share)
        assert least_ms <= length_ms <= LENGTH_MS, share
        assert bool(found.damage.reasons) == (kind.tells != "nothing"), share
        if kind.tells == "how much":
            expected_ms = LENGTH_MS - length_ms
            assert found.damage.lost_ms == pytest.approx(expected_ms, abs=150), share
