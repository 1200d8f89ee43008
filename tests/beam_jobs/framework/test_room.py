"""Room for a piece: held as long as it is needed, and no longer."""

from __future__ import annotations

import pytest

from beam_jobs.framework import room
from beam_jobs.framework.budget import Budget
from beam_jobs.framework.room import Need, Room


def test_room_is_given_back_as_what_it_has_become(monkeypatch: pytest.MonkeyPatch) -> None:
    heard, asked = Budget(1000), Budget(100)
    monkeypatch.setattr(room, "heard", heard)
    monkeypatch.setattr(room, "asked", asked)
    held = Room(Need(600, 60))
    for _ in range(2):  # a claim is tried twice
        with held:
            assert (heard._held, asked._held) == (600, 60)
            held.fit(Need(200, 20))
            held.fit_sounds(700)
            assert (heard._held, asked._held) == (700, 20)
        assert (heard._held, asked._held) == (0, 0)


def test_who_waits_for_memory_and_gives_up_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    heard, asked = Budget(1000), Budget(100)
    monkeypatch.setattr(room, "heard", heard)
    monkeypatch.setattr(room, "asked", asked)

    def give_up() -> None:
        if heard._queue:
            raise ValueError("given up")

    monkeypatch.setattr(room, "check_wanted", give_up)
    heard.take(600)
    with pytest.raises(ValueError, match="given up"), Room(Need(600, 60)):
        pass
    assert (heard._held, asked._held) == (600, 0)
