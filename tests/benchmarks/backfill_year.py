"""A backfill of a year whose days are mostly empty: python -m tests.benchmarks.backfill_year

A real Airflow with PostgreSQL and its scheduler, on this machine.
"""

from __future__ import annotations

import argparse
import datetime
import tempfile
import time
from pathlib import Path

import psutil

from tests.chat_server import chat_server
from tests.dags.corpora import NIGHTLY, served
from tests.dags.site import WORDS, Site, partitions
from tests.dags.webhook import Webhook
from tests.media import spoken, write

FIRST = datetime.date(2025, 1, 1)
CORPUS = "year"
DAG = f"annotate__{CORPUS}"
MOST_MINUTES = 30.0


def main() -> None:
    """Backfill so many days, every 24th with a recording; say what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--at-once", type=int, default=4, help="Max Active Runs of the dialog")
    known = parser.parse_args()
    days = [(FIRST + datetime.timedelta(days=d)).isoformat() for d in range(known.days)]
    busy = days[12::24]
    with tempfile.TemporaryDirectory(prefix="af3-") as folder, chat_server() as model:
        site = Site(Path(folder), Path("nano"), Webhook("http://127.0.0.1:9"))
        archive = site.add_corpus(CORPUS, schedule=NIGHTLY, model=served(model))
        for number, day in enumerate(busy):
            words = f"the {WORDS[number % 10]} {WORDS[number // 10]} will be loud"
            write(archive / day / "short.wav", spoken(words))
        try:
            site.airflow.start()
            _measure(site, days, busy, known.at_once)
        finally:
            site.airflow.stop()


def _measure(site: Site, days: list[str], busy: list[str], at_once: int) -> None:
    site.unpause(DAG)
    cpu_s, begun = _cpu_s(site), time.monotonic()
    site.backfill(DAG, (days[0], days[-1]), "none", backwards=False, max_active_runs=at_once)
    deadline_s = 3 * MOST_MINUTES * 60
    site.until(lambda: site.backfills_are_done(DAG), deadline_s)
    wall_s, cpu_s = time.monotonic() - begun, _cpu_s(site) - cpu_s
    runs = [run for run in site.runs(DAG) if run["run_type"] == "backfill"]
    failed = [run["partition_key"] for run in runs if run["state"] != "success"]
    assert (len(runs), failed) == (len(days), []), failed
    assert partitions(site.out(CORPUS), "recordings") == busy
    print(
        f"{len(days)} days, {len(busy)} with a recording, {at_once} at once:"
        f" {wall_s / 60:.1f} min, {wall_s / len(days):.2f} s a day;"
        f" {cpu_s / len(days):.2f} CPU s a day of Airflow's scheduler, executor, tasks and jobs"
        " that they waited for"
    )


def _cpu_s(site: Site) -> float:
    """Of all Airflow's processes, with those that they waited for."""
    total = 0.0
    for process in site.airflow.processes.values():
        for each in [psutil.Process(process.pid), *psutil.Process(process.pid).children(True)]:
            try:
                total += sum(each.cpu_times()[:4])
            except psutil.NoSuchProcess:
                continue
    return total


if __name__ == "__main__":
    main()
