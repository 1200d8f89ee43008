"""A recording of several clips plays as one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from af3core.nano.demo_archive import ARCHIVE
from beam_jobs.cli import main
from tests.beam_jobs.browse.page_night import browsing
from tests.beam_jobs.browse.served import Site, served
from tests.beam_jobs.small_night import TOLERANT

pytestmark = pytest.mark.browser

TASKS = "transcript: {kind: transcript, prompt: Transcribe the input speech.}\n"
COOKING = "20a700086497d81cb84fe69d"
SECOND_CLIP_S = 56.992
CLIP_AT = "() => document.getElementById('audio').currentSrc.split('/').at(-1)"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, untrained: Path) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("clips")
    archive, tasks, out = folder / "2026-11-21", folder / "tasks.yaml", folder / "out"
    archive.mkdir()
    [source] = ARCHIVE.rglob("cooking_show.opus")
    shutil.copy(source, archive)
    tasks.write_text(TASKS)
    given = ["--model", str(untrained), "--tasks", str(tasks)]
    cut = ["--max-clip-s", "60"]
    assert main(["annotate", str(archive), "--out", str(out), *given, *cut, *TOLERANT]) == 0
    with served(out) as site:
        yield site


def test_playing_goes_on_from_clip_to_clip(site: Site) -> None:
    with browsing(site) as (page, seen):
        page.goto(f"/recording/{COOKING}?t={SECOND_CLIP_S - 1.5}")
        page.get_by_role("button", name="Play", exact=True).click()
        page.wait_for_function("() => document.getElementById('audio').currentTime > 55.7")
        first = page.evaluate(CLIP_AT)
        expect(page.locator(".clock")).to_have_text("0:58", timeout=10_000)
        assert page.evaluate(CLIP_AT) != first
        assert page.evaluate("() => document.getElementById('audio').currentTime") < 10
        expect(page.locator("[aria-current=true] button")).to_have_text("0:56")
        track = page.get_by_role("slider", name="Position in the recording")
        track.press("End")
        expect(page.locator(".clock")).to_have_text("2:38")
        page.get_by_role("button", name="Play", exact=True).click()
        expect(page.locator(".clock")).to_have_text("0:01")
        assert page.evaluate(CLIP_AT) == first
        assert seen.complaints == []
