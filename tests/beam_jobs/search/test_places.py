"""Places as people read them."""

from __future__ import annotations

from beam_jobs.search.search_command import places_text
from beam_jobs.search.search_request import Hit


def hit(uri: str, context: str, *marks: tuple[int, int]) -> Hit:
    place = ("segment", "radio", "2026-11-21", "a", "a-0", uri, 65_000, 80_000, ("noisy",))
    return Hit(*place, "caption", context, marks, 1.0)  # type: ignore[arg-type]


def test_the_folder_that_places_share_is_said_once() -> None:
    hits = [hit("gs://b/radio/21/a.mp3", "A storm", (2, 7)), hit("gs://b/radio/22/b.mp3", "Calm")]
    assert places_text(hits, is_terminal=False) == (
        "places below gs://b/radio/\n"
        "21/a.mp3 1:05-1:20 caption 2026-11-21 (noisy)\n    A [storm]\n"
        "22/b.mp3 1:05-1:20 caption 2026-11-21 (noisy)\n    Calm\n"
    )


def test_what_matches_is_marked_and_nothing_else_is() -> None:
    hostile = hit("/[red]x\\.wav", "[b]a\x1b[2J \\storm[/b]", (10, 15))
    assert places_text([hostile], is_terminal=False) == (
        "/[red]x\\.wav 1:05-1:20 caption 2026-11-21 (noisy)\n    [b]a [2J \\[storm][/b]\n"
    )
    shown = places_text([hostile], is_terminal=True)
    assert "\x1b[2J" not in shown
    assert "[b]a [2J \\" in shown
    assert "[/b]" in shown
