"""Boxes of MP4: what a cut copy can be read to, and whether it has an index."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.audio.media_parts import media_parts
from af3core.audio.mp4_boxes import has_fragments, lacks_index, top_boxes, usable_end
from af3core.audio.probe import probe
from af3core.errors import NotMedia
from tests.af3core.audio import clicked_media as made

AAC = ("-c:a", "aac")
FRAGMENTS = (*AAC, "-movflags", "frag_keyframe+empty_moov", "-frag_duration", "500000")


def box_starts(path: Path) -> list[tuple[bytes, int]]:
    with path.open("rb") as file:
        return [(box.name, box.start) for box in top_boxes(file, path.stat().st_size)]


def test_a_whole_file_is_read_whole(tmp_path: Path) -> None:
    for number, options in enumerate((AAC, FRAGMENTS, (*AAC, "-movflags", "faststart"))):
        path = made.encoded(tmp_path / f"{number}.mp4", *options)
        assert (usable_end(path), lacks_index(path)) == (None, False)
        assert has_fragments(path) == (options is FRAGMENTS)
        assert media_parts(path)[0].address == f"file:{path}"


@pytest.mark.parametrize("inside", [1, 8, 9, 100, 195])
def test_a_piece_of_a_fragments_index_is_left_out(inside: int, tmp_path: Path) -> None:
    path = made.encoded(tmp_path / "a.mp4", *FRAGMENTS)
    third = [start for name, start in box_starts(path) if name == b"moof"][2]
    path.write_bytes(path.read_bytes()[: third + inside])
    assert usable_end(path) == (third if inside >= 8 else None)
    assert probe(path, "a.mp4").declared_duration_ms == pytest.approx(1024, abs=30)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "m4a"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_lost_index_is_said_in_one_line(share: float, suffix: str, tmp_path: Path) -> None:
    path = made.cut(made.encoded(tmp_path / f"a.{suffix}", *AAC), share)
    assert lacks_index(path)
    with pytest.raises(NotMedia) as raised:
        probe(path, "a.mp4")
    assert str(raised.value) == (
        "a.mp4: the index (moov) of this MP4 is missing, without which none of its sound can be"
        " found: the copy is incomplete; upload it again"
    )


def test_an_index_that_is_cut_is_no_file_without_sound(tmp_path: Path) -> None:
    path = made.encoded(tmp_path / "a.mp4", *AAC, "-movflags", "faststart")
    path.write_bytes(path.read_bytes()[:80])
    with pytest.raises(NotMedia, match="the index \\(moov\\) of this MP4 is missing"):
        probe(path, "a.mp4")


@pytest.mark.parametrize(
    "data", [b"", b"\0\0\0\x08", b"\0\0\0\0abcd", b"\0\0\0\x01mdat", b"\0\0\0\x05moov" + bytes(99)]
)
def test_hostile_boxes_end_the_walk(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(data)
    assert usable_end(tmp_path / "a.mp4") is None
    assert not has_fragments(tmp_path / "a.mp4")
