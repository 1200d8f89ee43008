"""What the watch does about days that lack something, and what it says of them."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dags.corpus.corpus import Alerts, Corpus
from dags.night import watch_decisions as watch
from dags.night.night_runs import NightRun
from dags.night.watch_decisions import Cause, Finding, Look
from dags.night.watch_memory import DayMemory, Memory
from dags.night.watch_notices import (
    failing_text,
    late_backfill_text,
    late_text,
    looks_again_text,
    recovery_text,
    run_link,
)
from schemas.day_status import DayStatus

DAY, NEXT_DAY = "2026-11-03", "2026-11-04"
NOW = datetime.datetime(2026, 11, 5, 12, 0, tzinfo=datetime.UTC)
CORPUS = Corpus(
    name="radio",
    source="/a",
    out="/b",
    schedule="0 1 * * *",
    timezone="Europe/Berlin",
    alerts=Alerts(late_after_h=6),
)


def status(day: str = DAY, missing: int = 1, **more: Any) -> DayStatus:
    held: dict[str, Any] = {"objects": 2, "planned": None, "published": 2 - missing, "failed": 0}
    held |= {"waiting": 0, "awaiting_decision": False, "models": None, "last_published": None}
    return DayStatus(date=day, missing=missing, **held | more)


def run(
    state: str, kind: str = "scheduled", day: str = DAY, hour: int = 1, **more: Any
) -> NightRun:
    begun = datetime.datetime(2026, 11, 4, hour, tzinfo=datetime.UTC)
    given: dict[str, Any] = {"run_id": f"{kind}__{hour}", "run_after": begun, "started_at": begun}
    return NightRun(**given | {"day": day, "kind": kind, "state": state} | more)


def look(*days: DayStatus, **more: Any) -> Look:
    given: dict[str, Any] = {"runs": (), "listed_at": NOW}
    return Look(now=NOW, days=days or (status(),), **given | more)


def cause(found: Look, corpus: Corpus = CORPUS) -> Cause:
    (finding,) = watch.findings(corpus, found)
    return finding.cause


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Cause.NO_RUN, look()),
        (Cause.FAILED, look(runs=[run("failed")])),
        (Cause.LEFT, look(runs=[run("failed"), run("success", hour=2)])),
        (Cause.RUNNING, look(runs=[run("failed"), run("running", "manual", hour=2)])),
        (Cause.QUEUED, look(runs=[run("queued", "backfill")])),
        (Cause.PAUSED, look(runs=[run("queued")], is_paused=True)),
        (Cause.DECISION, look(status(awaiting_decision=True), runs=[run("failed")])),
        # the run that was approved, while it runs, and after it was lost
        (
            Cause.FAILED,
            look(status(awaiting_decision=True), runs=[run("failed", is_approved=True)]),
        ),
        (Cause.RUNNING, look(status(awaiting_decision=True), runs=[run("running")])),
        (
            Cause.STUCK,
            look(runs=[run("queued", "backfill")], stuck=frozenset({"backfill__1"})),
        ),
        (
            Cause.LEFT,
            look(
                runs=[run("queued", "backfill"), run("success", "operator_triggered", hour=3)],
                stuck=frozenset({"backfill__1"}),
            ),
        ),
        # it ended while the archive was listed
        (Cause.JUST_ENDED, look(runs=[run("success", ended_at=NOW)])),
        (Cause.LEFT, look(runs=[run("success", ended_at=NOW - datetime.timedelta(seconds=1))])),
        # another day's run is none of its own
        (Cause.NO_RUN, look(runs=[run("failed", day=NEXT_DAY)])),
    ],
)
def test_why_a_day_lacks_something(wanted: Cause, found: Look) -> None:
    assert cause(found) is wanted


def test_what_catchup_will_run_is_left_to_it() -> None:
    corpus = replace(CORPUS, catchup=True, first_day="2026-11-01")
    assert cause(look(), corpus) is Cause.TO_COME
    # the schedule is past that day: it comes no more
    assert cause(look(runs=[run("success", day=NEXT_DAY)]), corpus) is Cause.NO_RUN


def test_complete_days_are_no_findings() -> None:
    complete = [status(missing=0), status(NEXT_DAY, missing=0, failed=1)]
    assert watch.findings(CORPUS, look(*complete)) == []


def chosen(found: Look, memory: Memory | None = None) -> Finding | None:
    return watch.day_to_bring(found, memory or Memory(), watch.findings(CORPUS, found))


def test_the_oldest_day_that_may_be_brought_is_brought_while_nothing_else_is_on_its_way() -> None:
    both = (status(), status(NEXT_DAY))
    for found, day in (
        (look(*both), DAY),
        (look(*both, runs=[run("queued", "backfill")]), NEXT_DAY),
        (look(status(awaiting_decision=True), status(NEXT_DAY)), NEXT_DAY),
        (look(*both, runs=[run("running", day="2026-11-05")]), None),
        (look(*both, runs=[run("running", "backfill", day="2026-01-05")]), DAY),
        (look(*both, is_paused=True), None),
    ):
        brought = chosen(found)
        assert (brought.day if brought else None) == day


def test_what_was_tried_for_the_same_lack_waits_twice_as_long_each_time() -> None:
    found, memory, waited_h = look(), Memory(), []
    for _ in range(6):
        finding = chosen(found, memory)
        assert finding is not None
        memory = watch.brought(memory, found, finding)
        hours = 0
        while chosen(found, memory) is None:
            hours += 1
            found = replace(found, now=found.now + datetime.timedelta(hours=1))
        waited_h.append(hours)
    assert waited_h == [2, 4, 8, 16, 24, 24]
    # more recordings came: another lack
    memory = watch.brought(memory, found, watch.findings(CORPUS, found)[0])
    assert chosen(found, memory) is None
    assert chosen(replace(found, days=[status(missing=2, objects=3)]), memory) is not None


def test_another_look_comes_soon_while_days_are_left() -> None:
    both = look(status(), status(NEXT_DAY), runs=[run("running", day="2026-11-05")])
    found = watch.findings(CORPUS, both)
    memory = Memory()
    for finding in found:
        assert watch.is_more_to_bring(both, memory, found)
        memory = watch.brought(memory, both, finding)
    assert not watch.is_more_to_bring(both, memory, found)
    decision = look(status(awaiting_decision=True))
    assert not watch.is_more_to_bring(decision, Memory(), watch.findings(CORPUS, decision))


def test_failed_runs_are_cleared_but_those_of_backfills() -> None:
    for found, cleared in (
        (run("failed"), "scheduled__1"),
        (run("failed", "manual"), "manual__1"),
        (run("failed", "backfill"), None),
        (run("success"), None),
    ):
        (finding,) = watch.findings(CORPUS, look(runs=[found]))
        assert watch.run_to_clear(finding) == cleared


def test_runs_of_the_watch_are_numbered_by_day() -> None:
    runs = [run("failed", run_id=f"watch__{DAY}__{n}") for n in ("1", "10", "x")]
    assert watch.new_run_id(DAY, runs) == f"watch__{DAY}__11"
    assert watch.new_run_id(NEXT_DAY, runs) == f"watch__{NEXT_DAY}__1"


def told(found: Look, memory: Memory, corpus: Corpus = CORPUS) -> tuple[list[Finding], Memory]:
    """What is said of a look, and what is known then."""
    findings = watch.findings(corpus, found)
    memory = watch.seen(memory, found, findings)
    late = watch.late_days(corpus, found, memory, findings)
    for finding in late:
        memory = watch.told(memory, finding)
    return late, memory


def test_late_is_counted_from_the_planned_time_and_said_once_for_each_cause() -> None:
    # planned for 2026-11-04 01:00 in Berlin, which is midnight in UTC
    early = replace(look(), now=datetime.datetime(2026, 11, 4, 5, 59, tzinfo=datetime.UTC))
    late, memory = told(early, Memory())
    assert late == []
    on_time = replace(early, now=datetime.datetime(2026, 11, 4, 6, 0, tzinfo=datetime.UTC))
    late, memory = told(on_time, memory)
    assert [finding.cause for finding in late] == [Cause.NO_RUN]
    assert told(look(), memory)[0] == []
    late, memory = told(look(runs=[run("failed")]), memory)
    assert [finding.cause for finding in late] == [Cause.FAILED]
    assert told(look(), memory)[0] == []


def test_what_came_after_its_night_is_late_by_the_time_it_was_seen() -> None:
    came = status(published=1, last_published="2026-11-04T01:00:00+00:00")
    late, memory = told(look(came), Memory())
    assert late == []
    later = replace(look(came), now=NOW + datetime.timedelta(hours=6))
    assert [finding.day for finding in told(later, memory)[0]] == [DAY]


def test_a_day_that_was_just_brought_to_a_run_is_not_said_to_be_late_by_that_run() -> None:
    late, memory = told(look(), Memory())
    assert [finding.cause for finding in late] == [Cause.NO_RUN]
    (finding,) = watch.findings(CORPUS, look())
    memory = watch.brought(memory, look(), finding)
    for state in ("queued", "running"):
        assert told(look(runs=[run(state, "manual")]), memory)[0] == []
    later = replace(look(runs=[run("running", "manual")]), now=NOW + datetime.timedelta(hours=2))
    assert [finding.cause for finding in told(later, memory)[0]] == [Cause.RUNNING]


def test_of_days_that_wait_in_a_backfill_nothing_is_said_but_once_of_the_backfill() -> None:
    began = NOW - datetime.timedelta(hours=7)
    first = run("running", "backfill", started_at=began)
    queued = [run("queued", "backfill", f"2026-10-{n}", run_id=str(n)) for n in range(10, 20)]
    found = look(status(), *(status(r.day) for r in queued), runs=[first, *queued])
    late, memory = told(found, Memory())
    assert late == []
    assert watch.late_backfill(CORPUS, found, memory) == first
    memory = watch.backfill_told(memory)
    second = replace(found, runs=[replace(first, run_id="other", day=NEXT_DAY)])
    memory = watch.seen(memory, second, [])
    assert watch.late_backfill(CORPUS, second, memory) is None
    # one look between two of its runs is no end of it, two are
    for has_ended in (False, True):
        memory = watch.seen(memory, look(status(missing=0)), [])
        assert (watch.late_backfill(CORPUS, found, memory) == first) is has_ended
    assert watch.late_backfill(replace(CORPUS, alerts=Alerts()), found, Memory()) is None
    young = replace(first, started_at=NOW - datetime.timedelta(hours=5))
    assert watch.late_backfill(CORPUS, look(runs=[young]), Memory()) is None


def test_a_decision_is_said_once_and_nothing_of_what_alone_waits() -> None:
    decision = look(status(awaiting_decision=True))
    quiet = replace(CORPUS, alerts=Alerts())
    late, memory = told(decision, Memory(), quiet)
    assert [finding.cause for finding in late] == [Cause.DECISION]
    assert told(decision, memory, quiet)[0] == []
    assert told(look(), Memory(), quiet)[0] == []
    assert told(look(status(missing=0, waiting=2)), Memory())[0] == []


def recovered(found: Look, memory: Memory) -> list[str]:
    return watch.recovered_days(found, memory, watch.findings(CORPUS, found))


def test_days_that_were_late_or_failed_recover_once_they_lack_nothing() -> None:
    done = look(status(missing=0), runs=[run("failed"), run("success", hour=2)])
    late = Memory({DAY: DayMemory("", said=("no run",))})
    failed = watch.seen(Memory(), replace(done, failed_days=frozenset({DAY})), [])
    for memory in (late, failed):
        assert recovered(done, memory) == [DAY]
        assert recovered(look(), memory) == []
        assert recovered(replace(done, runs=[run("failed")]), memory) == []
        assert recovered(replace(done, runs=[run("running")]), memory) == []
    assert recovered(done, Memory({DAY: DayMemory("")})) == []
    assert watch.complete_days(done, Memory({DAY: DayMemory("")}), []) == [DAY]
    assert watch.forget_before(late, NEXT_DAY) == Memory()


def test_cleared_runs_that_wait_while_no_backfill_runs_may_be_stuck() -> None:
    cleared = run("queued", "backfill", clear_number=1)
    assert watch.may_be_stuck([cleared, run("queued", "backfill"), run("running")]) == [cleared]
    assert watch.may_be_stuck([cleared, run("running", "backfill", hour=2)]) == []
    assert watch.may_be_stuck([run("queued", clear_number=1)]) == []


def test_notices_carry_day_cause_remedy_and_link() -> None:
    (finding,) = watch.findings(CORPUS, look(runs=[run("failed")]))
    link = run_link("http://ui/", "annotate__radio", "scheduled__1+00:00")
    assert link == "http://ui/dags/annotate__radio/runs/scheduled__1%2B00%3A00"
    assert late_text(CORPUS, finding, link, NOW, "scheduled__1").splitlines() == [
        "af3: radio, 2026-11-03: is late: 1 of 2 objects are not published",
        "cause: its run scheduled__1 failed",
        "planned: 2026-11-04 01:00 Europe/Berlin, 36.0 h ago",
        "next: mend the cause, which the log of its failed task says; the day is run again by"
        " itself (scheduled__1, since now)",
        f"link: {link}",
    ]
    (finding,) = watch.findings(CORPUS, look(status(awaiting_decision=True)))
    first, _, _, remedy, _ = late_text(CORPUS, finding, link, NOW).splitlines()
    assert first.startswith("af3: radio, 2026-11-03: waits for a decision: 1 of 2")
    assert remedy.startswith("next: Trigger annotate__radio with Archive day 2026-11-03, and say")
    backfill = run("running", "backfill")
    assert late_backfill_text(CORPUS, backfill, link).splitlines() == [
        "af3: radio, 2026-11-03: a backfill is late",
        "cause: its run backfill__1 runs since 2026-11-04 02:00 Europe/Berlin, more than 6 h; the"
        " days behind it wait",
        "next: look at its running task; the log shows audio done, rate and time left",
        f"link: {link}",
    ]
    memory = DayMemory("", said=("no run",), failed=True)
    assert recovery_text(CORPUS, DAY, memory, link).splitlines() == [
        "af3: radio, 2026-11-03: is published, and lacks nothing",
        "cause: it was failed and late; a run has done it since",
        "next: nothing",
        f"link: {link}",
    ]


def test_a_watch_that_fails_is_said_and_so_is_its_return() -> None:
    assert failing_text("radio", "JobFailed: watch: gone", "http://ui/log").splitlines() == [
        "af3: radio: the watch fails: what its days lack is not known",
        "cause: JobFailed: watch: gone",
        "next: mend the cause; the watch looks again within an hour",
        "link: http://ui/log",
    ]
    assert looks_again_text("radio", "JobFailed: watch: gone", "http://ui").splitlines() == [
        "af3: radio: the watch looks again",
        "cause: it failed: JobFailed: watch: gone",
        "next: nothing",
        "link: http://ui",
    ]


@pytest.mark.parametrize("cause_of_it", list(Cause))
def test_every_cause_has_a_text(cause_of_it: Cause) -> None:
    for of_run in (None, run("failed", "backfill"), run("running")):
        text = late_text(CORPUS, Finding(status(), cause_of_it, of_run), "http://ui", NOW)
        assert [line.split(":")[0] for line in text.splitlines()] == [
            "af3",
            "cause",
            "planned",
            "next",
            "link",
        ]
        assert "{" not in text


day_memories = st.builds(
    DayMemory,
    lacking_since=st.just("2026-11-05T12:00:00+00:00"),
    said=st.lists(st.sampled_from([str(c) for c in Cause])).map(tuple),
    failed=st.booleans(),
    brought=st.integers(0, 9),
    brought_for=st.lists(st.integers(0, 9), max_size=3).map(tuple),
)


@given(st.dictionaries(st.dates().map(str), day_memories), st.booleans(), st.integers(0, 9))
def test_what_is_known_is_read_as_it_was_kept(
    days: dict[str, DayMemory], backfill_said: bool, idle_looks: int
) -> None:
    memory = Memory(days, backfill_said, idle_looks)
    assert Memory.from_json(memory.to_json()) == memory


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"days": {"2026-11-03": {}}}', "null"])
def test_what_cannot_be_read_begins_anew(text: str | None) -> None:
    assert Memory.from_json(text) == Memory()


def test_looks_that_are_asked_for_at_once_are_one() -> None:
    """The hourly look and the one after the last each ask for the next: they do not add up."""
    at = {watch.next_look(NOW + datetime.timedelta(seconds=s)) for s in (0, 1, 300, 599)}
    assert at == {NOW + datetime.timedelta(minutes=10)}
    assert watch.next_look(NOW + datetime.timedelta(minutes=10)) == NOW + datetime.timedelta(
        minutes=20
    )
