"""What `plan` records of a night, and how the jobs behind it read it.

plan ──► manifests/configurations/HASH.json, named by the manifest of each day
     ──► segment, annotate, audit, publish, report
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Protocol

from af3core.errors import Af3Error, ConfigurationError
from af3core.model.weights.checkpoint import Checkpoint
from af3core.storage.store import Store
from af3core.tasks.task import Task
from beam_jobs.framework.command_line import given_value, read_group
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import Days, manifests
from beam_jobs.output.next_command import af3
from schemas.identity import configuration_hash, hashed_fields
from schemas.jobs import RECORDED
from schemas.options.night import Cutting, Model, Tasks
from schemas.options.option import Option, OptionGroup, options_of, values_of
from schemas.record_format import RecordError, decoded
from schemas.records import NightConfiguration


class PlannedSettings(Protocol):
    """What a job's settings hold of its plan."""

    @property
    def groups(self) -> tuple[OptionGroup, ...]: ...
    @property
    def tasks(self) -> tuple[Task, ...]: ...
    @property
    def checkpoint(self) -> Checkpoint: ...
    @property
    def store(self) -> Store: ...


class PlanLost(Af3Error):
    """A day's manifest names a configuration that is not there."""


def configuration_of(
    groups: Sequence[OptionGroup], tasks: Sequence[Task], weights_revision: str
) -> NightConfiguration:
    """The record of a night's resolved options. Pure."""
    options = {
        known.name: value
        for group in groups
        if type(group) in RECORDED and not isinstance(group, Tasks)
        for known, value in values_of(group)
        if known.declared.recorded_at_default or value != known.default
    }
    return NightConfiguration(options, tuple(map(fields_of, tasks)), weights_revision)


def plan_of(settings: PlannedSettings) -> NightConfiguration:
    """The record of a job's settings."""
    return configuration_of(settings.groups, settings.tasks, settings.checkpoint.revision)


def record_plan(settings: PlannedSettings) -> None:
    """Keep the resolved options of a night, before the manifests name them."""
    plan = plan_of(settings)
    Ledger(settings.store).put_configuration(identity_of_plan(plan), plan)


def identity_of_plan(plan: NightConfiguration) -> str:
    """By which a manifest names it."""
    return configuration_hash(plan.to_json())


def find_plan(store: Store, corpus: str, since: str, until: str) -> NightConfiguration | None:
    """What was recorded of an interval; None where nothing is planned, or by 0.1.0 alone.

    Raises:
        ConfigurationError: its days were planned with different options.
        PlanLost: the record is gone.
    """
    ledger = Ledger(store)
    days = {m.date: m.configuration for m in manifests(ledger, Days(corpus, since, until))}
    if not any(days.values()):
        return None
    first, *others = sorted(days)
    plan = plan_of_day(first, days[first], ledger)
    for day in others:
        other = plan if days[day] == days[first] else plan_of_day(day, days[day], ledger)
        if plan is None or other is None or _for_rows(plan) != _for_rows(other):
            raise ConfigurationError(
                f"{first} and {day} of corpus {corpus} were planned with different options; name"
                " days that were planned alike with --since and --until, or run"
                f" {af3('plan')} over all"
            )
        plan = other  # of limits that differ, the last day's count
    return plan


def plan_of_day(day: str, identity: str, ledger: Ledger) -> NightConfiguration | None:
    """What the manifest of a day names; None where it was planned by 0.1.0.

    Raises:
        PlanLost: the record is gone.
    """
    if not identity:
        return None
    plan = ledger.configuration(identity)
    if plan is None:
        raise PlanLost(
            f"{ledger.store.address('')}: the options that {day} was planned with are gone; run"
            f" {af3('plan')} again"
        )
    return plan


def rows_identity(plan: NightConfiguration) -> str:
    """The identity of what rows follow from: two plans of other budgets have the same."""
    return configuration_hash(_for_rows(plan))


def _for_rows(plan: NightConfiguration) -> tuple[object, ...]:
    """What rows follow from."""
    options = {
        known.name: value
        for group in (Cutting, Model)
        for known in options_of(group)
        # an earlier release lacks some
        if (value := plan.options.get(known.name, known.default)) != known.default
        or known.declared.recorded_at_default
    }
    return options, plan.tasks, plan.weights_revision


def recorded_groups(
    namespace: argparse.Namespace, plan: NightConfiguration | None
) -> list[OptionGroup]:
    """The groups that `plan` recorded; what is given again must be the same.

    Raises:
        ConfigurationError: an option contradicts the record.
    """
    groups = []
    for group in RECORDED:
        given = read_group(group, namespace)
        if plan is None or group is Tasks:
            groups.append(given)
            continue
        for known in options_of(group):
            _check(known, given_value(known, namespace), plan.options)
        held = {o.name: plan.options[o.name] for o in options_of(group) if o.name in plan.options}
        groups.append(group(**held))
    return groups


def fields_of(task: Task) -> dict[str, Any]:
    """What is recorded of a task; a field that came later stands there only where it is set, so
    that a plan of before is the same plan.
    """
    return hashed_fields(task)


def task_of(fields: dict[str, Any]) -> Task:
    """A task back from its recorded fields.

    Raises:
        RecordError: they are no task's.
    """
    return decoded(Task, fields)


def recorded_tasks(
    given: Tasks, resolved: tuple[Task, ...], plan: NightConfiguration
) -> tuple[Task, ...]:
    """The tasks that `plan` recorded; tasks that are named again must be the same.

    Raises:
        ConfigurationError: they are others.
        PlanLost: they cannot be read.
    """
    try:
        recorded = tuple(task_of(task) for task in plan.tasks)
    except RecordError as error:
        raise PlanLost(
            f"the tasks that af3 plan recorded cannot be read ({error.why}); run"
            f" {af3('plan')} again, or use the release that did"
        ) from error
    if given != Tasks() and resolved != recorded:
        names = ", ".join(task.task_id for task in recorded)
        raise ConfigurationError(
            f"the tasks are not those that af3 plan recorded ({names}); leave --tasks, --only and"
            f" --ask out, or run {af3('plan')} again with them"
        )
    return recorded


def _check(known: Option, given: Any, recorded: dict[str, Any]) -> None:
    if given is None or (known.words and given in known.words):
        return  # what a word stands for, the recorded value is compared with where it is resolved
    planned = recorded.get(known.name, known.default)
    if given != planned:
        raise ConfigurationError(
            f"{known.flag} {given}: af3 plan recorded {planned}; leave it out, or run"
            f" {af3('plan')} again with it"
        )
