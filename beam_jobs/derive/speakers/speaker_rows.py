"""The rows of a corpus's speakers, brought up to date: each voice's identity, each identity's row.

turns of all days ──► those of recordings that are there, with the identities of now
                 └──► one row per identity, in the day on which it is first heard
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from af3core.speakers.speaker_at import SpeakerTimes, TimedSpeaker
from af3core.storage.concurrency import map_concurrently
from af3core.storage.store import Store
from beam_jobs.derive.speakers.identities_of_corpus import Speakers, speakers_of
from beam_jobs.derive.speakers.recording_turns import STAGE
from beam_jobs.framework.corpus_derivation import publish_changed_rows, read_state
from beam_jobs.framework.derivation import Join, Row
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.parquet_encoding import shard_columns
from beam_jobs.framework.publishing import (
    Publisher,
    begun_keys,
    read_stamps,
    readable_keys,
    replaced_states,
)
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.table_snapshot import TableSnapshot, take_snapshot
from schemas import layout
from schemas.corpus_records import CorpusSpeakers
from schemas.tables.columns import Table
from schemas.tables.night_tables import RECORDINGS
from schemas.tables.speaker_tables import SPEAKER_TURNS, SPEAKERS

IDENTITIES = "identities"
"""The stage that fills the table of speakers."""
_VOICE = ["recording_id", "turns_id", "voice", "speaker"]
_DAYS_AT_ONCE = 64
"""Whose turns are in memory together."""
_MADE = frozenset(("run_id", "generated_at"))


def joined(settings: JobSettings) -> Join:
    """Puts the identities of now into the rows of turns."""
    speakers = speakers_of(read_state(settings.store, settings.corpus, STAGE))

    def join(table: Table, rows: list[Row]) -> list[Row]:
        return [row | {"speaker": _speaker(row, speakers)} for row in rows]

    return join


def _speaker(row: Row, speakers: Speakers) -> str | None:
    return speakers.get((row["recording_id"], row["turns_id"]), {}).get(row["voice"])


def bring_up_to_date(settings: JobSettings) -> dict[str, int]:
    """Replace what is not as it should be, of all days of the corpus; gives how much of what.

    Raises:
        LedgerError: what is known of the corpus cannot be read.
        StorageError: the storage is in trouble.
    """
    days = replaced = 0
    if _is_anything_known(settings):
        days, replaced = _renew_turns(settings), _publish_speakers(settings)
    return {"days_renewed": days, "speaker_objects_replaced": replaced}


def _is_anything_known(settings: JobSettings) -> bool:
    """Whether rows of days can follow from anything but their own recordings."""
    store, corpus = settings.store, settings.corpus
    return bool(
        read_state(store, corpus, STAGE).members
        or Ledger(store).corpus_speakers(corpus) != CorpusSpeakers()
        or take_snapshot(store, [SPEAKERS.name], corpus).stamps
    )


def _renew_turns(settings: JobSettings) -> int:
    """Take rows of recordings that are not there, and put identities in; gives of how many days.

    A day whose writer died is ended as it was: it may hold what is forgotten.
    """
    store, corpus = settings.store, settings.corpus
    snapshot = take_snapshot(store, (RECORDINGS.name, SPEAKER_TURNS.name), corpus)
    speakers = speakers_of(read_state(store, corpus, STAGE))
    begun = {layout.date_of_shard(key) for key in begun_keys(store, corpus, STAGE)}
    look = partial(_stale_objects, snapshot, corpus, speakers)
    looked_at = map_concurrently(look, snapshot.dates(SPEAKER_TURNS.name, corpus))
    stale = sorted(begun.union(date for date, keys in looked_at if keys))
    for date in stale:
        publish_changed_rows(
            store,
            Publisher(STAGE, settings.run_id),
            layout.publish_claim_key(corpus, date, STAGE),
            SPEAKER_TURNS,
            partial(_turn_objects, store, corpus, date),
            partial(_turns_now, store, corpus, date),
            partial(replaced_states, store, corpus, date, STAGE),
        )
    return len(stale)


def _stale_objects(
    snapshot: TableSnapshot, corpus: str, speakers: Speakers, date: str
) -> tuple[str, list[str]]:
    """A day, and those of its objects whose rows are not as they should be."""
    there = _recordings(snapshot, corpus, date)
    keys = snapshot.shards(SPEAKER_TURNS.name, corpus, date)
    return date, [k for k in keys if _is_stale(snapshot.columns(k, _VOICE), there, speakers)]


def _recordings(snapshot: TableSnapshot, corpus: str, date: str) -> set[str]:
    """The recordings of a day whose turns are published: those that are there and not forgotten."""
    forgotten = Ledger(snapshot.store).corpus_speakers(corpus).forgotten_recordings
    found: set[str] = set()
    for key in snapshot.shards(RECORDINGS.name, corpus, date):
        names = snapshot.columns(key, ["recording_id"])["recording_id"]
        found.update(map(str, names.to_pylist()))
    return found.difference(forgotten)


def _is_stale(turns: pa.Table, there: set[str], speakers: Speakers) -> bool:
    voices = turns.select(_VOICE).group_by(_VOICE).aggregate([]).to_pylist()
    return any(
        row["recording_id"] not in there or row["speaker"] != _speaker(row, speakers)
        for row in voices
    )


def _turn_objects(store: Store, corpus: str, date: str) -> list[str]:
    return store.children(layout.partition_prefix(SPEAKER_TURNS.name, corpus, date))


def _turns_now(store: Store, corpus: str, date: str, keys: Sequence[str]) -> dict[str, list[Row]]:
    """The rows of a day's objects as they should be; those of the last whole publish, where a
    writer died in the next one.
    """
    held = replaced_states(store, corpus, date, STAGE)
    stamps = {key: stamp or "" for key, stamp in read_stamps(store, keys).items()}
    readable = readable_keys(stamps, held)
    speakers = speakers_of(read_state(store, corpus, STAGE))
    there = _recordings(take_snapshot(store, [RECORDINGS.name], corpus, date, date), corpus, date)
    found = {}
    for key in keys:
        rows = _rows(store, key, readable.get(key, ""))
        found[key] = [
            {name: value for name, value in row.items() if name not in _MADE}
            | {"speaker": _speaker(row, speakers)}
            for row in rows
            if row["recording_id"] in there
        ]
    return found


def _rows(store: Store, key: str, copy: str) -> list[Row]:
    """Rows of an object's published state; none of what is not published, or gone by now: its
    stamp then says so.
    """
    try:
        return shard_columns(store, key, copy=copy).to_pylist() if copy else []
    except FileNotFoundError:
        return []


def _publish_speakers(settings: JobSettings) -> int:
    store, corpus = settings.store, settings.corpus

    def keys() -> list[str]:
        snapshot = take_snapshot(store, (SPEAKER_TURNS.name, SPEAKERS.name), corpus)
        dates = snapshot.dates(SPEAKER_TURNS.name, corpus)
        return sorted({*snapshot.shards(SPEAKERS.name), *(_key(corpus, date) for date in dates)})

    def rows(wanted: Sequence[str]) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {key: [] for key in wanted}
        for date, row in speakers_by_day(settings):
            found.setdefault(_key(corpus, date), []).append(row)
        return {key: found[key] for key in wanted}

    return publish_changed_rows(
        store,
        Publisher(IDENTITIES, settings.run_id),
        layout.claim_key("publish", f"corpus={corpus},{IDENTITIES}"),
        SPEAKERS,
        keys,
        rows,
        partial(begun_keys, store, corpus, IDENTITIES),
    )


def _key(corpus: str, date: str) -> str:
    return layout.shard_key(SPEAKERS.name, corpus, date, 0, 1)


@dataclass
class _Heard:
    """What is heard of an identity; the days come in order."""

    date: str
    row: Row
    longest_ms: int = -1

    def add(self, date: str, of_day: Row) -> None:
        self.row["recording_count"] += of_day["recording_id_count_distinct"]
        self.row["turn_count"] += of_day["voice_count"]
        self.row["speech_ms"] += of_day["length_ms_sum"]
        self.row["last_date"] = datetime.date.fromisoformat(date)
        if of_day["length_ms_max"] > self.longest_ms:
            self.longest_ms = of_day["length_ms_max"]
            self.row["example_recording_id"] = of_day["recording_id_first"]
            self.row["example_start_ms"] = of_day["start_ms_first"]
            self.row["example_end_ms"] = of_day["end_ms_first"]


@dataclass
class _Names:
    """Names of identities; of one that is not heard any more, by where it was heard."""

    said: CorpusSpeakers
    _turns: defaultdict[str, list[TimedSpeaker]] = field(default_factory=lambda: defaultdict(list))

    def look(self, turns: pa.Table) -> None:
        """Keep the turns of recordings that names are known by."""
        examples = pa.array(sorted({name.example.recording_id for name in self.said.names}))
        rows = turns.filter(pc.is_in(turns["recording_id"], examples.cast(pa.string())))
        for row in rows.to_pylist():
            turn = TimedSpeaker(row["start_ms"], row["end_ms"], row["speaker"])
            self._turns[row["recording_id"]].append(turn)

    def of(self, heard: Iterable[str]) -> dict[str, str]:
        """Names by identity; what was said last counts."""
        known, names = set(heard), dict[str, str]()
        for name in self.said.names:
            speaker, where = name.speaker, name.example
            if speaker not in known:
                turns = sorted(self._turns[where.recording_id], key=lambda turn: turn.start_ms)
                speaker = SpeakerTimes(turns).at(where.start_ms, where.end_ms)
            names[speaker] = name.name
        return {speaker: name for speaker, name in names.items() if name and speaker in known}


def speakers_by_day(
    settings: JobSettings, without: Collection[str] = ()
) -> Iterator[tuple[str, Row]]:
    """The identities that are published in turns, each with the day on which it is first heard.

    Args:
        without: recordings that do not count, but to know voices by their names.
    """
    store, corpus = settings.store, settings.corpus
    snapshot = take_snapshot(store, [SPEAKER_TURNS.name], corpus)
    names = _Names(Ledger(store).corpus_speakers(corpus))
    heard: dict[str, _Heard] = {}
    dates = snapshot.dates(SPEAKER_TURNS.name, corpus)
    for first in range(0, len(dates), _DAYS_AT_ONCE):
        some = dates[first : first + _DAYS_AT_ONCE]
        read = map_concurrently(partial(_identified, snapshot, corpus), some)
        for date, turns in zip(some, read, strict=True):
            names.look(turns)
            if without:
                gone = pc.is_in(turns["recording_id"], pa.array(sorted(without), pa.string()))
                turns = turns.filter(pc.invert(gone))
            for of_day in _by_speaker(turns):
                speaker = of_day["speaker"]
                heard.setdefault(speaker, _Heard(date, _empty_row(of_day))).add(date, of_day)
    named = names.of(heard)
    for speaker, each in sorted(heard.items()):
        yield each.date, each.row | {"name": named.get(speaker)}


def _identified(snapshot: TableSnapshot, corpus: str, date: str) -> pa.Table:
    columns = (
        *("recording_id", "start_ms", "end_ms", "voice", "speaker", "encoder"),
        "encoder_revision",
    )
    parts = [
        snapshot.columns(key, columns).select(columns)
        for key in snapshot.shards(SPEAKER_TURNS.name, corpus, date)
    ]
    turns = pa.concat_tables(parts)
    return turns.filter(pc.is_valid(turns["speaker"]))


def _by_speaker(turns: pa.Table) -> list[dict[str, Any]]:
    """What a day has of each identity; its longest turn, of equals the first, is its `…_first`."""
    length_ms = pc.subtract(turns["end_ms"], turns["start_ms"])
    by_length = turns.append_column("length_ms", length_ms).sort_by(
        [("length_ms", "descending"), ("recording_id", "ascending"), ("start_ms", "ascending")]
    )
    firsts = ("recording_id", "start_ms", "end_ms", "encoder", "encoder_revision")
    found: list[dict[str, Any]] = (
        by_length.group_by("speaker", use_threads=False)
        .aggregate(
            [
                ("recording_id", "count_distinct"),
                ("voice", "count"),
                ("length_ms", "sum"),
                ("length_ms", "max"),
                *((name, "first") for name in firsts),
            ]
        )
        .to_pylist()
    )
    return found


def _empty_row(of_day: Mapping[str, Any]) -> Row:
    return {
        "speaker": of_day["speaker"],
        "name": None,
        "recording_count": 0,
        "turn_count": 0,
        "speech_ms": 0,
        "last_date": None,
        "example_recording_id": "",
        "example_start_ms": 0,
        "example_end_ms": 0,
        "encoder": of_day["encoder_first"],
        "encoder_revision": of_day["encoder_revision_first"],
    }
