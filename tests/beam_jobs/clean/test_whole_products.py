"""Which exports stay."""

from __future__ import annotations

from beam_jobs.clean.inventory import Name, Owner
from beam_jobs.clean.whole_products import exports_that_stay

DAYS = [("radio", "2026-11-01"), ("radio", "2026-11-21")]


def export(since: str, until: str, is_old: bool = True, part: str = "0 sheet") -> Owner:
    folder = f"exports/corpus=radio/from=2026-11-{since},until=2026-11-{until}/af3/"
    return Owner(folder, is_old, part)


def stay(*exports: Owner) -> list[Owner]:
    named = set(exports_that_stay(exports, DAYS))
    return [each for each in exports if Name("export", each.owner) in named]


def test_exports_of_days_that_are_gone_go_once_they_are_old() -> None:
    here, gone = export("01", "05"), export("02", "20")
    young = export("03", "19", is_old=False)
    assert stay(here, gone, young) == [here, young]


def test_a_grown_export_replaces_its_beginnings_once_it_is_whole() -> None:
    first, grown, another = export("01", "20"), export("01", "21"), export("21", "21")
    assert stay(first, grown, another) == [grown, another]
    unfinished = export("01", "21", part="1 rest")
    assert stay(first, unfinished) == [first, unfinished]
