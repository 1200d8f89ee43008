"""The archive page in headless Chromium, over the demo night with all that is derived from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page, Response, expect, sync_playwright

from tests.beam_jobs.browse.served import Site
from tests.dags.browser import chromium
from tests.servers import network_kept

_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--mute-audio")
WAIT_MS = 20_000
expect.set_options(timeout=WAIT_MS)
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
    unanswered: list[str] = field(default_factory=list)

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
    with network_kept(), sync_playwright() as playwright:
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
        page.on("requestfailed", lambda request: seen.unanswered.append(request.url))
        try:
            yield page, seen
            assert seen.elsewhere == []
        except Exception:
            print(f"complaints: {seen.complaints}; not answered: {seen.unanswered}")
            raise
        finally:
            browser.close()
