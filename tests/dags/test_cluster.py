"""A night on three worker hosts: one loses its power, one its network, and the tables are the same.

Both happen in one night, as hosts, Airflow and the wait for what is lost take minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

import pytest

from beam_jobs.night.annotate import in_part
from tests.beam_jobs.small_night import all_rows, night
from tests.dags.cluster import GPU_QUEUE, Cluster, cluster, out_of, source_of
from tests.dags.corpora import CLIPS, served_options
from tests.dags.site import day, long_recording

pytestmark = [pytest.mark.airflow, pytest.mark.hosts, pytest.mark.storage_server]

CORPUS, DAG, TASK = "nightly", "annotate__nightly", "annotate"
PARTS = 3
LONG_S = 750.0
"""Audio of the night: every part has several of its clips."""
ANSWERS_OF_A_CLIP = 4
Tables = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def hosts(untrained: Path) -> Iterator[Cluster]:
    """A running cluster with a worker for each part."""
    with cluster(untrained) as made:
        made.add_corpus(CORPUS, runner={"parts": PARTS}, cutting=CLIPS, pool="gpus")
        long_recording(made.site.archive(CORPUS), 3, LONG_S)
        made.upload_archive(CORPUS)
        made.site.airflow.start()
        made.site.airflow.add_pool("gpus", PARTS, "for tests")
        for _ in range(PARTS):
            made.add_worker()
        yield made


@pytest.fixture(scope="module")
def undisturbed(hosts: Cluster, untrained: Path) -> Tables:
    """The tables of a night of one process over a local folder."""
    archive, out = hosts.site.archive(CORPUS), hosts.site.folder / "alone" / CORPUS
    options = ["--max-clip-s", str(CLIPS["max_clip_s"]), "--corpus", CORPUS]
    night(archive, out, untrained, *options, *served_options(hosts.model))
    return all_rows(out, archive)


def met_in_the_middle(hosts: Cluster, clips: Set[str]) -> tuple[str, dict[str, str], list[int]]:
    """A run whose parts all have answers; gives its id, those answers, and the parts in the order
    of what they miss, most first."""
    run = hosts.site.trigger(DAG, day=day(3))

    def of_part(found: Set[str], part: int) -> int:
        return sum(in_part(clip, (part, PARTS)) for clip in found)

    hosts.site.until(lambda: all(of_part(hosts.answered(CORPUS).keys(), p) for p in range(PARTS)))
    done = hosts.answered(CORPUS)
    missing = clips - done.keys()
    return run, done, sorted(range(PARTS), key=lambda part: -of_part(missing, part))


def test_hosts_that_lose_power_or_network_cost_no_answer(
    hosts: Cluster, undisturbed: Tables
) -> None:
    clips = {row["clip_id"] for row in undisturbed["segments"]}
    hosts.wait_for_workers()
    with hosts.model.holding_after(ANSWERS_OF_A_CLIP):
        run, done, (to_kill, to_cut_off, _) = met_in_the_middle(hosts, clips)
        parts = hosts.site.parts(DAG, run, TASK)
        assert {part["hostname"] for part in parts} == {host.address for host in hosts.workers}
        dead, cut_off = (hosts.worker(parts[part]["hostname"]) for part in (to_kill, to_cut_off))
        dead.lose_power()
        cut_off.unplug()

    def are_given_up() -> bool:
        found = hosts.site.parts(DAG, run, TASK)
        lost = [found[part] for part in (to_kill, to_cut_off)]
        return all(part["state"] == "up_for_retry" or part["try_number"] == 2 for part in lost)

    hosts.site.until(are_given_up)
    cut_off.plug_in()
    assert hosts.site.finished(DAG, [run]) == {run: "success"}

    parts = hosts.site.parts(DAG, run, TASK)
    assert {n: part["try_number"] for n, part in enumerate(parts)} == {
        n: 2 if n in (to_kill, to_cut_off) else 1 for n in range(PARTS)
    }
    assert dead.address not in {part["hostname"] for part in parts}
    assert {(part["pool"], part["queue"]) for part in parts} == {("gpus", GPU_QUEUE)}
    assert [part["rendered_map_index"] for part in parts] == [f"part {n} of 3" for n in (1, 2, 3)]
    assert hosts.answering() == {host.address for host in hosts.workers} - {dead.address}
    # no job of it goes on, there or elsewhere
    assert hosts.site.jobs(DAG) == []

    answered = hosts.answered(CORPUS)
    # an answer that is made again is another object
    assert {clip: answered[clip] for clip in done} == done
    assert answered.keys() == clips
    assert all_rows(out_of(CORPUS), source_of(CORPUS)) == undisturbed


def _finished_log(hosts: Cluster, run: str, number: int) -> str:
    """A part's log once its last line is there: its host sends it after the task has ended."""

    def log() -> str:
        part = hosts.site.parts(DAG, run, TASK)[number]
        return str(hosts.site.log(DAG, run, TASK, part["try_number"], number))

    hosts.site.until(lambda: "\nreport: " in log())
    return log()


def test_each_part_has_its_log_and_its_report(hosts: Cluster) -> None:
    (run,) = (found["dag_run_id"] for found in hosts.site.runs(DAG))
    for number in range(PARTS):
        log = _finished_log(hosts, run, number)
        assert f"--part={number}/{PARTS}" in log
        page = f"/annotate?map_index={number}"
        (report,) = (line for line in log.splitlines() if line.startswith("report: "))
        assert report.endswith(page)
        answer = hosts.site.client().get(report.removeprefix("report: "))
        assert "<tr><th>answers made<td>" in answer.text
