"""An option is declared once: what its field says is what a command, a file and a form get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pytest

from schemas.options.archive import Sharding
from schemas.options.derive import Export, Skills
from schemas.options.night import AuditLimits, Budget, Model, Tasks
from schemas.options.option import (
    OptionError,
    OptionGroup,
    as_arguments,
    language_tag,
    option,
    options_of,
    title_of,
    values_of,
)


@dataclass(frozen=True, kw_only=True)
class Tape(OptionGroup):
    """Tape and reel.

    More that is no title.
    """

    speed_cm_s: float = option(19.05, "tape speed (default: {default})", "CM/S")
    side: Literal["a", "b"] = option("a", "which side")
    marks: tuple[str, ...] = option((), "marks", "NAME", flag="mark")
    is_reversed: bool = option(False, "played backwards")
    label: str | None = option(None, "label", "TEXT", key="")
    plain: int = 3


def test_a_field_is_an_option_with_its_type_default_and_help() -> None:
    speed, side, marks, is_reversed, label = options_of(Tape)
    assert (speed.flag, speed.kind, speed.default) == ("--speed-cm-s", float, 19.05)
    assert speed.help == "tape speed (default: 19.05)"
    assert (side.kind, side.choices) == (str, ("a", "b"))
    assert (marks.flag, marks.key, marks.repeated, marks.kind) == ("--mark", "marks", True, str)
    assert (is_reversed.kind, is_reversed.default) == (bool, False)
    assert (label.key, label.kind, label.default) == ("", str, None)
    assert title_of(Tape) == "tape and reel"


@pytest.mark.parametrize(
    ("make", "message", "in_file"),
    [
        (lambda: Sharding(shards=0), "--shards 0: must be more than 0", "shards 0: must be more"),
        (
            lambda: Budget(gpu_price=-1.0),
            "--gpu-price -1: must be 0 or more",
            "gpu_price -1: must be 0 or more",
        ),
        (
            lambda: AuditLimits(max_failed_share=2.0),
            "--max-failed-share 2: a share lies between 0 and 1",
            "max_failed_share 2: a share lies between 0 and 1",
        ),
        (
            lambda: Export(held_out=1.0),
            "--held-out 1: a share from 0 to below 1",
            "",
        ),
    ],
)
def test_a_value_that_breaks_its_rule_names_the_option(
    make: object, message: str, in_file: str
) -> None:
    assert callable(make)
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value) == message
    assert caught.value.in_file.removeprefix(" ").startswith(in_file)


def test_values_as_a_command_line() -> None:
    known = [o for group in (Model, Tasks, Skills, Budget, Export) for o in options_of(group)]
    values = {
        "model": "nano",
        "model_revision": None,
        "only": ("caption", "transcript"),
        "ask": {"mood": "Is it sad?"},
        "skills": ("summary", "order"),
        "max_gpu_hours": 8.0,
        "gpu_price": 2.5,
        "only_agreed": True,
        "unknown": 1,
    }
    assert as_arguments(values, known) == [
        "--model=nano",
        "--only=caption",
        "--only=transcript",
        "--ask=mood=Is it sad?",
        "--skill=summary,order",
        "--max-gpu-hours=8",
        "--gpu-price=2.5",
        "--only-agreed",
    ]


def test_groups_are_data() -> None:
    assert AuditLimits() == AuditLimits(max_failed_share=0.25, max_flagged_share=0.5)
    assert [(known.name, value) for known, value in values_of(AuditLimits())] == [
        ("max_failed_share", 0.25),
        ("max_waiting_share", 0.05),
        ("max_flagged_share", 0.5),
    ]


@pytest.mark.parametrize(
    "tag",
    [
        *("", "en", "yue", "pt-BR", "zh-Hant-TW", "es-419", "sl-rozaj-biske", "de-CH-1996"),
        *("x-klingon", "zh-cmn-Hans-CN", "en-a-bbb-x-a-ccc", "EN-us"),
    ],
)
def test_tags_of_languages(tag: str) -> None:
    assert language_tag(tag) is None


@pytest.mark.parametrize(
    "tag",
    [
        "e",
        "english",
        "en_GB",
        "english please",
        "en-",
        "-en",
        "en--GB",
        "de-419-DE-x",
        "ä",
        "en\n",
        "x",
    ],
)
def test_what_is_no_tag_of_a_language(tag: str) -> None:
    assert language_tag(tag) == "a language tag of BCP 47, such as en, pt-BR or zh-Hant"
