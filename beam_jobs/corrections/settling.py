"""A person's decision that a correction holds, against those that differ from it."""

from __future__ import annotations

from collections.abc import Sequence

from af3core.errors import ConfigurationError
from beam_jobs.audit_log.audit_log import Auditing
from beam_jobs.corrections.adding import check_name
from beam_jobs.corrections.correction_log import keep, new_head, said_in
from beam_jobs.corrections.correction_site import CorrectionSite
from beam_jobs.corrections.correction_states import correction_states
from schemas.correction_records import CORRECTION_KINDS, CorrectionBatch, Settlement


def settle_corrections(
    out: str,
    identifiers: Sequence[str],
    *,
    by: str,
    corpus: str = "default",
    reason: str = "",
    dry_run: bool = False,
    log: Auditing | None = None,
) -> int:
    """Keep that corrections hold, and publish that; gives how many.

    Each is shown from then on, until a later one differs; what differed from it counts as decided.
    It is also of what its row says by now, as when another model was asked since. That is a record
    too, and can be undone by its identifier or that of its batch.

    Args:
        out: folder or gs:// of a night.
        identifiers: of corrections.
        by: who decides.
        corpus, reason, dry_run, log: as of `add_corrections`.

    Raises:
        ConfigurationError: no correction has such an identifier, it was undone, no row is where it
            was, two of them are of one row, or the name is none.
        StorageError: the storage is in trouble.
    """
    check_name(by)
    site = CorrectionSite(out, corpus, log)
    store, batches = site.store, site.batches()
    held = {said.correction.correction_id: said for said in said_in(batches)}
    wanted = list(dict.fromkeys(identifiers))
    for each in wanted:
        if each not in held:
            raise ConfigurationError(
                f"--settle {each}: no correction of corpus {corpus}; see --decisions"
            )
        if held[each].undone:
            raise ConfigurationError(f"--settle {each}: it was undone; undo that first")
        if held[each].correction.kind not in CORRECTION_KINDS:
            raise ConfigurationError(f"--settle {each}: it needs a newer release of af3-archive")
    _check_apart([(each, held[each].correction.place_and_aspect) for each in wanted])
    site.publish("again")
    says = _said_now(out, corpus)
    for each in wanted:
        if says.get(each) is None:
            raise ConfigurationError(
                f"--settle {each}: no row is at nearly its place any more; correct the new rows,"
                " and undo it"
            )
    if dry_run or not wanted:
        return len(wanted)
    head = new_head(store, batches)
    settled = tuple(
        Settlement(f"{head.batch_id}-{number:05d}", each, says[each] or "")
        for number, each in enumerate(wanted)
    )
    keep(store, CorrectionBatch(head.batch_id, corpus, by, head.made_at, reason, settled=settled))
    subject = {"corpus": corpus, "batch": head.batch_id, "settled": len(settled)}
    site.log_edit(by, subject)
    site.publish(head.batch_id)
    return len(settled)


def _said_now(out: str, corpus: str) -> dict[str, str | None]:
    """By correction what its row says; None where there is no such row."""
    found = correction_states(out, corpus).found
    return {each["correction_id"]: each["value_now"] for each in found.to_pylist()}


def _check_apart(wanted: Sequence[tuple[str, object]]) -> None:
    """Raise where two corrections are of one row: only one of them can hold."""
    first: dict[object, str] = {}
    for identifier, place in wanted:
        if place in first:
            raise ConfigurationError(
                f"--settle {identifier}: {first[place]} is of the same row; name one of them"
            )
        first[place] = identifier
