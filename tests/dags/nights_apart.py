"""Nights that are met in the middle of their work, and tables of one that nothing disturbs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.beam_jobs.small_night import night, rows
from tests.chat_server import Server
from tests.dags.corpora import CLIPS, served_options
from tests.dags.site import Site, answered, clips_in, day

OPTIONS = ("--max-clip-s", str(CLIPS["max_clip_s"]))
ANSWERS_OF_TWO_CLIPS = 8
TABLES = ("recordings", "segments", "captions", "transcripts", "answers", "failures")


@dataclass(frozen=True)
class Undisturbed:
    """The output of a night when nothing goes wrong, and how many questions it asked."""

    out: Path
    questions: int


def undisturbed_night(site: Site, checkpoint: Path, model: Server) -> Undisturbed:
    """The long recording, annotated without Airflow."""
    out, asked = site.out("undisturbed"), len(model.bodies)
    options = [*OPTIONS, *served_options(model)]
    night(site.archive("undisturbed"), out, checkpoint, *options)
    return Undisturbed(out, len(model.bodies) - asked)


@dataclass(frozen=True)
class KilledJob:
    """A run that has ended, and whose job `annotate` was killed when it had some answers.

    Attributes:
        state: how the run ended.
        done: the answers before the kill, as `answered` gives them.
        environment: of the job that was killed.
    """

    corpus: str
    run: str
    state: str
    done: dict[str, int]
    environment: dict[str, str]

    @property
    def dag(self) -> str:
        return f"annotate__{self.corpus}"


def night_of_a_killed_job(site: Site, model: Server) -> KilledJob:
    """A night of the corpus `job_killed`."""
    corpus = "job_killed"
    dag = f"annotate__{corpus}"
    with met_in_the_middle(site, model, corpus) as (run, done):
        jobs = site.jobs(dag)
        environment = jobs[0].environ()
        for process in jobs:
            process.kill()
    return KilledJob(corpus, run, site.finished(dag, [run])[run], done, environment)


@contextmanager
def met_in_the_middle(
    site: Site, model: Server, corpus: str
) -> Iterator[tuple[str, dict[str, int]]]:
    """A run that has some answers and waits for others while the body runs: its id, and those."""
    out = site.out(corpus)
    with model.holding_after(ANSWERS_OF_TWO_CLIPS):
        run = site.trigger(f"annotate__{corpus}", day=day(3))
        site.until(lambda: len(answered(out)) >= 2)
        done = answered(out)
        assert len(done) < clips_in(out)
        yield run, done


def assert_right_and_nothing_twice(
    site: Site, corpus: str, done: dict[str, int], undisturbed: Undisturbed
) -> None:
    out = site.out(corpus)
    after = answered(out)
    # an answer that is made again is written again
    assert {name: after[name] for name in done} == done
    assert len(after) == clips_in(out)
    paths = {"object_uri", "corpus"}
    for table in TABLES:
        found = [{k: v for k, v in r.items() if k not in paths} for r in rows(out, table)]
        of_it = rows(undisturbed.out, table)
        wanted = [{k: v for k, v in r.items() if k not in paths} for r in of_it]
        assert found == wanted, table
