"""Training data from the tables: answers, pairs, thinking and dialogues, in one of four forms.

tables + clips ──► exports/corpus=C/from=D,until=U/FORMAT/…

The same tables and seed give the same bytes. Every clip is looked for before anything is written;
a shard is held in memory, and no more.
"""

from __future__ import annotations

from collections.abc import Sequence

from af3core.skills.catalogue import chosen_skills
from af3core.storage.store import Store, retry_on_conflict
from beam_jobs.audit_log.audit_log import audit_log_of
from beam_jobs.audit_log.this_user import this_user
from beam_jobs.corrections.reviewed_answers import reviewed_answers
from beam_jobs.derive.export.datasheet import Sheet, corrected_line
from beam_jobs.derive.export.export_clips import check_sounds
from beam_jobs.derive.export.export_writer import ExportWriter, Overtaken
from beam_jobs.derive.export.formats import FORMS
from beam_jobs.derive.export.reviewed_rows import by_key
from beam_jobs.derive.export.selection import SPLITS, Filters, Selection
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.known_nights import unknown_nights
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import manifest_dates
from beam_jobs.framework.settings import FIRST_DATE, LAST_DATE, JobSettings
from schemas import layout
from schemas.options.derive import AsMade, Export, Seed, Skills


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Replace the export of the interval.

    Raises:
        ConfigurationError: there is no skill of a name, or nothing is planned.
        SoundsMissing: a clip is gone; nothing was written.
    """
    chosen_skills(settings[Skills].skills)
    store = settings.store
    dates = manifest_dates(Ledger(store), settings)
    if not dates:
        raise unknown_nights(store, settings)
    looked_at = _selection(store, settings)
    for date in dates:
        check_sounds(store, [r for found in looked_at.day(date).values() for r in found])
    first, last = _interval(settings, dates)
    name = settings[Export].format
    folder = layout.export_prefix(settings.corpus, first, last, name)
    address = store.address(folder)

    def attempt() -> Selection | None:
        try:
            return _exported(folder, dates, (first, last), settings)
        except Overtaken:
            return None

    with audit_log_of(store) as log, store.claim(layout.export_claim_key(folder)):
        # before any of it is written: a job that is killed has exported a part
        log.add(this_user(), "export", {"corpus": settings.corpus, "export": folder})
        log.flush()
        selection = retry_on_conflict(f"objects of {address}", attempt)
    return _outcome(selection, dates, address)


def _exported(
    folder: str, dates: Sequence[str], interval: tuple[str, str], settings: JobSettings
) -> Selection:
    """Write the export; gives what went into it."""
    store, name = settings.store, settings[Export].format
    writer = ExportWriter(store, folder, FORMS[name])
    selection = _selection(store, settings)
    for date in dates:
        for split, records in selection.day(date).items():
            writer.add(split, records)
    shards = writer.flush()
    filters, tally = _filters(settings), selection.tally
    as_made = settings[AsMade].as_made
    sheet = Sheet(settings.corpus, name, *interval, filters, tally, shards, as_made)
    writer.finish(sheet.text())
    return selection


def _selection(store: Store, settings: JobSettings) -> Selection:
    tasks = {task.prompt_id: task for task in settings.tasks}
    filters, reviewed = _filters(settings), None
    if filters.reviewed_only:
        found = reviewed_answers(settings.out, settings.corpus, settings.since, settings.until)
        reviewed = by_key(found)
    as_made = settings[AsMade].as_made
    return Selection(store, settings.corpus, tasks, filters, as_made, reviewed)


def _filters(settings: JobSettings) -> Filters:
    export = settings[Export]
    return Filters(
        settings[Skills].skills,
        export.only_agreed,
        export.held_out,
        settings[Seed].seed,
        FORMS[export.format].kinds,
        export.language,
        export.reviewed_only,
    )


def _interval(settings: JobSettings, dates: Sequence[str]) -> tuple[str, str]:
    """The interval as it was given; an open end is the first or the last day that was planned."""
    first = dates[0] if settings.since == FIRST_DATE else settings.since
    last = dates[-1] if settings.until == LAST_DATE else settings.until
    return first, last


def _outcome(selection: Selection, dates: Sequence[str], address: str) -> Outcome:
    tally = selection.tally
    facts = {
        "dates": len(dates),
        "sounds": tally.sounds.total(),
        "questions": tally.questions.total(),
        "seconds": tally.duration_ms.total() / 1000,
        "records": {split: tally.records[split] for split in SPLITS},
        "left_out": dict(tally.left_out),
        "corrected": tally.corrected["value"],
        "corrected_flags": tally.corrected["flags"],
    }
    lines = [
        f"exported: {facts['sounds']} sounds with {facts['questions']} questions of"
        f" {len(dates)} days to {address}"
    ]
    if said := corrected_line(tally):
        lines.append(said)
    left_out = sorted(tally.left_out.items())
    lines += [f"left out: {count} rows: {reason}" for reason, count in left_out]
    return Outcome(facts, lines)
