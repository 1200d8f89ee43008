"""Airflow's UI in headless Chromium, as an operator uses it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from playwright.sync_api import Locator, Page, sync_playwright

from infra.local_airflow import LocalAirflow
from tests.servers import needs, network_kept

WAIT_MS = 60_000
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    """The installed browser; None leaves it to Playwright's own (`playwright install chromium`)."""
    needs("browser")
    named = os.environ.get("CHROMIUM")
    return named or next((path for name in _NAMES if (path := shutil.which(name))), None)


@contextmanager
def logged_in(airflow: LocalAirflow, user: str) -> Iterator[Page]:
    """A page of the UI after the login of a user."""
    with network_kept(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(WAIT_MS)
        page.goto(f"{airflow.url}/auth/login?next=/")
        page.fill("input[name=username]", user)
        page.fill("input[name=password]", airflow.passwords[user])
        page.click("button[type=submit]")
        page.wait_for_url(f"{airflow.url}/")
        try:
            yield page
        finally:
            browser.close()


def open_dag(page: Page, airflow: LocalAirflow, dag: str) -> None:
    page.goto(f"{airflow.url}/dags/{dag}")
    page.get_by_role("heading", name=dag).first.wait_for()


def dialog_of(page: Page) -> Locator:
    return page.locator("[role=dialog][data-scope=dialog][data-state=open]")


def fill_in_backfill(page: Page, first: str, last: str, behavior: str) -> Locator:
    """Fill in the backfill dialog of the open DAG; gives the dialog."""
    page.get_by_test_id("trigger-dag-button").click()
    dialog = dialog_of(page)
    dialog.get_by_text("Backfill", exact=True).click()
    for number, date in enumerate((first, last)):
        _pick(page, dialog, number, date)
    dialog.get_by_text(behavior, exact=True).click()
    return dialog


def start_backfill(page: Page, first: str, last: str, behavior: str) -> None:
    """Fill in the backfill dialog of the open DAG and send it."""
    dialog = fill_in_backfill(page, first, last, behavior)
    dialog.get_by_role("button", name="Run Backfill").click()
    dialog.wait_for(state="hidden")


def trigger_with(page: Page, values: dict[str, str], switches: tuple[str, ...] = ()) -> None:
    """Fill in the trigger form of the open DAG and send it: values by parameter, switches on."""
    page.get_by_test_id("trigger-dag-button").click()
    dialog = dialog_of(page)
    for name, value in values.items():
        dialog.locator(f"input[name=element_{name}]").fill(value)
    for name in switches:
        dialog.locator(f"[id=element_{name}]").first.click()
    dialog.get_by_role("button", name="Trigger", exact=True).click()
    dialog.wait_for(state="hidden")


def fail_task(page: Page, airflow: LocalAirflow, dag: str, run: str, task: str) -> None:
    """Mark a task as failed by clicks."""
    page.goto(f"{airflow.url}/dags/{dag}/runs/{quote(run, safe='')}/tasks/{task}")
    _mark_failed(page, "Mark Task Instance as")


def fail_run(page: Page, airflow: LocalAirflow, dag: str, run: str) -> None:
    """Mark a run as failed by clicks."""
    page.goto(f"{airflow.url}/dags/{dag}/runs/{quote(run, safe='')}")
    _mark_failed(page, "Mark Dag Run as")


def row_of_run(page: Page, airflow: LocalAirflow, dag: str, run: str) -> str:
    """What the page of a DAG's runs shows of one."""
    address = f"{airflow.url}/dags/{dag}/runs"
    if page.url != address:
        page.goto(address)
    link = page.locator(f'a[href$="/dags/{dag}/runs/{run}"]')
    row = page.locator("tr").filter(has=link)
    row.wait_for()
    return row.inner_text()


def _mark_failed(page: Page, label: str) -> None:
    page.get_by_label(re.compile(f"^{label}")).first.click()
    page.get_by_role("menuitem", name=re.compile("Failed")).click()
    dialog = dialog_of(page)
    dialog.get_by_role("button", name="Confirm").click()
    dialog.wait_for(state="hidden")


def _pick(page: Page, dialog: Locator, number: int, date: str) -> None:
    dialog.get_by_text("Select date and time").first.click()
    popover = page.locator("[data-scope=popover][data-part=content][data-state=open]")
    field = popover.get_by_placeholder("YYYY/MM/DD")
    field.fill(date.replace("-", "/"))
    field.press("Enter")
    page.keyboard.press("Escape")
