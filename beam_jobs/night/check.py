"""What in the tables is a machine's damage: verdicts that the content does not deserve, lost rows.

Releases before 0.2.0 took a lost mount, a killed decoder or a server that was away for a fault of
the recording, and published a day whose folder was empty. This finds it; `af3 retry`, `af3 plan`
and `af3 publish` mend it.

tables/{recordings,failures,runs} ──► findings, each with its remedy
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from af3core.errors import MACHINE_ERRNOS, Af3Error, machine_fault_names
from af3core.storage.store import Store
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.table_snapshot import take_snapshot
from beam_jobs.output.next_command import af3
from schemas import layout
from schemas.tables.night_tables import FAILURES, RECORDINGS, RUNS, TABLES

Row = dict[str, Any]
_MACHINE_WORDS = re.compile("|".join(re.escape(os.strerror(code)) for code in MACHINE_ERRNOS))
_AUDIO_ONLY = {"aac", "aiff", "amr", "ape", "flac", "mp3", "ogg", "w64", "wav", "wv"}
"""FFmpeg's names of containers that hold little besides audio."""
_SAMPLE_BYTES = 4
_SLACK_BYTES = 1 << 20
"""A picture of a cover, tags."""
_SHOWN = 5


class DamageFound(Af3Error):
    """The tables hold verdicts or losses that are a machine's."""

    permanent = True


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Look through the tables of the interval.

    Raises:
        DamageFound: there is something to mend; each finding is a line with its remedy.
    """
    store, corpus = settings.store, settings.corpus
    days = _shards_by_day(store, corpus, settings)
    tables = (RECORDINGS.name, FAILURES.name, RUNS.name)
    published = take_snapshot(store, tables, corpus, settings.since, settings.until)
    by_day = {day: list(published.rows(RECORDINGS.name, corpus, day)) for day in days}
    findings = [
        *_cut_too_short(row for rows in by_day.values() for row in rows),
        *_given_up(r for day in days for r in published.rows(FAILURES.name, corpus, day)),
        *_two_shard_counts(days),
        *_on_two_days(by_day),
        *_lost_rows({day: list(published.rows(RUNS.name, corpus, day)) for day in days}),
    ]
    if findings:
        raise DamageFound(f"{len(findings)} findings in {len(days)} days:\n" + "\n".join(findings))
    recordings = sum(map(len, by_day.values()))
    facts = {"days": len(days), "recordings": recordings}
    return Outcome(facts, [f"nothing found in {len(days)} days, {recordings} recordings"])


def _shards_by_day(
    store: Store, corpus: str, settings: JobSettings
) -> dict[str, dict[str, set[int]]]:
    """The shard counts of each table by day, of the days that are published."""
    found: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    prefixes = [layout.partitions_prefix(table.name, corpus) for table in TABLES]
    for table, keys in zip(TABLES, store.walk(prefixes), strict=True):
        for key in keys:
            day, count = layout.date_of_shard(key), layout.shard_count_of(key)
            if count and settings.since <= day <= settings.until:
                found[day][table.name].add(count)
    return dict(sorted(found.items()))


def _cut_too_short(recordings: Iterable[Row]) -> Iterator[str]:
    """Recordings whose bytes hold more audio than was decoded, whatever their codec."""
    for row in recordings:
        decoded_ms = row["decoded_duration_ms"]
        raw_bytes = decoded_ms * row["sample_rate_hz"] * row["channels"] * _SAMPLE_BYTES // 1000
        is_audio = bool(_AUDIO_ONLY & set(row["container"].split(",")))
        if is_audio and decoded_ms and row["size_bytes"] > raw_bytes + _SLACK_BYTES:
            yield (
                f"{row['object_uri']}: {row['size_bytes']:,} bytes, cut to {decoded_ms / 1000:.1f}"
                f" s: the decoder did not come to its end; "
                + af3("retry", "--recording", row["recording_id"], "--yes")
            )


def _given_up(failures: Iterable[Row]) -> Iterator[str]:
    """Verdicts that a machine's trouble led to, by their kind."""
    machines = machine_fault_names()
    by_kind: dict[str, list[Row]] = defaultdict(list)
    for row in failures:
        is_verdict = row["permanent"] or row["attempts"] > 1
        kind = row["error_class"]
        if is_verdict and (kind in machines or _MACHINE_WORDS.search(row["message"])):
            by_kind[kind].append(row)
    for kind, rows in sorted(by_kind.items()):
        yield (
            f"{len(rows)} pieces of work given up by {kind}, such as {rows[0]['message']};"
            f" {af3('retry', '--failed-by', kind, '--yes')}"
        )


def _two_shard_counts(days: Mapping[str, Mapping[str, set[int]]]) -> Iterator[str]:
    for day, tables in days.items():
        doubled = sorted(name for name, counts in tables.items() if len(counts) > 1)
        if doubled:
            yield (
                f"{day}: {', '.join(doubled)} have objects of several shard counts, rows stand"
                f" twice; {af3('plan', '--date', day)}, then {af3('publish', '--date', day)}"
            )


def _on_two_days(by_day: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    places: dict[str, list[str]] = defaultdict(list)
    for day, rows in by_day.items():
        for row in rows:
            places[row["recording_id"]].append(day)
    twice = {recording: days for recording, days in places.items() if len(set(days)) > 1}
    for recording, days in list(twice.items())[:_SHOWN]:
        yield (
            f"recording {recording} is published on {' and '.join(sorted(set(days)))}; run"
            f" {af3('plan')} over both days, then {af3('publish')}"
        )
    if len(twice) > _SHOWN:
        yield f"and {len(twice) - _SHOWN} more recordings on several days"


def _lost_rows(runs_by_day: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """Days that an earlier run published with recordings, and the last one without any."""
    for day, runs in runs_by_day.items():
        in_order = sorted(runs, key=lambda row: row["published_at"])
        most = max((row["recordings"] for row in in_order), default=0)
        if in_order and most and not in_order[-1]["recordings"]:
            yield (
                f"{day}: {most} recordings were published once, and none is now; see that the"
                f" source holds them, then {af3('annotate', 'SOURCE', '--date', day)}"
            )
