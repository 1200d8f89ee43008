"""Derived rows of a recording whose clips are another's: made once, under the names of both.

What decides the rows is the same but for the names of recording, clips and segments. With the names
of the recording that the clips were cut of it is that recording's piece of work, which has its
place in the ledger, whoever was first.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from beam_jobs.framework.equal_clips import names_of_origin, taken_over_from, with_names
from beam_jobs.framework.ledger import Ledger
from schemas import layout
from schemas.identity import canonical_json, configuration_hash
from schemas.records import DerivedRows

Row = dict[str, Any]
Renew = Callable[[str, Row, str], Row]
"""A row of a table with its own identifiers made anew, of a piece of that identity."""


def as_it_is(table: str, row: Row, identity: str) -> Row:
    """Of rows without identifiers of their own."""
    return row


@dataclass(frozen=True)
class Original:
    """A piece of work as that of the recording which the clips were cut of.

    Attributes:
        recording_id, identity: of that recording's piece.
        names: what things of the piece at hand are called there.
    """

    recording_id: str
    identity: str
    names: Mapping[str, str]

    def key(self, stage: str) -> str:
        return layout.derived_key(stage, self.recording_id, self.identity)


def original_of(recording_id: str, clip_uri: str, decides: Any, ledger: Ledger) -> Original | None:
    """The piece of work that has the same rows under other names; None where the clips are the
    recording's own, or are not known any more.

    Args:
        recording_id: whose piece it is.
        clip_uri: one of its clips.
        decides: what its identity is the hash of.
    """
    origin = layout.clip_origin(clip_uri)
    if origin is None or not taken_over_from(recording_id, clip_uri):
        return None
    [cut] = ledger.segmented([recording_id], origin.segmentation_hash)
    names = names_of_origin(cut) if cut else {}
    if not names:
        return None
    renamed = with_names(json.loads(canonical_json(decides)), names)
    return Original(names[recording_id], configuration_hash(renamed), names)


def take_over(
    original: Original, stage: str, recording_id: str, identity: str, ledger: Ledger, renew: Renew
) -> bool:
    """Keep the original's rows as those of a recording's piece; False where there are none."""
    [held] = ledger.derived([original.key(stage)])
    if held is None:
        return False
    names = {theirs: own for own, theirs in original.names.items()}
    mine = _under(held, recording_id, identity, names, renew)
    ledger.put_derived(layout.derived_key(stage, recording_id, identity), mine)
    return True


def hand_over(original: Original, made: DerivedRows, ledger: Ledger, renew: Renew) -> None:
    """Keep a piece's rows as those of the original too."""
    rows = _under(made, original.recording_id, original.identity, original.names, renew)
    ledger.put_derived(original.key(made.stage), rows)


def _under(
    held: DerivedRows, recording_id: str, identity: str, names: Mapping[str, str], renew: Renew
) -> DerivedRows:
    rows = {
        table: [renew(table, row, identity) for row in with_names(of_table, names)]
        for table, of_table in held.rows.items()
    }
    return dataclasses.replace(held, recording_id=recording_id, identity=identity, rows=rows)
