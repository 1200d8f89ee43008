"""What the tables say of each recording, and the vectors of its texts."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np

from af3core.embedding.text import Vectors, load_text_embedder
from af3core.longform.passages import Evidence, evidence_of
from af3core.storage.address import open_store
from beam_jobs.derived import Row, rows_by_recording
from beam_jobs.settings import NightSettings

_TABLES = ("segments", "transcripts", "captions", "answers")


def recordings_with_evidence(settings: NightSettings, date: str) -> Iterator[tuple[Row, Evidence]]:
    """Each recording of a published day that has segments, with its evidence."""
    store = open_store(settings.out)
    recordings, *found = (
        rows_by_recording(store, table, settings.corpus, date) for table in ("recordings", *_TABLES)
    )
    for recording_id, [row] in recordings.items():
        segments, *answers = (rows.get(recording_id, []) for rows in found)
        if segments and row["duration_ms"] > 0:
            yield row, evidence_of(row, segments, *answers)


@functools.lru_cache(maxsize=4)
def text_vectors(texts: tuple[str, ...], model: str) -> Vectors:
    """Unit vectors `[texts, dimensions]`, zero where a text is empty.

    Kept for the last recordings: all questions about one are asked of the same vectors.
    """
    embedder = load_text_embedder(model)
    vectors = np.zeros((len(texts), embedder.dimensions), np.float32)
    places = [place for place, text in enumerate(texts) if text]
    if places:
        vectors[places] = embedder.embed([texts[place] for place in places])
    return vectors
