"""The skills as a table, what became of each, and pairs to look at."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from typing import Any

from af3core.skills.catalogue import catalogue
from beam_jobs.framework.derivation import Row
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import manifest_dates
from beam_jobs.framework.progress import clock
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.table_snapshot import partition_rows
from schemas.identity import configuration_hash
from schemas.options.derive import Seed
from schemas.tables.derived_tables import PAIRS

SAMPLED = 20

_FAMILIES = {
    "audioskills_xl": "AudioSkills-XL: segments of at most 30 s",
    "longaudio_xl": "LongAudio-XL: clips of at most 10 minutes",
}
_COLUMNS = {
    "kept": "kept",
    "agreed": "agreed",
    "rejected": "rejected",
    "nothing_to_ask": "no question",
    "not_drawn": "not drawn",
    "without_evidence": "no evidence",
}
"""Counts of the job by their names in its table."""


def skill_lines() -> list[str]:
    """Every skill by family and group: who makes its questions, from what, and what it is."""
    lines = [
        "made by rules: exact, from timed events and measures; made by the writer: by the language",
        "model of --writer, or else the decoder of --model",
    ]
    family = group = ""
    for skill in catalogue().values():
        if skill.family != family:
            family = skill.family
            lines += ["", _FAMILIES[family]]
        if skill.group != group:
            group = skill.group
            known = f" ({skill.paper_pairs:,} pairs in the paper)" if skill.paper_pairs else ""
            lines += ["", f"  {group.replace('_', ' ')}{known}"]
        needs = ", ".join([*skill.evidence, *(["music"] if skill.needs_music else [])])
        lines += [f"    {skill.name:<37} {skill.maker:<7} {needs}", f"      {skill.definition}"]
    return lines


def table_lines(facts: Mapping[str, Any]) -> list[str]:
    """What became of each skill's questions, and why some were not kept. Pure."""
    by_skill: dict[str, Counter[str]] = {}
    reasons: dict[str, Counter[str]] = {"rejected": Counter(), "without_evidence": Counter()}
    for key, value in facts.items():
        name, _, rest = key.partition(": ")
        skill, _, reason = rest.partition(": ")
        if name in _COLUMNS and skill:
            by_skill.setdefault(skill, Counter())[name] += value
            if reason:
                reasons[name][reason] += value
    head = f"{'skill':<36}" + "".join(f"{title:>13}" for title in _COLUMNS.values())
    lines = [head]
    for skill in catalogue():
        if skill in by_skill:
            numbers = by_skill[skill]
            lines.append(f"{skill:<36}" + "".join(f"{numbers[name]:>13}" for name in _COLUMNS))
    for name, found in reasons.items():
        if found:
            listed = ", ".join(f"{reason} {number}" for reason, number in found.most_common())
            lines.append(f"{name.replace('_', ' ')}: {listed}")
    return [*lines, f"clips made now: {facts['made_now']}", f"failures: {facts['failures']}"]


def sampled_lines(settings: JobSettings) -> list[str]:
    """Twenty published pairs, drawn by the seed: of each skill one before of any a second."""
    store, seed = settings.store, settings[Seed].seed
    drawn: dict[str, list[tuple[str, Row]]] = {}
    for date in manifest_dates(Ledger(store), settings):
        for row in partition_rows(store, PAIRS.name, settings.corpus, date):
            mine = drawn.setdefault(row["skill"], [])
            mine.append((configuration_hash([seed, row["pair_id"]]), row))
            if len(mine) > 2 * SAMPLED:
                drawn[row["skill"]] = _first(mine)
    ranked = [
        (rank, draw, row)
        for mine in drawn.values()
        for rank, (draw, row) in enumerate(_first(mine))
    ]
    ranked.sort(key=lambda one: one[:2])
    return [pair_line(row) for _, _, row in ranked[:SAMPLED]]


def _first(mine: list[tuple[str, Row]]) -> list[tuple[str, Row]]:
    return heapq.nsmallest(SAMPLED, mine, key=lambda one: one[0])


def pair_line(row: Row) -> str:
    """A pair as a person reads it; the right option stands in brackets."""
    options = [f"[{o}]" if o == row["answer"] else o for o in row["options"]]
    answers = " / ".join(options) if options else f"[{row['answer']}]"
    heard = "" if row["agrees"] is None else f" (the audio model: {row['audio_answer']})"
    where = f"{row['recording_id'][:8]} {clock(row['start_ms'])} to {clock(row['end_ms'])}"
    return f"{row['skill']}, {where}: {row['question']} {answers}{heard}"
