"""The options of the gate: which benchmarks a model must pass, and where accepted ones stand."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

from af3core.errors import ConfigurationError
from af3core.storage.address import is_bucket

MAX_DROP = 1.0


@dataclass(frozen=True)
class Accepting:
    """What `accept` and the jobs that ask for an accepted model are told.

    Attributes:
        benchmarks: that the model must pass.
        max_drop: how much worse than the last accepted model's a figure may be, in points of which
            a perfect answer has 100.
        accepted_in: where accepted models stand; empty asks for none.
    """

    benchmarks: tuple[str, ...] = ()
    max_drop: float = MAX_DROP
    accepted_in: str = ""


def add_accepting(parser: argparse.ArgumentParser) -> None:
    """Add the options as a group."""
    group = parser.add_argument_group("accepting (accept, plan, annotate SOURCE)")
    group.add_argument(
        "--benchmarks",
        metavar="NAMES",
        help="accept: the benchmarks that the model must pass, by commas",
    )
    group.add_argument(
        "--max-drop",
        type=float,
        default=MAX_DROP,
        metavar="POINTS",
        help="accept: how much worse than the last accepted model's a figure may be, in points of"
        f" which a perfect answer has 100 (default: {MAX_DROP:g})",
    )
    group.add_argument(
        "--accepted-in",
        metavar="DIR",
        help="plan, annotate SOURCE: refuse a model that is not accepted in this folder or gs://,"
        " which is --out of accept (default: any model is taken)",
    )


def read_accepting(arguments: argparse.Namespace) -> Accepting:
    """The options, checked.

    Raises:
        ConfigurationError: one clear line on the first wrong option.
    """
    if not (math.isfinite(arguments.max_drop) and arguments.max_drop >= 0):
        raise ConfigurationError(f"--max-drop {arguments.max_drop:g}: must be 0 or more")
    names = [name.strip() for name in (arguments.benchmarks or "").split(",")]
    if arguments.accepted_in:
        is_bucket(arguments.accepted_in)  # another scheme is said before any work
    return Accepting(
        benchmarks=tuple(dict.fromkeys(filter(None, names))),
        max_drop=arguments.max_drop,
        accepted_in=arguments.accepted_in or "",
    )
