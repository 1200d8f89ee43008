"""Corrections added and undone, from Python and by `af3 correct`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from af3core.errors import ConfigurationError
from af3core.near_names import did_you_mean
from beam_jobs.audit_log.audit_log import Auditing
from beam_jobs.corrections.answered_places import AnsweredPlace, Answers, read_answers
from beam_jobs.corrections.correction_log import (
    keep,
    new_head,
    said_in,
    undos,
)
from beam_jobs.corrections.correction_site import CorrectionSite
from beam_jobs.corrections.given_rows import GivenRow, WrongRow, brief, in_form
from schemas.correction_records import TIMES, VALUE_KINDS, Correction, CorrectionBatch, Review
from schemas.options.correcting import Correcting
from schemas.options.option import OptionError
from schemas.tables.correctable_tables import CORRECTABLE

CheckNews = Callable[[Sequence[Correction], Sequence[CorrectionBatch]], None]


class CorrectionsRefused(ConfigurationError):
    """Rows are wrong, and nothing was kept.

    Attributes:
        wrong: one line for each row: where it stands, what is wrong, what to do.
    """

    def __init__(self, wrong: Sequence[str]) -> None:
        self.wrong = tuple(wrong)
        rows = "1 row is" if len(wrong) == 1 else f"{len(wrong)} rows are"
        super().__init__(f"{rows} wrong: mend the file and run it again; nothing was kept")


@dataclass(frozen=True)
class AddedBatch:
    """What became of rows.

    Attributes:
        batch_id: empty where nothing was kept.
        kept: corrections in the batch.
        unchanged: rows whose new value is the model's own.
        standing: rows that say again what their writer's last correction says.
        outdated: of those kept, how many name an old value that the model gives no more.
    """

    batch_id: str
    kept: int
    unchanged: int
    standing: int
    outdated: int


def add_corrections(
    out: str,
    rows: Iterable[Mapping[str, Any] | tuple[str, Mapping[str, Any]]],
    *,
    by: str,
    corpus: str = "default",
    reason: str = "",
    dry_run: bool = False,
    log: Auditing | None = None,
) -> AddedBatch:
    """Keep corrections as one batch, all or none, and publish them in the table `corrections`.

    Args:
        out: folder or gs:// of a night.
        rows: each with `recording`, `start_ms`, `end_ms` (milliseconds from its start), and as
            needed `source`, `task_id`, `channel`, `kind`, `old_value`, `new_value`, `reason`,
            as docs/corrections.md says; or a pair of where the row stands and the row.
        by: who corrects.
        corpus: of the recordings.
        reason: for rows without a reason of their own.
        dry_run: check the rows, keep nothing.
        log: of a server; without it, the audit log gets an object for this call.

    Raises:
        CorrectionsRefused: rows are wrong; nothing was kept.
        ConfigurationError: there are no tables, or the name is none.
        StorageError: the storage is in trouble. What was kept stays, and the next call publishes
            it.
    """
    site = CorrectionSite(out, corpus, log)
    return add_at(site, rows, by=by, reason=reason, dry_run=dry_run)


def add_at(
    site: CorrectionSite,
    rows: Iterable[Mapping[str, Any] | tuple[str, Mapping[str, Any]]],
    *,
    by: str,
    reason: str = "",
    dry_run: bool = False,
    review: Review | None = None,
    check: CheckNews | None = None,
) -> AddedBatch:
    """The same, where and as a site has it.

    Args:
        site: where corrections are read, kept and published.
        rows, by, reason, dry_run: as of `add_corrections`.
        review: the queue in which the person met the answers.
        check: called with the corrections and all that was said before they are kept; what it
            raises keeps nothing.

    Raises:
        CorrectionsRefused, ConfigurationError, StorageError: as `add_corrections`.
    """
    check_name(by)
    given, wrong = _formed(rows)
    names = {row.recording for row in given}
    sources = {source for row in given for source in row.sources}
    answers = read_answers(site.out, site.corpus, names, sources, site.asks)
    made, more = _placed(given, answers)
    if wrong or more:
        raise CorrectionsRefused([*wrong, *more])
    changed = [each for each in made if not each.says_nothing_new]
    batches = site.batches()
    given_values = _given_values(batches)
    last = _last_of(by, batches, review)
    fresh = [each for each in changed if not _is_said(each.correction, last)]
    if check is not None:
        check([each.correction for each in fresh], batches)
    batch_id = ""
    if fresh and not dry_run:
        head = new_head(site.store, batches)
        batch_id = head.batch_id
        corrections = tuple(
            dataclasses.replace(each.correction, correction_id=f"{batch_id}-{number:05d}")
            for number, each in enumerate(fresh)
        )
        made_at, of = head.made_at, site.corpus
        batch = CorrectionBatch(batch_id, of, by, made_at, reason, corrections, review=review)
        keep(site.store, batch)
        kept = {"corpus": of, "batch": batch_id, "kept": len(corrections)}
        site.log_edit(by, kept)
    if not dry_run:
        site.publish(batch_id or "again")
    return AddedBatch(
        batch_id,
        len(fresh),
        len(made) - len(changed),
        len(changed) - len(fresh),
        sum(not each.fits and not _is_of(each.correction, given_values) for each in fresh),
    )


def undo_corrections(
    out: str,
    identifiers: Sequence[str] = (),
    *,
    by: str,
    of_person: str | None = None,
    corpus: str = "default",
    reason: str = "",
    dry_run: bool = False,
    log: Auditing | None = None,
) -> int:
    """Undo corrections, and publish that; gives how many records were undone.

    An undo is a record too, and can be undone by its identifier.

    Args:
        out: folder or gs:// of a night.
        identifiers: of corrections, batches or undos.
        by: who undoes.
        of_person: all corrections of this person.
        corpus, reason, dry_run, log: as of `add_corrections`.

    Raises:
        ConfigurationError: nothing has such an identifier, or the name is none.
        StorageError: the storage is in trouble.
    """
    site = CorrectionSite(out, corpus, log)
    return undo_at(
        site, identifiers, by=by, of_person=of_person, reason=reason, dry_run=dry_run
    ).count


@dataclass(frozen=True)
class UndoneBatch:
    """What was undone: the batch that says so (empty where nothing was), and how many records."""

    batch_id: str
    count: int


def undo_at(
    site: CorrectionSite,
    identifiers: Sequence[str] = (),
    *,
    by: str,
    of_person: str | None = None,
    reason: str = "",
    dry_run: bool = False,
) -> UndoneBatch:
    """The same, where and as a site has it."""
    check_name(by)
    batches = site.batches()
    if of_person is not None and of_person not in {batch.made_by for batch in batches}:
        hint = did_you_mean(of_person, {batch.made_by for batch in batches})
        raise ConfigurationError(f"--undo-by {of_person}: corrected nothing here; {hint}see --list")
    head = None if dry_run else new_head(site.store, batches)
    batch_id = head.batch_id if head else ""
    undone, unknown = undos(batches, identifiers, of_person, batch_id)
    if unknown:
        raise ConfigurationError(
            f"--undo {unknown[0]}: no correction, batch or undo of corpus {site.corpus}; see --list"
        )
    if undone and head:
        of = site.corpus
        batch = CorrectionBatch(batch_id, of, by, head.made_at, reason, undone=undone)
        keep(site.store, batch)
        site.log_edit(by, {"corpus": of, "batch": batch_id, "undone": len(undone)})
    if not dry_run:
        site.publish(batch_id)
    return UndoneBatch(batch_id if undone else "", len(undone))


def check_name(person: str) -> None:
    """Raise ConfigurationError where a person's name is none."""
    try:
        Correcting(by=person)
    except OptionError as error:
        raise ConfigurationError(str(error)) from error


@dataclass(frozen=True)
class _Placed:
    """A correction without an identifier.

    Attributes:
        fits: the row says what it speaks of.
        name: that the voice of a turn has.
    """

    correction: Correction
    fits: bool
    name: str

    @property
    def says_nothing_new(self) -> bool:
        """Its value is the row's own, as of a row that was exported and not changed."""
        held = self.correction
        if held.kind == TIMES:
            return held.new_times_ms == (held.start_ms, held.end_ms)
        own = (held.old_value, self.name) if held.kind == "name" else (held.old_value,)
        return held.kind in ("text", "choice", "name") and held.new_value in own


def _formed(
    rows: Iterable[Mapping[str, Any] | tuple[str, Mapping[str, Any]]],
) -> tuple[list[GivenRow], list[str]]:
    """Rows with checked values, and what is wrong with the others."""
    found, wrong = [], []
    for number, each in enumerate(rows, 1):
        where, row = each if isinstance(each, tuple) else (f"row {number}", each)
        try:
            found.append(in_form(where, row))
        except WrongRow as error:
            wrong.append(f"{where}: {error}")
    return found, wrong


def _placed(rows: Iterable[GivenRow], answers: Answers) -> tuple[list[_Placed], list[str]]:
    """The corrections of rows, and what is wrong with the others."""
    found, wrong = [], []
    first: dict[tuple[object, ...], str] = {}
    for row in rows:
        try:
            made = _correction(row, answers)
        except WrongRow as error:
            wrong.append(f"{row.where}: {error}")
            continue
        key = made.correction.place_and_aspect
        if key in first:
            wrong.append(f"{row.where}: {first[key]} corrects the same; leave one out")
        first.setdefault(key, row.where)
        found.append(made)
    return found, wrong


def _correction(row: GivenRow, answers: Answers) -> _Placed:
    recording = answers.recording(row.recording)
    place = answers.place(recording, row)
    _check_kind(row, place)
    says = place.choice if row.kind == "choice" else place.text
    is_read = row.old_value is None or place.says(row.old_value)
    old_value = says if is_read else row.old_value or ""
    correction = Correction(
        correction_id="",
        kind=row.kind,
        recording_id=recording.recording_id,
        content_sha256=recording.content_sha256,
        date=recording.date,
        source=place.source,
        task_id=place.task_id,
        start_ms=place.start_ms,
        end_ms=place.end_ms,
        channel=place.channel,
        old_value=old_value,
        new_value=row.new_value,
        reason=row.reason,
        sound_sha256=recording.sound_sha256,
    )
    return _Placed(correction, old_value == says, place.name)


def _check_kind(row: GivenRow, place: AnsweredPlace) -> None:
    """Raise WrongRow where a correction of this kind cannot be of this row."""
    kinds = CORRECTABLE[place.source].kinds
    if row.kind not in kinds:
        raise WrongRow(f"kind {row.kind}: none of {place.source}; theirs are {', '.join(kinds)}")
    if row.kind == "choice" and row.new_value not in place.options:
        options = ", ".join(place.options)
        hint = f"its options are {options}" if options else "it has no options; write kind text"
        raise WrongRow(f"new_value {brief(row.new_value)}: no option of {place.task_id}; {hint}")
    if row.kind in ("text", "empty") and place.options:
        raise WrongRow(f"kind {row.kind}: {place.task_id} has options; write kind choice")
    if row.kind == "flag_lifted" and row.new_value not in place.flags:
        flags = ", ".join(place.flags) or "none"
        raise WrongRow(
            f"new_value {brief(row.new_value)}: no flag of this answer; its flags are {flags}"
        )


def _given_values(batches: Iterable[CorrectionBatch]) -> set[tuple[object, ...]]:
    """Each value that a person gave and that counts, with its place."""
    return {
        (said.correction.place, said.correction.new_value)
        for said in said_in(batches)
        if said.correction.kind in VALUE_KINDS and not said.undone
    }


def _is_of(correction: Correction, given_values: Collection[tuple[object, ...]]) -> bool:
    """Whether it speaks of a value that a person gave in the place of the model's."""
    return (correction.place, correction.old_value) in given_values


def _last_of(
    person: str, batches: Iterable[CorrectionBatch], review: Review | None
) -> dict[tuple[object, ...], Correction]:
    """A person's last correction of each aspect of each place that counts; in a sample, of those
    that were made in it: what was said outside does not count as drawn.
    """
    return {
        said.correction.place_and_aspect: said.correction
        for said in said_in(batches)
        if said.batch.made_by == person
        and not said.undone
        and (review is None or review.seed is None or said.batch.review == review)
    }


def _is_said(correction: Correction, last: Mapping[tuple[object, ...], Correction]) -> bool:
    """Whether a person said the same last: a file that is handed in again adds nothing."""
    held = last.get(correction.place_and_aspect)
    now = (correction.kind, correction.new_value, correction.old_value)
    return held is not None and now == (held.kind, held.new_value, held.old_value)
