"""What af3 doctor takes besides the model's options."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.options.option import OptionGroup, option


@dataclass(frozen=True, kw_only=True)
class Examined(OptionGroup):
    """What is looked at."""

    source: str = option(
        "", "folder or gs://BUCKET/PREFIX of recordings, to be read", "SOURCE", positional=True
    )
    out: str = option(
        "",
        "folder or gs:// of results; a small object is written there and removed again",
        "DIR",
    )


@dataclass(frozen=True, kw_only=True)
class Findings(OptionGroup):
    """What is printed."""

    json: bool = option(False, "one JSON object instead of lines")
