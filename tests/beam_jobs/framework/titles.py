"""What the derived job of these tests makes: a recording's title, decided by the seed too."""

from __future__ import annotations

from beam_jobs.framework.derivation import Piece, PieceRows
from beam_jobs.framework.settings import JobSettings
from schemas.options.derive import Seed


def title_rows(piece: Piece, settings: JobSettings) -> PieceRows:
    """One chapter, of the first second."""
    row = {
        "recording_id": piece.recording_id,
        "chapter": 1,
        "start_ms": 0,
        "end_ms": 1000,
        "title": f"{piece.evidence} {settings[Seed].seed}",
        "summary": "",
        "segment_count": 1,
        "made_by": "rules",
        "flags": [],
    }
    return PieceRows({"chapters": [row]}, {"chapters": 1})
