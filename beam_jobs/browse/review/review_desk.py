"""What an editor's pages show: answers of a recording, queues, progress, agreement, decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from beam_jobs.browse.data.archive_tables import ArchiveTables, Place, place_of
from beam_jobs.browse.http.person import Person
from beam_jobs.browse.http.refusal import Refusal
from beam_jobs.browse.pages.recording_page import find_recording
from beam_jobs.browse.review.agreement import agreement
from beam_jobs.browse.review.answer_items import blind, items_of_recording, key_of, with_sound
from beam_jobs.browse.review.drafts import (
    drop_draft,
    keep_draft,
    now_utc,
    place_of_draft,
    read_drafts,
)
from beam_jobs.browse.review.presence import Presence
from beam_jobs.browse.review.queues import Queue, is_doubled, queue_items, sample_work
from beam_jobs.browse.review.review_site import (
    ITEM_TABLES,
    ReviewSites,
    SavedRow,
    flags_against,
    values_said,
)
from beam_jobs.browse.review.voices import naming_rows, voices_of
from beam_jobs.corrections.adding import CorrectionsRefused
from beam_jobs.corrections.correction_log import Said
from beam_jobs.corrections.correction_states import correction_states
from beam_jobs.output.json_values import as_json
from schemas import layout
from schemas.correction_records import FLAG_KINDS, CorrectionBatch, Draft, Review

SHOWN_AT_ONCE = 20
"""Answers of a queue that a page gets; it asks for more when it has done these."""


class ReviewDesk:
    """Review over the tables of a server; several threads may ask."""

    def __init__(self, tables: ArchiveTables) -> None:
        self._tables = tables
        self.sites = ReviewSites(tables)
        self.presence = Presence()

    def close(self) -> None:
        """Publish what is not published yet."""
        self.sites.close()

    def settle_all(self) -> None:
        """Have readers of this server read what was corrected here a moment ago; where it cannot be
        published now, they read what is, and the server says why.
        """
        self.sites.settle_all()

    def recording(
        self, person: Person, recording_id: str, corpus: str, date: str
    ) -> dict[str, Any]:
        """The answers of a recording with their corrections, and the person's drafts.

        Raises:
            Refusal: 404, there is no such recording.
        """
        place = self.place(recording_id, corpus, date)
        day = place.partition
        batches = self.sites.site(day.corpus).batches()
        self.sites.settle(day.corpus)
        stamps = self._tables.stamps_of_places(ITEM_TABLES, [place])
        stamps |= self._tables.stamps(["corrections"], day.corpus)
        items = self._tables.read(stamps, lambda c: items_of_recording(c, place), ITEM_TABLES)
        store = self._tables.store
        drafts = read_drafts(store, day.corpus, recording_id, person.name)
        return {
            "corpus": day.corpus,
            "date": day.date,
            "items": _with_latest(items, batches),
            "voices": voices_of(self._tables, place),
            "drafts": [as_json(each.to_json()) for each in drafts],
        }

    def place(self, recording_id: str, corpus: str, date: str) -> Place:
        """Where a recording is.

        Raises:
            Refusal: 404, it is nowhere.
        """
        named = place_of(corpus, date, recording_id)
        place = named or find_recording(self._tables, recording_id, corpus, date)
        if place is None or not self._tables.stamps_of_places(["recordings"], [place]):
            raise Refusal(404, f"recording {recording_id}: not in the tables")
        return place

    def queue(self, person: Person, queue: Queue) -> dict[str, Any]:
        """What is left of a queue for a person, and how far it is."""
        self._check_corpus(queue.corpus)
        batches = self.sites.site(queue.corpus).batches()
        self.sites.settle(queue.corpus)
        is_compared = queue.name == "disagreements"  # with the answers of all corpora
        stamps = self._tables.stamps(ITEM_TABLES, "" if is_compared else queue.corpus)
        said = values_said(batches)

        def ask(connection: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
            items = [each | {"at": _key(each)} for each in queue_items(connection, queue)]
            left, figures = _left(items, queue, said, person)
            here = self.presence.edited(person.name)
            shown = sorted(left, key=lambda item: item["at"] in here)[:SHOWN_AT_ONCE]
            return with_sound(connection, _with_latest(shown, batches)), figures

        shown, figures = self._tables.read(stamps, ask, ITEM_TABLES)
        shown = self._with_drafts(person, queue.corpus, shown)
        return figures | {"items": shown, "today": done_today(said, person.name, now_utc()[:10])}

    def decisions(self, corpus: str) -> list[dict[str, Any]]:
        """The corrections of a corpus that need a person's decision."""
        self._check_corpus(corpus)
        self.sites.site(corpus)
        self.sites.settle(corpus)
        found = correction_states(self._tables.out, corpus).undecided.found
        return [as_json(row) for row in found.to_pylist()]

    def save(
        self, person: Person, place: Place, saved: SavedRow, source: str, review: Review | None
    ) -> dict[str, Any]:
        """Keep a correction, and forget the draft that it was; gives the correction as it stands.

        Raises:
            NewerCorrection: somebody else corrected the answer meanwhile.
            Refusal: 400, the row is wrong.
        """
        row, corpus = saved.row, place.partition.corpus
        at = (source, row["task_id"], row["start_ms"], row["end_ms"], row["channel"])
        if row["kind"] in FLAG_KINDS:
            said = self.sites.site(corpus).batches()
            against = flags_against(said, (place.recording_id, *at), row["kind"], row["new_value"])
            if against:
                undone = self.sites.undo(corpus, against, person.name)
                return {"batch_id": undone.batch_id, "kept": undone.count, "correction": None}
        try:
            added = self.sites.save(place, saved, person.name, review)
        except CorrectionsRefused as error:
            raise Refusal(400, error.wrong[0].partition(": ")[2]) from error
        if row["kind"] not in FLAG_KINDS:
            drop_draft(self._tables.store, corpus, place.recording_id, person.name, at)
        kept = (
            said_json(each)
            for _, each in values_said(self.sites.site(corpus).batches())
            if each.batch.batch_id == added.batch_id
        )
        return {
            "batch_id": added.batch_id,
            "kept": added.kept,
            "correction": next(kept, None),
        }

    def name_voice(self, person: Person, place: Place, voice: int, name: str) -> dict[str, Any]:
        """Name all turns of a voice in a recording.

        Raises:
            Refusal: there is no such voice, or the name is none.
        """
        rows = naming_rows(self._tables, place, voice, name)
        try:
            added = self.sites.name(place, rows, person.name)
        except CorrectionsRefused as error:
            raise Refusal(400, error.wrong[0].partition(": ")[2]) from error
        return {"batch_id": added.batch_id, "kept": added.kept}

    def draft(self, person: Person, place: Place, draft: Draft, is_kept: bool) -> None:
        """Keep what a person has begun to write, or forget it."""
        where = (self._tables.store, place.partition.corpus, place.recording_id, person.name)
        if is_kept:
            keep_draft(*where, draft)
        else:
            at = (draft.source, draft.task_id, draft.start_ms, draft.end_ms, draft.channel)
            drop_draft(*where, at)

    def news(self, corpus: str, recording_id: str) -> str:
        """The last batch of a corpus that speaks of a recording or undoes something: a page that
        knows it has all.
        """
        of_it = [
            batch.batch_id
            for batch in self.sites.site(corpus).batches()
            if batch.undone or any(c.recording_id == recording_id for c in batch.corrections)
        ]
        return of_it[-1] if of_it else ""

    def _with_drafts(
        self, person: Person, corpus: str, items: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Items with what the person had begun to write of each, or None."""
        store = self._tables.store
        drafts = {
            f"{recording} {key_of(place_of_draft(draft))}": as_json(draft.to_json())
            for recording in sorted({item["recording_id"] for item in items})
            for draft in read_drafts(store, corpus, recording, person.name)
        }
        return [item | {"draft": drafts.get(item["at"])} for item in items]

    def _check_corpus(self, corpus: str) -> None:
        known = layout.corpora_of(self._tables.store.folders("tables/recordings/"))
        if corpus not in known:
            raise Refusal(404, f"corpus {corpus}: not in the tables")


def said_json(said: Said) -> dict[str, Any]:
    """A correction as the page shows it. Pure."""
    return {
        "id": said.correction.correction_id,
        "kind": said.correction.kind,
        "new_value": said.correction.new_value,
        "by": said.batch.made_by,
        "at": said.batch.made_at,
    }


def done_today(said: Iterable[tuple[str, Said]], person: str, today: str) -> int:
    """How many answers a person judged on a day, UTC. Pure."""
    mine = (
        key
        for key, each in said
        if each.batch.made_by == person and each.batch.made_at.startswith(today)
    )
    return len(set(mine))


def _key(item: dict[str, Any]) -> str:
    return f"{item['recording_id']} {item['key']}"


def _with_latest(
    items: Sequence[dict[str, Any]], batches: Sequence[CorrectionBatch]
) -> list[dict[str, Any]]:
    """Items with the identifier of the latest correction of each: what a save builds on."""
    latest = {key: said.correction.correction_id for key, said in values_said(batches)}
    return [item | {"latest": latest.get(_key(item), "")} for item in items]


def _left(
    items: list[dict[str, Any]], queue: Queue, said: list[tuple[str, Said]], person: Person
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The answers that are left for a person, and the figures of the queue. Pure."""
    if queue.name != "sample":
        left = [item for item in items if item["correction"] is None]
        mine = {key for key, each in said if each.batch.made_by == person.name}
        done = sum(item["at"] in mine for item in items)
        return left, {"count": len(items), "judged": len(items) - len(left), "done": done}
    verdicts: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    for key, each in said:
        if each.batch.review == Review("sample", queue.seed):
            verdicts[key][each.batch.made_by] = each.correction.kind == "right"
    keys = [item["at"] for item in items]
    doubled = [key for key in keys if is_doubled(key, queue.seed)]
    work = sample_work(keys, doubled, verdicts, person.name)
    by_key = {item["at"]: item for item in items}
    pairs = agreement({key: verdicts[key] for key in keys if key in verdicts})
    return [blind(by_key[key]) for key in work.left], {
        "count": len(items),
        "judged": work.judged,
        "done": work.done,
        "doubled": len(doubled),
        "agreement": [pair.to_json() for pair in pairs],
    }
