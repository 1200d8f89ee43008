"""What language of each script does, as it was measured: limits beyond which a text is doubtful.

`script_limits.yaml` is written by `python -m tests.af3core.tasks.script_measures`, from half of
the languages in which there is the Universal Declaration of Human Rights; the tests judge it on the
other half.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

FILE = "script_limits.yaml"


@dataclass(frozen=True)
class ScriptLimits:
    """Limits of one script.

    Attributes:
        repeated_share: of six signs in a row that stood before (`looping`); more is a loop.
        slowest, fastest: letters that people speak in a second (`speech_rate`).
    """

    repeated_share: float
    slowest: float
    fastest: float


def limits_of(script: str) -> ScriptLimits:
    """The limits of a script by its name (`text_segmentation.Signs`); of one that was not
    measured the widest of all.
    """
    known = _limits()
    return known.get(script) or _widest()


@cache
def _limits() -> Mapping[str, ScriptLimits]:
    text = resources.files("af3core.tasks").joinpath(FILE).read_text("utf-8")
    return {script: ScriptLimits(**limits) for script, limits in yaml.safe_load(text).items()}


@cache
def _widest() -> ScriptLimits:
    known = _limits().values()
    return ScriptLimits(
        repeated_share=max(each.repeated_share for each in known),
        slowest=min(each.slowest for each in known),
        fastest=max(each.fastest for each in known),
    )
