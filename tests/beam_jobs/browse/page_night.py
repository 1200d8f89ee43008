"""The archive page in headless Chromium, over the demo night with all that is derived from it."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Response, sync_playwright

from beam_jobs.cli import main
from tests.beam_jobs.browse.served import Site, browsed_night
from tests.beam_jobs.demo import GIVEN
from tests.dags.browser import chromium

_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio")
WAIT_MS = 20_000
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
}


@dataclass
class Seen:
    """What a page asked for, and what its console said."""

    host: str
    asked: list[str] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def elsewhere(self) -> list[str]:
        """Addresses of other hosts that were asked for."""
        own = (f"http://{self.host}/", f"ws://{self.host}/", "data:")
        return [address for address in self.asked if not address.startswith(own)]


@contextmanager
def browsing(
    site: Site, device: dict[str, Any] = DESK, arguments: Sequence[str] = (), **options: Any
) -> Iterator[tuple[Page, Seen]]:
    """A page that has opened nothing yet; at the end, nobody else was asked for anything."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            args=[*_ARGUMENTS, *arguments],
        )
        base = f"http://{site.host}"
        page = browser.new_context(base_url=base, **device, **options).new_page()
        page.set_default_timeout(WAIT_MS)
        seen = Seen(site.host)
        page.on("request", lambda request: seen.asked.append(request.url))
        page.on("websocket", lambda socket: seen.asked.append(socket.url))
        page.on("response", lambda answer: seen.answers.append(answer))
        page.on("console", lambda message: seen.complaints.append(message.text))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        try:
            yield page, seen
            assert seen.elsewhere == []
        finally:
            browser.close()


@functools.cache
def page_night(folder: Path) -> Path:
    """The demo night with all that is derived from it, and its index; not to be written to."""
    out = folder / "page-night"
    shutil.copytree(browsed_night(folder), out)
    for job in ("embed", "summarise", "index"):
        assert main([job, "--out", str(out), *GIVEN]) == 0
    return out
