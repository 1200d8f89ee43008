"""What is exported of a day: rows without flags that pass the filters, and the split of each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from af3core.storage.store import Store
from af3core.tasks.task import Task
from beam_jobs.corrections.reviewed_answers import AnswerKey, ReviewedAnswer
from beam_jobs.derive.export.export_records import (
    ExportRecord,
    Kind,
    Row,
    answer_record,
    dialogue_record,
    pair_record,
)
from beam_jobs.derive.export.export_words import COLUMNS, WordsOfTexts
from beam_jobs.derive.export.reviewed_rows import NOT_REVIEWED, corrected_rows
from beam_jobs.framework.corrected_rows import has_corrected_value, take_corrected
from beam_jobs.framework.table_snapshot import TableSnapshot
from schemas.correction_records import JUDGED_WRONG
from schemas.identity import configuration_hash
from schemas.tables.derived_tables import DIALOGUES, PAIRS, THOUGHTS
from schemas.tables.night_tables import ANSWER_TABLES
from schemas.tables.word_tables import WORDS

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = ("train", "test")

FLAGGED = "flagged"
WRONG = "that a person said are wrong"
EMPTY = "that a person said are empty"
OTHER_SKILL = "of a skill that was not chosen"
NOT_AGREED = "the audio model does not agree, or was not asked"
UNKNOWN_PROMPT = "of a prompt that is not among the tasks"
NO_CLIP = "of a clip that is in no table of the day: run its job again"
NOT_ASKABLE = "options that cannot be asked"
BOTH_SPLITS = "sounds of both splits"
OTHER_LANGUAGE = "of sounds in which no chosen language is spoken"
_SPLIT_STEPS = 16**12

Stretches = dict[str, list[tuple[int, int]]]
"""Times from the start of a clip, by its address."""


@dataclass(frozen=True)
class Filters:
    """What an export takes.

    Attributes:
        skills: names; none means pairs of all skills, and answers and dialogues too.
        only_agreed: only pairs whose question the audio model itself answers right.
        held_out: share of recordings in the test split, drawn by `seed`.
        kinds: what records are made from.
        languages: that are spoken in a sound, as ISO 639 codes; none means all, and sounds without
            speech too.
        reviewed_only: only answers that a person confirmed or corrected, as that person has them.
    """

    skills: tuple[str, ...] = ()
    only_agreed: bool = False
    held_out: float = 0.0
    seed: int = 0
    kinds: tuple[Kind, ...] = get_args(Kind)
    languages: tuple[str, ...] = ()
    reviewed_only: bool = False

    def split_of(self, recording_id: str) -> Split:
        """A recording lies in one split, whatever else is exported with it."""
        drawn = int(configuration_hash([self.seed, recording_id])[:12], 16) / _SPLIT_STEPS
        return "test" if drawn < self.held_out else "train"


@dataclass
class Tally:
    """What was chosen: questions and durations by split and skill; what was left out, and why;
    answers with corrected values, and those whose flags a person set or lifted."""

    questions: Counter[tuple[Split, Kind, str]] = field(default_factory=Counter)
    records: Counter[Split] = field(default_factory=Counter)
    sounds: Counter[Split] = field(default_factory=Counter)
    duration_ms: Counter[Split] = field(default_factory=Counter)
    recordings: dict[Split, set[str]] = field(default_factory=lambda: defaultdict(set))
    models: set[tuple[str, str, str]] = field(default_factory=set)
    writers: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    corrected: Counter[str] = field(default_factory=Counter)

    def add(self, split: Split, records: Sequence[ExportRecord]) -> None:
        """Count the records of one day and split."""
        sounds = {sound.sound_id: sound for record in records for sound in record.sounds}
        self.records[split] += len(records)
        self.sounds[split] += len(sounds)
        self.duration_ms[split] += sum(sound.duration_ms for sound in sounds.values())
        self.recordings[split].update(sound.recording_id for sound in sounds.values())
        for record in records:
            self.questions[split, record.kind, record.skill] += record.question_count
            if record.corrected:
                self.corrected[record.corrected] += 1
            if record.kind != "answer":
                self.writers[record.made_by] += 1


class Selection:
    """The records of a corpus, a day after the other; a recording counts on its first day.

    Args:
        store, corpus: where the tables are.
        tasks: the prompts of answers by their identity.
        filters: as above.
        as_made: what the model said, without corrections.
        reviewed: the answers that people looked at, where those alone are taken.
    """

    def __init__(
        self,
        store: Store,
        corpus: str,
        tasks: Mapping[str, Task],
        filters: Filters,
        as_made: bool = False,
        reviewed: Mapping[AnswerKey, ReviewedAnswer] | None = None,
    ) -> None:
        self._store = store
        self._corpus = corpus
        self._tasks = tasks
        self._filters = filters
        self._as_made = as_made
        self._reviewed = reviewed or {}
        self._seen: set[str] = set()
        self.tally = Tally()

    def day(self, date: str) -> dict[Split, list[ExportRecord]]:
        """The day's records by split, those about the same sounds together."""
        tables = ("segments", *ANSWER_TABLES, PAIRS.name, THOUGHTS.name, DIALOGUES.name)
        # what people said of an answer is laid over what the model said of it
        as_made = self._as_made or self._filters.reviewed_only
        published = take_corrected(
            self._store, (*tables, WORDS.name), self._corpus, date, date, as_made
        )
        rows = {
            name: [
                row
                for row in published.rows(name, self._corpus, date)
                if row["recording_id"] not in self._seen
            ]
            for name in tables
        }
        self._seen.update(row["recording_id"] for row in rows["segments"])
        if self._filters.reviewed_only:
            for name in ANSWER_TABLES:
                rows[name] = corrected_rows(name, rows[name], self._reviewed)
        segments = {row["clip_id"]: row for row in rows["segments"]}
        segments |= {row["segment_id"]: row for row in rows["segments"]}
        spoken = self._spoken(rows["transcripts"], segments)
        found: dict[Split, list[ExportRecord]] = {split: [] for split in SPLITS}
        words = self._words(published, date)
        for record in self._records(rows, segments, words):
            if self._filters.languages and not _are_spoken_in(spoken, record):
                self.tally.left_out[OTHER_LANGUAGE] += 1
                continue
            splits = {self._filters.split_of(recording) for recording in record.recordings}
            if len(splits) > 1:
                self.tally.left_out[BOTH_SPLITS] += 1
            else:
                found[splits.pop()].append(record)
        for split, records in found.items():
            records.sort(key=_order)
            self.tally.add(split, records)
        return found

    def _spoken(self, transcripts: Iterable[Row], segments: Mapping[str, Row]) -> Stretches:
        """By clip, from when to when in it a chosen language is spoken."""
        found: Stretches = defaultdict(list)
        for row in transcripts:
            segment = segments.get(row["segment_id"] or row["clip_id"])
            if segment and row["language"] in self._filters.languages:
                times = (row["start_ms"], row["end_ms"])
                start_ms, end_ms = (at - segment["clip_start_ms"] for at in times)
                found[segment["clip_uri"]].append((start_ms, end_ms))
        return found

    def _words(self, published: TableSnapshot, date: str) -> WordsOfTexts:
        """The day's words, where transcripts are exported."""
        if "answer" not in self._filters.kinds or self._filters.skills:
            return WordsOfTexts()
        keys = published.shards(WORDS.name, self._corpus, date)
        return WordsOfTexts(published.columns(key, COLUMNS) for key in keys)

    def _records(
        self, rows: Mapping[str, list[Row]], segments: Mapping[str, Row], words: WordsOfTexts
    ) -> Iterator[ExportRecord]:
        answers = [row for name in ANSWER_TABLES for row in rows[name]]
        kinds: tuple[tuple[Kind, list[Row]], ...] = (
            ("answer", answers),
            ("pair", rows[PAIRS.name]),
            ("thought", _agreed_of(rows)),
            ("dialogue", rows[DIALOGUES.name]),
        )
        for kind, found in kinds:
            for row in found if kind in self._filters.kinds else ():
                reason = self._against(kind, row)
                record = None if reason else self._record(kind, row, segments, words)
                if record is None:
                    self.tally.left_out[reason or NO_CLIP] += 1
                    continue
                if "model" in row:
                    model = (row["model"], row["weights_revision"], row["engine"])
                    self.tally.models.add(model)
                yield record

    def _against(self, kind: Kind, row: Row) -> str:
        """Why a row is left out; empty where nothing speaks against it."""
        if self._filters.reviewed_only and (reason := row.get("against", NOT_REVIEWED)):
            return str(reason)
        flags = row.get("flags") or ()
        if flags:
            return WRONG if JUDGED_WRONG in flags else FLAGGED
        if has_corrected_value(row) and not row["text"]:
            return EMPTY
        if self._filters.skills and row.get("skill") not in self._filters.skills:
            return OTHER_SKILL
        if kind == "answer" and row["prompt_id"] not in self._tasks:
            return UNKNOWN_PROMPT
        if kind in ("pair", "thought") and self._filters.only_agreed and not row["agrees"]:
            return NOT_AGREED
        if kind in ("pair", "thought") and row["options"] and row["answer"] not in row["options"]:
            return NOT_ASKABLE
        return ""

    def _record(
        self, kind: Kind, row: Row, segments: Mapping[str, Row], words: WordsOfTexts
    ) -> ExportRecord | None:
        if kind == "answer":
            task = self._tasks[row["prompt_id"]]
            is_timed = task.kind == "transcript" and row.get("times_hold", True)
            said = words.of(row) if is_timed else ()
            return answer_record(row, task, segments, said)
        return dialogue_record(row) if kind == "dialogue" else pair_record(row, segments)


def _are_spoken_in(spoken: Stretches, record: ExportRecord) -> bool:
    """Whether a chosen language is spoken in every sound of a record."""
    return all(
        any(
            start_ms < sound.end_ms and end_ms > sound.start_ms
            for start_ms, end_ms in spoken.get(sound.clip_uri, ())
        )
        for sound in record.sounds
    )


def _agreed_of(rows: Mapping[str, list[Row]]) -> list[Row]:
    """The thoughts, with what the audio model answers to the questions of their pairs."""
    agreed = {row["pair_id"]: row["agrees"] for row in rows[PAIRS.name]}
    return [row | {"agrees": agreed.get(row["pair_id"])} for row in rows[THOUGHTS.name]]


def _order(record: ExportRecord) -> tuple[str, int, str, str, str]:
    first = record.sounds[0]
    return first.recording_id, first.start_ms, record.sound_key, record.kind, record.record_id
