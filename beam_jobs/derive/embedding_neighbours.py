"""The published embeddings of a corpus, as a neighbourhood to search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from af3core.embedding.neighbours import EmbeddedSegment, Neighbourhood
from af3core.storage.store import Store
from beam_jobs.framework.table_snapshot import take_snapshot
from schemas import layout
from schemas.tables.embedding_tables import EMBEDDINGS

_MODELS = {"audio": "audio_model", "caption": "text_model"}
_ROW = ("recording_id", "segment_id", "caption", "flags")


def published_neighbourhood(
    store: Store,
    corpus: str,
    by: Literal["audio", "caption"],
    model: str,
    at_most: int,
    until: str = "9999-12-31",
) -> Neighbourhood:
    """Segments with an unflagged caption and the vectors that `model` made, the newest days first,
    from a day on backwards.
    """
    segments: list[EmbeddedSegment] = []
    vectors: list[npt.NDArray[np.float32]] = []
    seen: set[str] = set()
    vector, made_by = f"{by}_embedding", _MODELS[by]
    for date, table in _newest_first(store, corpus, until, (*_ROW, made_by, vector)):
        fit = []
        for place, row in enumerate(table.select([*_ROW, made_by]).to_pylist()):
            undoubted = row["caption"] and not row["flags"] and row["segment_id"] not in seen
            if undoubted and row[made_by] == model:
                seen.add(row["segment_id"])  # one recording may be of two days
                fit.append(place)
                segments.append(
                    EmbeddedSegment(row["recording_id"], row["segment_id"], date, row["caption"])
                )
        if fit:
            flat = pc.list_flatten(table[vector].take(fit)).to_numpy().astype(np.float32)
            vectors.append(flat.reshape(len(fit), -1))
        if len(segments) >= at_most:
            break
    found = np.concatenate(vectors) if vectors else np.zeros((0, 0), np.float32)
    return Neighbourhood(tuple(segments[:at_most]), found[:at_most])


def _newest_first(
    store: Store, corpus: str, until: str, columns: tuple[str, ...]
) -> Iterator[tuple[str, pa.Table]]:
    """Day and columns of each published shard."""
    snapshot = take_snapshot(store, [EMBEDDINGS.name], corpus)
    dated = [(layout.date_of_shard(key), key) for key in snapshot.stamps]
    for date, key in sorted(dated, reverse=True):
        if date <= until:
            yield date, snapshot.columns(key, columns)
