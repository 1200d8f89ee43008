"""`af3 completion SHELL`: the script by which a shell completes commands and options."""

from __future__ import annotations

import argparse

from af3core.errors import ConfigurationError
from beam_jobs.framework.process import say

DESCRIPTION = """\
Print the completion script of a shell.

  eval "$(af3 completion bash)"                                     in ~/.bashrc
  eval "$(af3 completion zsh)"                                      in ~/.zshrc, after compinit
  af3 completion fish > ~/.config/fish/completions/af3.fish         once"""

_FILES = ("FILE", "SOUND", "SQL")
_FOLDERS = ("DIR", "SOURCE")


def run_completion(known: argparse.Namespace) -> int:
    """Print the script.

    Raises:
        ConfigurationError: no shell is named.
    """
    import shtab

    from beam_jobs.cli import completion_parser

    if not known.shell:
        raise ConfigurationError("completion: name a shell: bash, zsh or fish")
    parser = completion_parser()
    for command in _parsers(parser):
        for action in command._actions:
            if action.metavar in _FILES:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
            elif action.metavar in _FOLDERS:
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    say([shtab.complete(parser, known.shell)])
    return 0


def _parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    found = [parser]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found += action.choices.values()
    return found
