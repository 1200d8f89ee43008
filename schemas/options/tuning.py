"""How a checkpoint is continued on reviewed answers. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.options.option import OptionGroup, option


def _positive(value: float) -> str | None:
    return None if value > 0 else "must be more than 0"


@dataclass(frozen=True, kw_only=True)
class Tuning(OptionGroup):
    """Tuning."""

    tuned: str = option(
        "", "folder for the new checkpoint, which must not be there", "DIR", key="", required=True
    )
    test_share: float = option(
        0.25,
        "share of recordings that are held out, to judge by (default: {default}); the test split of"
        " af3 export --held-out with the same share and seed",
        "SHARE",
        key="",
        rule=lambda value: None if 0.0 < value < 1.0 else "a share between 0 and 1",
    )
    epochs: int = option(
        8, "how often each answer is taught (default: {default})", "N", key="", rule=_positive
    )
    rank: int = option(
        16, "rank of the matrices that LoRA adds (default: {default})", "N", key="", rule=_positive
    )
    learning_rate: float = option(
        2e-4, "the highest rate (default: {default})", "RATE", key="", rule=_positive
    )
