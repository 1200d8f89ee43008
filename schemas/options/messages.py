"""How much a command says beside its result, and in which form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.options.option import OptionGroup, option

LogFormat = Literal["text", "json"]


@dataclass(frozen=True, kw_only=True)
class Messages(OptionGroup):
    """Messages."""

    quiet: bool = option(False, "say errors alone", key="", on_templates=False)
    verbose: bool = option(
        False,
        "say more: each piece that waits or is passed over, times",
        key="",
        on_templates=False,
    )
    log_format: LogFormat = option(
        "text", "of what is said on stderr (default: {default})", key="", on_templates=False
    )


@dataclass(frozen=True, kw_only=True)
class Summary(OptionGroup):
    """Messages."""

    json: bool = option(
        False, "how the job ended as one JSON object, alone on stdout", key="", on_templates=False
    )
