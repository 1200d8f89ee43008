"""Thinking before the answers of pairs, after AF-Think, written by a language model.

tables/pairs ──► thinking ──► rules ──► self-check ──► blind choice ──► tables/thoughts,
tables/rejected_thoughts
"""

from __future__ import annotations

import functools
import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from af3core.model.engines.engine_registry import answers_of
from af3core.skills.catalogue import catalogue, chosen_skills
from af3core.skills.written_thinking import THINKING_RULES_VERSION
from beam_jobs.derive.skills.thoughts import RejectedThought, Thought, make_thoughts, pair_of
from beam_jobs.framework.derivation import Derivation, Piece, PieceRows, Row, derive
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.table_snapshot import rows_by_recording
from schemas.identity import configuration_hash
from schemas.options.derive import Seed, Skills
from schemas.tables.derived_tables import PAIRS, REJECTED_THOUGHTS, THOUGHTS

_OF_PAIR = (
    *("recording_id", "clip_id", "segment_id", "start_ms", "end_ms", "pair_id"),
    *("skill", "question", "options", "answer", "made_by"),
)
_DECIDING = ("skill", "question", "options", "answer", "start_ms", "end_ms", "evidence")
_COLUMNS = {"kept": "kept", "rejected": "rejected", "nothing_to_think": "no thinking"}


def pieces(settings: JobSettings, date: str) -> Iterator[Piece]:
    """The clips of the day that have pairs without a flag, one piece each."""
    skills = {skill.name for skill in chosen_skills(settings[Skills].skills)}
    writer = settings.writer
    how = [THINKING_RULES_VERSION, settings[Seed].seed, writer.identity, writer.checkpoint.name]
    names = ("recordings", "segments", PAIRS.name)
    tables = rows_by_recording(settings.store, names, settings.corpus, date)
    for recording, rows in tables[PAIRS.name].items():
        clip_uris = {row["clip_id"]: row["clip_uri"] for row in tables["segments"][recording]}
        wanted = in_order(row for row in rows if row["skill"] in skills and not row["flags"])
        for clip_id, group in groupby(wanted, key=lambda row: row["clip_id"]):
            found = list(group)
            decides = [how, clip_id, [{name: row[name] for name in _DECIDING} for row in found]]
            yield Piece(
                recording_id=recording,
                corpus=settings.corpus,
                date=date,
                identity=configuration_hash(decides),
                evidence=found,
                uri=tables["recordings"][recording][0]["object_uri"],
                work_ms=_heard_ms(found),
                decides=decides,
                clip_uri=clip_uris.get(clip_id, ""),
            )


def in_order(pairs: Iterable[Row]) -> list[Row]:
    """Pairs by clip, and there in an order that a copy of the recording has too: its ids differ."""
    said = ("skill", "question", "options", "answer")

    def place(row: Row) -> tuple[str, int, int, list[str]]:
        return row["clip_id"], row["start_ms"], row["end_ms"], [str(row[name]) for name in said]

    return sorted(pairs, key=place)


def _heard_ms(rows: Sequence[Row]) -> int:
    """From the first pair's start to the last one's end."""
    return max(row["end_ms"] for row in rows) - min(row["start_ms"] for row in rows)


def derive_rows(piece: Piece, settings: JobSettings) -> PieceRows:
    """The thinking of one clip's pairs.

    Raises:
        ModelError: the writer did not answer, and may do so later.
    """
    ask = functools.partial(answers_of, settings.writer)
    made = make_thoughts(piece.evidence, ask, settings[Seed].seed)
    by = settings.writer.checkpoint.name
    kept = [_row(thought, by) for thought in made.kept]
    rejected = [_rejected_row(rejected, by) for rejected in made.rejected]
    return PieceRows({THOUGHTS.name: kept, REJECTED_THOUGHTS.name: rejected}, made.counts)


def _row(thought: Thought, by: str) -> Row:
    of_pair = {name: thought.row[name] for name in _OF_PAIR}
    return of_pair | {"thinking": thought.thinking, "thinking_by": by}


def _rejected_row(rejected: RejectedThought, by: str) -> Row:
    return _row(rejected.thought, by) | {"reason": rejected.reason, "detail": rejected.detail}


def pair_id(_: str, row: Row, __: str) -> Row:
    """A row with the name of its pair, of the stretch that it is about."""
    about = row["segment_id"] or row["clip_id"]
    return row | {"pair_id": pair_of(row | {"evidence": []}).identity(about)}


THINK = Derivation(
    "think",
    (THOUGHTS, REJECTED_THOUGHTS),
    pieces,
    derive_rows,
    writes=True,
    asks=operator.attrgetter("writer"),
    renew=pair_id,
)


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Write the thinking that is missing; replace the interval's.

    Returns:
        Counts by skill and reason.

    Raises:
        ConfigurationError: there is no skill of a name.
    """
    chosen_skills(settings[Skills].skills)
    made = derive(THINK, settings, beam_arguments)
    failed = [line for line in made.lines if line.startswith("failed: ")]
    return Outcome(made.facts, [*yield_lines(made.facts), *failed], made.waiting)


def yield_lines(facts: Mapping[str, Any]) -> list[str]:
    """What of each skill's thinking was kept, and why the rest was refused. Pure."""
    by_skill: dict[str, Counter[str]] = {}
    reasons: Counter[str] = Counter()
    for key, value in facts.items():
        name, _, rest = key.partition(": ")
        skill, _, reason = rest.partition(": ")
        if name in _COLUMNS and skill:
            by_skill.setdefault(skill, Counter())[name] += value
            reasons[reason] += value if reason else 0
    head = f"{'skill':<36}" + "".join(f"{title:>13}" for title in _COLUMNS.values())
    lines = [f"{head}{'yield':>9}"]
    for skill in catalogue():
        if skill in by_skill:
            numbers = by_skill[skill]
            share = numbers["kept"] / (numbers.total() or 1)
            counts = "".join(f"{numbers[name]:>13}" for name in _COLUMNS)
            lines.append(f"{skill:<36}{counts}{share:>9.0%}")
    refused = ", ".join(f"{reason} {n}" for reason, n in reasons.most_common() if reason)
    if refused:
        lines.append(f"rejected: {refused}")
    return [*lines, f"clips made now: {facts['made_now']}", f"failures: {facts['failures']}"]
