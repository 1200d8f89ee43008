"""The track that is meant, and what is declared of it."""

from __future__ import annotations

import pytest

from af3core.audio.tracks import ChosenTracks, choose_tracks, default_track, heard_media
from schemas.records import MediaInfo, MediaTrack


def tracks(*texts: str) -> tuple[MediaTrack, ...]:
    """Tracks by language; a star marks a default, a question mark an unknown codec."""
    return tuple(
        MediaTrack(
            index=index,
            codec="" if "?" in text else "aac",
            language=text.strip("*?"),
            title="",
            is_default="*" in text,
            channels=2,
            declared_duration_ms=1000 * (index + 1),
        )
        for index, text in enumerate(texts)
    )


@pytest.mark.parametrize(
    ("languages", "wanted", "expected"),
    [
        (("",), "default", ChosenTracks((0,))),
        (("deu", "eng*"), "default", ChosenTracks((1,))),
        (("deu*", "eng*"), "default", ChosenTracks((0,))),
        (("deu*?", "eng"), "default", ChosenTracks((1,))),
        (("deu", "eng"), "all", ChosenTracks((0, 1))),
        (("deu", "eng"), "1", ChosenTracks((1,))),
        (("deu", "eng"), "2", ChosenTracks((0,), is_missing=True)),
        (("eng", "ger"), "de", ChosenTracks((1,))),
        (("eng", "de"), "ger", ChosenTracks((1,))),
        (("eng", "DEU"), "deu", ChosenTracks((1,))),
        (("eng", "fre"), "fra", ChosenTracks((1,))),
        (("eng", "swe", "swe*"), "swe", ChosenTracks((2,))),
        (("", "eng"), "swe", ChosenTracks((0,), is_missing=True)),
        (("", ""), "swe", ChosenTracks((0,), is_missing=True)),
    ],
)
def test_the_track_that_is_meant(
    languages: tuple[str, ...], wanted: str, expected: ChosenTracks
) -> None:
    assert choose_tracks(tracks(*languages), wanted) == expected


def test_the_default_is_one_that_can_be_decoded() -> None:
    assert default_track(tracks("?", "?*", "")) == 2
    assert default_track(tracks("?", "?")) == 0


def test_a_track_is_held_against_its_own_length() -> None:
    media = MediaInfo("mov", "aac", 48_000, 2, 9_000, tracks=tracks("deu*", "eng", "fra"))
    assert heard_media(media, (0,)) == media
    assert heard_media(media, (1,)).declared_duration_ms == 2000
    assert heard_media(media, (0, 2)).declared_duration_ms == 3000
    assert heard_media(MediaInfo("wav", "pcm", 8000, 1, 5), (0,)).declared_duration_ms == 5
