"""A command line of our options and Beam's, told apart."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, cast

from af3core.errors import ConfigurationError


def parse_with_beam(
    parser: argparse.ArgumentParser, arguments: Sequence[str]
) -> tuple[argparse.Namespace, list[str]]:
    """Our options as parsed, and Beam's as written.

    Beam is only asked (and imported) where an option is not ours. An option of both is ours.

    Raises:
        ConfigurationError: neither knows an option, so that a mistyped one is not passed over.
    """
    known, rest = parser.parse_known_args(arguments)
    if not rest:
        return known, []
    _, ours = _beam_parser().parse_known_args(list(arguments))
    beam_arguments = _left_out(arguments, ours)
    known, unknown = parser.parse_known_args(ours)
    if unknown:
        raise ConfigurationError(f"unknown option {unknown[0]}; see --help")
    return known, beam_arguments


def _beam_parser() -> argparse.ArgumentParser:
    """All of Beam's options. Values are not required to be there: Beam checks them itself."""
    from apache_beam.options.pipeline_options import PipelineOptions

    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    for options in PipelineOptions.__subclasses__():
        if "_add_argparse_args" in vars(options):
            try:
                options._add_argparse_args(cast(Any, parser))
            except argparse.ArgumentError:
                continue
    return parser


def _left_out(whole: Sequence[str], part: Sequence[str]) -> list[str]:
    """What a sequence holds besides a subsequence of it, in order."""
    rest, position = [], 0
    for item in whole:
        if position < len(part) and item == part[position]:
            position += 1
        else:
            rest.append(item)
    return rest
