"""The meaning of the texts that are searched: embedded once, kept in the ledger, published.

tables ──► documents ──► ledger/derived/texts/… ──► tables/text_embeddings
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from af3core.embedding.text import load_text_embedder, text_model_revision
from beam_jobs.framework.derivation import Derivation, Piece, PieceRows
from beam_jobs.framework.ledger import pack_vector
from beam_jobs.framework.settings import JobSettings
from beam_jobs.search.documents import Partition, ask_documents
from schemas.identity import configuration_hash
from schemas.options.derive import TextModel
from schemas.tables.embedding_tables import TEXT_EMBEDDINGS

STAGE = "texts"
_COLUMNS = ("kind", "segment_id", "start_ms", "end_ms", "meant", "text_hash")


def pieces(settings: JobSettings, date: str) -> Iterator[Piece]:
    """A recording's documents, each with its text."""
    store, partition = settings.store, Partition(settings.corpus, date)
    model = text_model_revision(settings[TextModel].text_model)
    sql = f"SELECT recording_id, object_uri, {', '.join(_COLUMNS)} FROM documents"
    rows = ask_documents(
        settings.out, store, [partition], lambda database: database.execute(sql).fetchall()
    )
    for (recording, uri), found in groupby(rows, key=lambda row: (row[0], row[1])):
        evidence = [dict(zip(_COLUMNS, row[2:], strict=True)) for row in found]
        identity = configuration_hash([model, evidence])
        work_ms = sum(
            row["end_ms"] - row["start_ms"] for row in evidence if row["kind"] == "segment"
        )
        yield Piece(recording, settings.corpus, date, identity, evidence, uri, work_ms)


def derive_rows(piece: Piece, settings: JobSettings) -> PieceRows:
    """The vectors of one recording's texts."""
    name = settings[TextModel].text_model
    model = text_model_revision(name)
    vectors = load_text_embedder(name).embed([row["meant"] for row in piece.evidence])
    rows = [
        {
            "recording_id": piece.recording_id,
            "kind": row["kind"],
            "segment_id": row["segment_id"],
            "start_ms": row["start_ms"],
            "end_ms": row["end_ms"],
            "text_hash": row["text_hash"],
            "text_embedding": pack_vector(vector),
            "text_model": model,
        }
        for row, vector in zip(piece.evidence, vectors, strict=True)
    ]
    return PieceRows({TEXT_EMBEDDINGS.name: rows}, {"texts_embedded": len(rows)})


TEXTS = Derivation(STAGE, (TEXT_EMBEDDINGS,), pieces, derive_rows)
