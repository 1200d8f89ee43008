"""Which tests run one after the other in one worker of pytest-xdist, and which begin first."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.servers import ANY

AIRFLOW = "tests/dags"
"""Tests in this folder itself share one Airflow."""
LATE_AND_LONG = ("tests/test_newcomer.py",)
"""Modules of one long test that would be collected last: a worker would be alone with it."""


def group_of(node_id: str) -> str:
    """A module's tests share its fixtures, so they stay together."""
    module = node_id.partition("::")[0]
    return AIRFLOW if module.rpartition("/")[0] == AIRFLOW else module


class GroupScheduling(LoadScopeScheduling):
    """Groups of tests, in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def begin_with_servers(items: list[pytest.Item]) -> None:
    """Put the groups that need servers first, Airflow's before all: they take longest. Tests that
    would leave one worker behind the others come next.
    """
    slow = {group_of(item.nodeid) for item in items if item.get_closest_marker(ANY)}

    def rank(item: pytest.Item) -> tuple[bool, bool, bool]:
        group = group_of(item.nodeid)
        return (group != AIRFLOW, group not in slow, group not in LATE_AND_LONG)

    items.sort(key=rank)
