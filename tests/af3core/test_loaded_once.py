"""Many threads, one load."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from af3core.loaded_once import LoadedOnce, loaded_once
from af3core.tasks import language

THREADS = 8
DEADLINE_S = 60


def test_threads_share_one_load_and_its_error_which_is_tried_again() -> None:
    loads: list[str] = []

    @loaded_once
    def load(name: str) -> list[str]:
        """Lasts until all other threads wait for it."""
        loads.append(name)
        (running,) = load._running.values()
        until = time.monotonic() + DEADLINE_S
        while len(running._condition._waiters) < THREADS - 1:  # type: ignore[attr-defined]
            assert time.monotonic() < until
            time.sleep(0.01)
        if len(loads) == 1:
            raise OSError("not there yet")
        return [name]

    with ThreadPoolExecutor(THREADS) as threads:
        failed = [threads.submit(load, "a") for _ in range(THREADS)]
        errors = {one.exception(DEADLINE_S) for one in failed}
        asked = [threads.submit(load, "a") for _ in range(THREADS)]
        found = [one.result(DEADLINE_S) for one in asked]
    assert [str(error) for error in errors] == ["not there yet"]
    assert found == [["a"]] * THREADS
    assert load("a") is found[0]
    assert loads == ["a", "a"]


def test_one_load_holds_up_no_other_and_what_is_cleared_is_loaded_anew() -> None:
    loads: list[str] = []

    @loaded_once
    def load(name: str) -> str:
        loads.append(name)
        with ThreadPoolExecutor(1) as threads:
            return name if name == "b" else threads.submit(load, "b").result(DEADLINE_S)

    assert load("a") == "b"
    load.cache_clear()
    assert load("b") == "b"
    assert loads == ["a", "b", "b"]


def test_no_more_are_kept_than_the_most() -> None:
    loads: list[int] = []
    load = LoadedOnce(loads.append, most=1)
    for number in (1, 1, 2, 1):
        load(number)
    assert loads == [1, 2, 1]


def test_the_languages_weights_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the first hundred clips that a model has answered."""
    from py3langid.langid import LanguageIdentifier

    real, loads = LanguageIdentifier.from_model_file, list[int]()

    def noted(*args: object, **named: object) -> object:
        loads.append(1)
        time.sleep(0.05)
        return real(*args, **named)

    monkeypatch.setattr(LanguageIdentifier, "from_model_file", noted)
    language._identifier.cache_clear()
    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(language.identify_language, ["What is the weather like?"] * 32))
    assert {one.code for one in found} == {"en"}
    assert loads == [1]
