"""`af3 correct`: what people know better than the model, kept beside its answers."""

from __future__ import annotations

import argparse

from af3core.errors import ConfigurationError
from af3core.messages import Level, tell, telling
from af3core.storage.address import store_at
from beam_jobs.corrections.adding import (
    AddedBatch,
    CorrectionsRefused,
    add_corrections,
    undo_corrections,
)
from beam_jobs.corrections.correction_log import read_batches, said_in
from beam_jobs.corrections.correction_states import CorrectionStates, correction_states
from beam_jobs.corrections.corrections_table import publish_corrections
from beam_jobs.corrections.given_rows import read_rows
from beam_jobs.corrections.settling import settle_corrections
from beam_jobs.framework.process import say
from beam_jobs.output.next_command import af3
from beam_jobs.output.row_output import opened, target_of, until_enough, write_rows
from schemas.reports import WAITING_EXIT_CODE

DESCRIPTION = """\
Correct what the model said. Nothing is overwritten: the tables keep the model's words, the views
corrected_transcripts, corrected_captions, corrected_answers, corrected_events, corrected_words,
corrected_speaker_turns and corrected_chapters show the corrected ones.

  af3 query --out NIGHT --output fixes.csv "SELECT recording_id, start_ms, end_ms, task_id,
      text AS old_value, text AS new_value FROM transcripts"
  (mend new_value in some rows)
  af3 correct fixes.csv --by "Ada" --out NIGHT
  af3 query --out NIGHT "SELECT text, original_text, corrected_by FROM corrected_transcripts"

Columns: recording (file name, object or id), start_ms, end_ms; where needed task_id, channel and
source (the table); kind (text where there is none), old_value, new_value, reason.

  kind          new_value    says
  text          the text     this is said, heard or answered
  empty         -            nothing is said there
  choice        an option    this option is right
  name          a name       so the event or chapter is called, or who speaks in this turn
  times         12000-13500  from when to when (ms) this event, word or chapter is
  wrong, right  -            the model's answer is wrong, or right
  flag_set      a flag       this flag belongs there
  flag_lifted   a flag       this flag does not

All rows are kept, or none where one is wrong.

  af3 correct --list --out NIGHT           all corrections, and what became of each
  af3 correct --decisions --out NIGHT      conflicts, and those whose answer changed; exit code 3
  af3 correct --settle ID --by NAME --out NIGHT    this one holds, of two people's
  af3 correct --undo ID --by NAME --out NIGHT      a correction, a batch or an undo
  af3 correct --undo-by NAME --by NAME --out NIGHT"""

_SHOWN = 20
"""Wrong rows that are said."""


def run_correct(known: argparse.Namespace) -> int:
    """Correct, undo, settle, list or publish; 3 where decisions are listed.

    Raises:
        ConfigurationError: the options or rows are wrong, or there are no tables.
        StorageError: the storage is in trouble.
    """
    _check_one(known)
    if known.list or known.decisions:
        return _write_states(known)
    if known.publish:
        changed = publish_corrections(store_at(known.out), known.corpus, "again")
        _say(f"table corrections: {changed} objects brought up to date")
        return 0
    if not known.by:
        raise ConfigurationError("--by is missing: name who corrects, such as --by Ada")
    if known.settle:
        return _settle(known)
    return _add(known) if known.file else _undo(known)


def _check_one(known: argparse.Namespace) -> None:
    """Raise where not exactly one thing is asked for."""
    asked = {
        "FILE": known.file,
        "--list": known.list,
        "--decisions": known.decisions,
        "--undo or --undo-by": known.undo or known.undo_by,
        "--settle": known.settle,
        "--publish": known.publish,
    }
    given = [name for name, value in asked.items() if value]
    if len(given) != 1:
        raise ConfigurationError(
            f"correct: name one of {', '.join(asked)}"
            + (f"; given are {' and '.join(given)}" if given else "")
        )
    if given[0] not in ("--list", "--decisions") and (known.format or known.output):
        raise ConfigurationError("--format and --output belong to --list and --decisions")


def _add(known: argparse.Namespace) -> int:
    try:
        added = add_corrections(
            known.out,
            read_rows(known.file),
            by=known.by,
            corpus=known.corpus,
            reason=known.reason,
            dry_run=known.dry_run,
        )
    except CorrectionsRefused as error:
        for line in error.wrong[:_SHOWN]:
            tell(line, Level.ERROR)
        if len(error.wrong) > _SHOWN:
            tell(f"and {len(error.wrong) - _SHOWN} more rows", Level.ERROR)
        raise
    _say(_told(added, known.dry_run))
    return 0


def _told(added: AddedBatch, dry_run: bool) -> str:
    what = "would be kept" if dry_run else "kept"
    batch = f" in batch {added.batch_id}" if added.batch_id else ""
    more = {
        "rows without a change": added.unchanged,
        "said before": added.standing,
        "of answers that are other ones by now (see --decisions)": added.outdated,
    }
    parts = [f"{count} {name}" for name, count in more.items() if count]
    return "; ".join([f"{added.kept} corrections {what}{batch}", *parts])


def _undo(known: argparse.Namespace) -> int:
    undone = undo_corrections(
        known.out,
        known.undo,
        by=known.by,
        of_person=known.undo_by,
        corpus=known.corpus,
        reason=known.reason,
        dry_run=known.dry_run,
    )
    _say(f"{undone} {'would be undone' if known.dry_run else 'undone'}")
    return 0


def _settle(known: argparse.Namespace) -> int:
    settled = settle_corrections(
        known.out,
        known.settle,
        by=known.by,
        corpus=known.corpus,
        reason=known.reason,
        dry_run=known.dry_run,
    )
    _say(f"{settled} {'would be settled' if known.dry_run else 'settled'}")
    return 0


def _write_states(known: argparse.Namespace) -> int:
    target = target_of(known.format, known.output, known.out)
    states = correction_states(known.out, known.corpus)
    _warn_of_lag(known, states)
    found = states.undecided if known.decisions else states

    def write() -> None:
        with opened(target) as begin:
            write_rows(found, target, begin())

    done = until_enough(write)
    return WAITING_EXIT_CODE if not done and known.decisions and found.found.num_rows else done


def _warn_of_lag(known: argparse.Namespace, states: CorrectionStates) -> None:
    """Say that the table lacks what was kept, as after a write that was cut off."""
    said = said_in(read_batches(store_at(known.out), known.corpus))
    kept = {
        (
            each.correction.correction_id,
            each.undone.made_by if each.undone else None,
            each.settled.made_by if each.settled else None,
        )
        for each in said
    }
    if kept != states.published:
        tell(f"the table corrections is behind what is kept; run {af3('correct', '--publish')}")


def _say(line: str) -> None:
    if not telling().is_quiet:
        say([line])
