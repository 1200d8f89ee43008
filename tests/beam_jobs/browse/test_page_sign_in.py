"""Signing in on the page in a browser: to the page that was asked for, out, and then revoked."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from beam_jobs.people.people_changes import add_person, revoke_person
from tests.beam_jobs.browse.page_night import browsing
from tests.beam_jobs.browse.served import served
from tests.beam_jobs.search.said import FIRST, publish

pytestmark = pytest.mark.browser


def test_a_person_signs_in_and_out(tmp_path: Path) -> None:
    publish(tmp_path / "out", FIRST, {"a" * 24: ["A storm at sea"]})
    people = tmp_path / "people.toml"
    token = add_person(people, "Ada <b>", "editor")
    with served(tmp_path / "out", people=people) as site, browsing(site) as (page, seen):
        page.goto("/sql?sql=SELECT+7")
        page.get_by_role("heading", name="Sign in").wait_for()
        page.get_by_label("Your token").fill(token)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("textbox", name="SQL")).to_have_value("SELECT 7")
        expect(page.locator("#person")).to_have_text("Ada <b>Sign out")
        page.get_by_role("button", name="Run").click()
        expect(page.get_by_role("status")).to_contain_text("1 row")
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("heading", name="Sign in").wait_for()
        assert page.context.cookies() == []
        page.goto("/sign-in?to=//evil.example/")
        page.get_by_label("Your token").fill(token)
        page.get_by_label("Your token").press("Enter")
        expect(page.locator("#person")).to_contain_text("Ada")
        assert page.url == f"http://{site.host}/"
        assert seen.complaints == []
        revoke_person(people, "Ada <b>")
        page.reload()
        page.get_by_label("Your token").fill(token)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator(".status.is-error")).to_contain_text("the token is nobody's")
