"""Training data from the tables: answers, pairs and dialogues without flags, in one of three forms.

tables + clips ──► exports/corpus=C/from=D,until=U/FORMAT/…

The same tables and seed give the same bytes. Every clip is looked for before anything is written;
a shard is held in memory, and no more.
"""

from __future__ import annotations

from collections.abc import Sequence

from af3core.storage.address import open_store
from af3core.storage.store import Store
from af3core.tasks.skills.catalogue import chosen_skills
from beam_jobs.exports.datasheet import Sheet
from beam_jobs.exports.forms import FORMS
from beam_jobs.exports.selection import SPLITS, Filters, Selection
from beam_jobs.exports.sounds import check_sounds
from beam_jobs.exports.writer import ExportWriter
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.ledger import Ledger
from beam_jobs.manifests import manifest_dates
from beam_jobs.settings import FIRST_DATE, LAST_DATE, NightSettings
from schemas import layout


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Replace the export of the interval.

    Raises:
        ConfigurationError: there is no skill of a name.
        SoundsMissing: a clip is gone; nothing was written.
    """
    chosen_skills(settings.deriving.skills)
    store = open_store(settings.out)
    dates = manifest_dates(Ledger(store), settings)
    if not dates:
        return Outcome({"dates": 0}, ["exported: nothing; no day of the interval was planned"])
    looked_at = _selection(store, settings)
    for date in dates:
        check_sounds(store, [r for found in looked_at.day(date).values() for r in found])
    first, last = _interval(settings, dates)
    name = settings.deriving.export_format
    folder = layout.export_prefix(settings.corpus, first, last, name)
    with store.claim(layout.claim_key("export", folder.strip("/").replace("/", ","))):
        selection = _selection(store, settings)
        writer = ExportWriter(store, folder, FORMS[name])
        for date in dates:
            for split, records in selection.day(date).items():
                writer.add(split, records)
        shards = writer.flush()
        filters = _filters(settings)
        sheet = Sheet(settings.corpus, name, first, last, filters, selection.tally, shards)
        writer.finish(sheet.text())
    return _outcome(selection, dates, store.address(folder))


def _selection(store: Store, settings: NightSettings) -> Selection:
    tasks = {task.prompt_id: task for task in settings.tasks}
    return Selection(store, settings.corpus, tasks, _filters(settings))


def _filters(settings: NightSettings) -> Filters:
    told = settings.deriving
    return Filters(told.skills, told.only_agreed, told.held_out, told.seed)


def _interval(settings: NightSettings, dates: Sequence[str]) -> tuple[str, str]:
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
    }
    lines = [
        f"exported: {facts['sounds']} sounds with {facts['questions']} questions of"
        f" {len(dates)} days to {address}"
    ]
    left_out = sorted(tally.left_out.items())
    lines += [f"left out: {count} rows: {reason}" for reason, count in left_out]
    return Outcome(facts, lines)


JOB = Job("export", "write training data from answers, pairs and dialogues", run)


def main(arguments: list[str] | None = None) -> int:
    """`python -m beam_jobs.export`."""
    return job_main(JOB, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
