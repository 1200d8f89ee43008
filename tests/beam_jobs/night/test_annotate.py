"""What of a clip travels to the workers."""

from __future__ import annotations

import pickle
from pathlib import Path

from beam_jobs.framework.pipeline import MOST_HANDED_OVER
from beam_jobs.night import annotate, discover, segment
from tests.beam_jobs.small_night import DAY, settings_of
from tests.media import programme, write

SERVICES_TAKE = 10_000_000
"""Bytes of a pipeline (cloud.google.com/dataflow/quotas)."""


def test_a_clip_travels_without_its_questions(untrained: Path, tmp_path: Path) -> None:
    """Half a minute of sentences, as often as a pipeline holds: asked a dozen questions."""
    archive = tmp_path / "arc"
    write(archive / DAY / "long.flac", programme(30))
    asked = [f"--ask=question{number}=Is it number {number}?" for number in range(10)]
    settings = settings_of(archive, tmp_path / "out", untrained, *asked)
    discover.run(settings)
    segment.run(settings)
    [work] = annotate.missing_work(settings)
    [piece] = annotate.missing_pieces(settings)
    assert len(work.questions) >= 24
    assert (piece.clip, piece.questions) == (work.clip, work.questions[:1])
    assert len(pickle.dumps(piece)) * MOST_HANDED_OVER < SERVICES_TAKE / 4
    done = annotate.run(settings)
    assert done.facts["answers_made"] == len(work.questions)
