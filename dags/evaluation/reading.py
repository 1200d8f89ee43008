"""The gate from its YAML file, read strictly. Without the file there is no gate."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.strict_yaml import fill, parse_mapping, read_text
from dags.corpus.reading import with_variables
from dags.evaluation.gate import Gate

FILE_VARIABLE = "AF3_EVALUATION"
"""Environment variable that names another file than `dags/evaluation.yaml`."""

_REMEDY = "the gate needs at least the keys out and benchmarks; see dags/README.md"


def read_gate(environment: Mapping[str, str] = os.environ) -> Gate | None:
    """The site's gate; None where it has no file.

    A file that is named and missing is an error: a gate must not be open for a mistyped path.

    Raises:
        ConfigurationError: a line of it is wrong, or it is missing.
    """
    named = environment.get(FILE_VARIABLE)
    path = Path(named) if named else Path(__file__).parents[1] / "evaluation.yaml"
    if not path.exists():
        if not named:
            return None
        raise ConfigurationError(
            f"{path}: there is no such file; {FILE_VARIABLE} names it: mend the path, or unset it"
            " to take any model"
        )
    text = with_variables(read_text(path, "a gate's file"), path, environment)
    return fill(Gate, parse_mapping(text, str(path), _REMEDY))
