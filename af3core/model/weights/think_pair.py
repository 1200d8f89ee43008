"""`--think-model`: a whole checkpoint that thinks beside another one. What cannot be a pair is said
in the words of its options.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.model.weights.completeness import think_folder

_OPTIONS = (
    ("--model-revision ", "--think-model-revision "),
    ("--model ", "--think-model "),
)


def check_options(engine: str, think_model: str | None, revision: str | None) -> None:
    """Refuse a pair where another engine than ours answers, and a revision of nothing.

    Raises:
        ConfigurationError: with the option.
    """
    if revision and not think_model:
        raise ConfigurationError("--think-model-revision pins --think-model, which is not given")
    if think_model and engine != "af3":
        raise ConfigurationError(f"--think-model is of --engine af3, not of {engine}")


def check_base(name: str, folder: Path, think_name: str) -> None:
    """Refuse a model that thinks by itself.

    Raises:
        ConfigurationError: its folder holds think weights.
    """
    if think_folder(folder) is not None:
        raise ConfigurationError(
            f"--think-model {think_name}: {name} has think weights of its own; leave --think-model"
            " out"
        )


@contextmanager
def in_words_of_think_model() -> Iterator[None]:
    """What is wrong with the checkpoint that thinks names its own options."""
    try:
        yield
    except ConfigurationError as error:
        said = str(error)
        for of_model, of_think in _OPTIONS:
            said = said.replace(of_model, of_think, 1)
        raise ConfigurationError(said) from error
