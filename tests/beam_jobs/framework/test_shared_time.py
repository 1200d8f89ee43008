"""Shares of a time add up to it, whoever comes and goes."""

from __future__ import annotations

import pytest

from beam_jobs.framework import shared_time
from beam_jobs.framework.shared_time import SharedTime


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


def test_time_is_shared_by_weight_among_those_that_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, shared = Clock(), SharedTime()
    monkeypatch.setattr(shared_time, "time", clock)
    with shared.measured(3) as long:
        clock.now += 2  # alone
        with shared.measured(1) as short:
            clock.now += 4  # 3 to 1
        clock.now += 1
    clock.now += 50  # nobody
    with shared.measured(1) as later:
        clock.now += 5
    shares = [long.seconds, short.seconds, later.seconds]
    assert shares == pytest.approx([2 + 3 + 1, 1, 5])
