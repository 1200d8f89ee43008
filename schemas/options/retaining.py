"""How long what is held of a corpus is kept. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.options.cleaning import a_day_or_more
from schemas.options.option import OptionGroup, option


def _days(days: int | None) -> str | None:
    return None if days is None else a_day_or_more(days)


@dataclass(frozen=True, kw_only=True)
class Retention(OptionGroup):
    """How long it is kept."""

    clips_days: int | None = option(
        None,
        "clips go so many days after they were written; an older day that is asked about again is"
        " decoded again (default: they stay)",
        "N",
        rule=_days,
    )
    reports_days: int | None = option(
        None,
        "reports and pages of runs go so many days after they were written (default: they stay)",
        "N",
        rule=_days,
    )
    ledger_text_days: int | None = option(
        None,
        "answers and derived rows in the ledger go so many days after they were given; the tables"
        " keep theirs, and a day that is run again is asked again (default: they stay)",
        "N",
        rule=_days,
    )
    tables_days: int | None = option(
        None,
        "a day goes from all tables so many days after it was last published, with its plan"
        " (default: it stays)",
        "N",
        rule=_days,
    )

    @property
    def has_rule(self) -> bool:
        """Whether anything ever goes."""
        rules = (self.clips_days, self.reports_days, self.ledger_text_days, self.tables_days)
        return any(days is not None for days in rules)


@dataclass(frozen=True, kw_only=True)
class Retaining(Retention):
    """How long it is kept."""

    yes: bool = option(False, "remove it; without, only say what would go", key="")
