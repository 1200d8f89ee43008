"""AF3's own form: a JSON list of conversations that name FLAC files beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from beam_jobs.exports.records import ExportRecord

SOUNDS = "sounds/"
"""Where the FLAC files lie, below the export's folder."""


def encode(records: Sequence[ExportRecord], flacs: Mapping[str, bytes]) -> bytes:
    """One list; the sounds are files of their own."""
    found = [
        record.to_json([SOUNDS + sound.file_name for sound in record.sounds]) for record in records
    ]
    return (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()
