"""Many threads, one load."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from af3core.loaded_once import LoadedOnce, loaded_once
from af3core.tasks import language


def test_threads_share_one_load_and_an_error_is_tried_again() -> None:
    loads: list[str] = []

    @loaded_once
    def load(name: str) -> list[str]:
        loads.append(name)
        time.sleep(0.05)
        if len(loads) == 1:
            raise OSError("not there yet")
        return [name]

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(load, name) for name in "aaaabbbb"]
    errors = [one for one in asked if one.exception()]
    assert len(errors) == 1
    assert len(loads) == 3
    assert load("a") is load("a")
    load.cache_clear()
    assert load("a") == ["a"]
    assert len(loads) == 4


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
