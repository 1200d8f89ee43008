"""The pictures of the archive page, from the demo night."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.beam_jobs.browse.page_night import browsing
from tests.beam_jobs.browse.served import served
from tests.beam_jobs.demo import page_night

FOLDER = Path(__file__).parents[3] / "beam_jobs" / "browse" / "screenshots"
HISTORY = "57034b6212bae5e4245c037a"
QUESTION = "Which sounds are heard most, and for how long?"
SETTLE_MS = 1500
_COLOURS = 256


def main() -> None:
    """Make the night, serve it, take the pictures."""
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="af3-") as folder,
        served(page_night(Path(folder))) as site,
        browsing(site) as (page, _),
    ):
        take_all(page)


def take_all(page: Page) -> None:
    """Search, a recording that plays, and a saved question."""
    for _ in ("the text model is read", "and is there"):
        page.goto("/?q=%22welcome+back%22")
        page.get_by_role("article").first.wait_for()
    _take(page, "search")
    page.goto(f"/recording/{HISTORY}?t=20")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => document.getElementById('audio').currentTime > 24")
    page.get_by_role("button", name="Pause", exact=True).click()
    _take(page, "recording")
    page.goto("/sql")
    page.get_by_label("Saved questions").select_option(QUESTION)
    page.get_by_role("table").wait_for()
    _take(page, "sql")


def _take(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.wait_for_timeout(SETTLE_MS)
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.quantize(_COLOURS).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
