"""What the watch does about days that lack something, and what it says. Pure functions."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from dags.corpus.corpus import Corpus
from dags.night.night_runs import NightRun
from dags.night.watch_memory import DayMemory, Memory
from dags.night.watched_days import planned_at
from schemas.day_status import DayStatus

_MAX_WAIT_H = 24
_LOOK_AGAIN_S = 600
"""While days are left to be brought to a run, one after the other."""


class Cause(StrEnum):
    """Why a day lacks something."""

    RUNNING = "running"
    JUST_ENDED = "just ended"
    PAUSED = "paused"
    QUEUED = "queued"
    DECISION = "decision"
    TO_COME = "to come"
    STUCK = "stuck"
    FAILED = "failed"
    LEFT = "left"
    NO_RUN = "no run"


BROUGHT = (Cause.STUCK, Cause.FAILED, Cause.LEFT, Cause.NO_RUN)
"""Causes that the watch itself does something about."""


@dataclass(frozen=True)
class Look:
    """What a look at a corpus found.

    Attributes:
        days: that the archive, the plans or the tables have, oldest first.
        listed_at: when these were begun to be listed: what ended since is not in them.
        runs: of these days and of now, in order.
        stuck: ids of runs that stay in the queue for ever.
        failed_days: of which a run failed, as its own notice said.
        is_paused: the nightly DAG is switched off.
    """

    now: datetime.datetime
    days: Sequence[DayStatus]
    listed_at: datetime.datetime
    runs: Sequence[NightRun]
    stuck: frozenset[str] = frozenset()
    failed_days: frozenset[str] = frozenset()
    is_paused: bool = False

    def runs_of(self, day: str) -> list[NightRun]:
        return [run for run in self.runs if run.day == day]


@dataclass(frozen=True)
class Finding:
    """A day that lacks something, why, and the run that it is about."""

    status: DayStatus
    cause: Cause
    run: NightRun | None = None

    @property
    def day(self) -> str:
        return self.status.date

    @property
    def lacks(self) -> tuple[int, ...]:
        """What it lacks: as long as that is the same, trying again has to wait."""
        return (self.status.objects or 0, self.status.missing, self.status.waiting)


def findings(corpus: Corpus, look: Look) -> list[Finding]:
    """The days that lack something, oldest first."""
    scheduled = [run.day for run in look.runs if run.is_scheduled]
    last_scheduled = max(scheduled, default="")
    lacking = [day for day in look.days if not day.is_complete]
    return [
        _finding(day, look, is_to_come=corpus.catchup and day.date > last_scheduled)
        for day in lacking
    ]


def _finding(status: DayStatus, look: Look, is_to_come: bool) -> Finding:
    runs = look.runs_of(status.date)
    stuck = [run for run in runs if run.run_id in look.stuck]
    others = [run for run in runs if run.run_id not in look.stuck]
    unfinished = {run.state: run for run in others if run.is_unfinished}
    last = others[-1] if others else None
    if running := unfinished.get("running"):
        return Finding(status, Cause.RUNNING, running)
    if any(run.ended_at is not None and run.ended_at >= look.listed_at for run in others):
        return Finding(status, Cause.JUST_ENDED, last)
    if status.awaiting_decision and not (last and last.is_approved):
        return Finding(status, Cause.DECISION, last)
    if look.is_paused:
        return Finding(status, Cause.PAUSED, unfinished.get("queued"))
    if queued := unfinished.get("queued"):
        return Finding(status, Cause.QUEUED, queued)
    if is_to_come:
        return Finding(status, Cause.TO_COME)
    if stuck and (last is None or last.is_backfill or last.moment < stuck[-1].moment):
        return Finding(status, Cause.STUCK, stuck[-1])
    if last is None:
        return Finding(status, Cause.NO_RUN)
    return Finding(status, Cause.FAILED if last.state == "failed" else Cause.LEFT, last)


def day_to_bring(look: Look, memory: Memory, found: Sequence[Finding]) -> Finding | None:
    """The oldest day that is to be brought to a run now.

    One at a time: only while no run but those of backfills is queued or running, so that tonight's
    run finds its place. What was tried for the same lack waits, from two hours, twice as long each
    time, up to a day.
    """
    if any(run.is_unfinished and not run.is_backfill for run in look.runs):
        return None
    for finding in found:
        known = memory.days.get(finding.day)
        if finding.cause in BROUGHT and not _waits(look.now, known, finding):
            return finding
    return None


def is_more_to_bring(look: Look, memory: Memory, found: Sequence[Finding]) -> bool:
    """Whether a day could be brought now, were it not for other runs: another look comes soon."""
    return any(
        finding.cause in BROUGHT and not _waits(look.now, memory.days.get(finding.day), finding)
        for finding in found
    )


def next_look(now: datetime.datetime) -> datetime.datetime:
    """When the next look comes while days are left: at the next full ten minutes of the clock.

    Every look asks for one; those that several ask for within the same ten minutes are one.
    """
    slots = now.timestamp() // _LOOK_AGAIN_S + 1
    return datetime.datetime.fromtimestamp(slots * _LOOK_AGAIN_S, datetime.UTC)


def _waits(now: datetime.datetime, known: DayMemory | None, finding: Finding) -> bool:
    if known is None or not known.brought or known.brought_for != finding.lacks:
        return False
    return now < _tried_again_at(known)


def _tried_again_at(known: DayMemory) -> datetime.datetime:
    """Until then a day that was brought to a run has its time."""
    wait = datetime.timedelta(hours=min(_MAX_WAIT_H, 2**known.brought))
    return datetime.datetime.fromisoformat(known.brought_at) + wait


def run_to_clear(finding: Finding) -> str | None:
    """The failed run that is cleared; None where a new one is created.

    A backfill's run is left: that of a cancelled backfill would stay in the queue for ever.
    """
    run = finding.run
    if finding.cause is not Cause.FAILED or run is None or run.is_backfill:
        return None
    return run.run_id


def new_run_id(day: str, runs: Sequence[NightRun]) -> str:
    """The id of the next run that the watch creates of a day: two looks at once create one."""
    prefix = f"watch__{day}__"
    numbers = [run.run_id.removeprefix(prefix) for run in runs if run.run_id.startswith(prefix)]
    return f"{prefix}{1 + max((int(n) for n in numbers if n.isdecimal()), default=0)}"


def seen(memory: Memory, look: Look, found: Sequence[Finding]) -> Memory:
    """What is known after a look: days that lack something are noted, those that leave the watched
    ones are forgotten.
    """
    days = dict(memory.days)
    for finding in found:
        known = days.get(finding.day) or DayMemory(look.now.isoformat())
        failed = known.failed or finding.cause is Cause.FAILED
        days[finding.day] = replace(known, failed=failed)
    for day in look.failed_days:
        days[day] = replace(days.get(day) or DayMemory(look.now.isoformat()), failed=True)
    is_idle = not running_backfill(look)
    idle_looks = memory.idle_looks + 1 if is_idle else 0
    return Memory(days, memory.backfill_said and idle_looks < 2, idle_looks)


def forget_before(memory: Memory, since: str) -> Memory:
    """Days that are watched no longer are no longer known."""
    return replace(memory, days={d: known for d, known in memory.days.items() if d >= since})


def brought(memory: Memory, look: Look, finding: Finding) -> Memory:
    """What is known after a day was brought to a run."""
    known = memory.days.get(finding.day) or DayMemory(look.now.isoformat())
    times = known.brought + 1 if known.brought_for == finding.lacks else 1
    at = look.now.isoformat()
    known = replace(known, brought=times, brought_at=at, brought_for=finding.lacks)
    return memory.with_day(finding.day, known)


def told(memory: Memory, finding: Finding) -> Memory:
    """What is known after a day was said to be late: its cause is not said again."""
    known = memory.days[finding.day]
    said = (*known.said, finding.cause.value)
    return memory.with_day(finding.day, replace(known, said=said))


def backfill_told(memory: Memory) -> Memory:
    """What is known after the backfill that runs was said to be late."""
    return replace(memory, backfill_said=True)


def late_days(
    corpus: Corpus, look: Look, memory: Memory, found: Sequence[Finding]
) -> list[Finding]:
    """The days of which it is to be said that they are late, or wait for a decision.

    Late is counted from the planned time of a day that was never published, else from when its lack
    was seen. Of a day whose run is a backfill's that is on its way, nothing is said here;
    nor of one that the watch brought to a run, until it would try again.
    """
    late = []
    for finding in found:
        known = memory.days.get(finding.day)
        is_lacking = finding.status.missing > 0 or finding.status.awaiting_decision
        if known is None or not is_lacking or finding.cause.value in known.said:
            continue
        if finding.cause is Cause.JUST_ENDED:
            continue  # the next look knows
        is_on_its_way = finding.cause in (Cause.RUNNING, Cause.QUEUED)
        if is_on_its_way and finding.run is not None and finding.run.is_backfill:
            continue
        if is_on_its_way and known.brought and look.now < _tried_again_at(known):
            continue  # what the watch brought it to has just begun
        if _is_late(corpus, look.now, finding, known):
            late.append(finding)
    return late


def _is_late(corpus: Corpus, now: datetime.datetime, finding: Finding, known: DayMemory) -> bool:
    hours = corpus.alerts.late_after_h
    if hours is None:
        return finding.cause is Cause.DECISION
    begun = planned_at(corpus, finding.day)
    if finding.status.last_published:
        begun = max(begun, datetime.datetime.fromisoformat(known.lacking_since))
    return now >= begun + datetime.timedelta(hours=hours)


def late_backfill(corpus: Corpus, look: Look, memory: Memory) -> NightRun | None:
    """The backfill's run that takes too long, counted from its own start; once for a backfill."""
    hours = corpus.alerts.late_after_h
    run = running_backfill(look)
    if hours is None or run is None or run.started_at is None or memory.backfill_said:
        return None
    return run if look.now >= run.started_at + datetime.timedelta(hours=hours) else None


def running_backfill(look: Look) -> NightRun | None:
    """The run of a backfill that began first, of those that run."""
    running = [run for run in look.runs if run.is_backfill and run.state == "running"]
    return min(running, key=lambda run: run.moment, default=None)


def recovered_days(look: Look, memory: Memory, found: Sequence[Finding]) -> list[str]:
    """The days that were late or failed, lack nothing now, and whose last run did not fail."""
    lacking = {finding.day for finding in found}
    return [
        day
        for day, known in sorted(memory.days.items())
        if (known.said or known.failed) and day not in lacking and _is_done(look.runs_of(day), look)
    ]


def _is_done(runs: Sequence[NightRun], look: Look) -> bool:
    moving = [run for run in runs if run.run_id not in look.stuck]
    if any(run.is_unfinished for run in moving):
        return False
    return not moving or moving[-1].state == "success"


def complete_days(look: Look, memory: Memory, found: Sequence[Finding]) -> list[str]:
    """The days that nothing was said of, and that lack nothing now: they are forgotten."""
    lacking = {finding.day for finding in found}
    known: Mapping[str, DayMemory] = memory.days
    return [day for day, k in known.items() if day not in lacking and not (k.said or k.failed)]


def may_be_stuck(runs: Sequence[NightRun]) -> list[NightRun]:
    """Cleared runs of backfills that wait in the queue while no run of a backfill runs.

    Airflow 3.3.2 starts one within seconds, but where its backfill was cancelled, or is paused.
    """
    backfills = [run for run in runs if run.is_backfill]
    if any(run.state == "running" for run in backfills):
        return []
    return [run for run in backfills if run.state == "queued" and run.clear_number > 0]
