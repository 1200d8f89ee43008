"""A Hugging Face dataset: Parquet shards that hold the audio, and a card that names the splits.

`datasets.load_dataset(FOLDER)` gives questions about one sound; conversations about several are the
configuration `dialogues`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from beam_jobs.derive.export.export_records import ExportRecord, Kind
from beam_jobs.derive.export.selection import SPLITS

QUESTIONS, DIALOGUES = "data/", "dialogues/"
_CONFIGURATIONS = {QUESTIONS: "default", DIALOGUES: "dialogues"}

_AUDIO = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_TURN = pa.struct([("from", pa.string()), ("value", pa.string())])
_WORD: dict[str, pa.DataType] = {
    "word": pa.string(),
    "start": pa.float64(),
    "end": pa.float64(),
    "confidence": pa.float64(),
}
_TEXTS = ("id", "kind", "skill")
_DTYPES = {pa.string(): "string", pa.float64(): "float64"}
_LARGEST_PAGE_BYTES = 2**30
"""A row group's sounds fit, so that each lies there once, however many rows hear it."""
_ROW_GROUP_BYTES = 64 * 2**20


def folder_of(kind: Kind) -> str:
    """Where shards of such records lie."""
    return DIALOGUES if kind == "dialogue" else QUESTIONS


def encode(records: Sequence[ExportRecord], flacs: Mapping[str, bytes]) -> bytes:
    """One Parquet file; all records are of one folder."""
    several = bool(records) and folder_of(records[0].kind) == DIALOGUES
    schema = _schema(several)
    buffer = BytesIO()
    with pq.ParquetWriter(
        buffer,
        schema,
        compression="zstd",
        use_dictionary=True,
        dictionary_pagesize_limit=_LARGEST_PAGE_BYTES,
        write_page_checksum=True,
    ) as writer:
        for group in _row_groups(records, flacs):
            rows = [_row(record, flacs, several) for record in group]
            writer.write_table(pa.Table.from_pylist(rows, schema))
    return buffer.getvalue()


def _row_groups(
    records: Sequence[ExportRecord], flacs: Mapping[str, bytes]
) -> Iterator[list[ExportRecord]]:
    """Records whose sounds fit into memory once for each that hears them."""
    group: list[ExportRecord] = []
    size_bytes = 0
    for record in records:
        group.append(record)
        size_bytes += sum(len(flacs[sound.sound_id]) for sound in record.sounds)
        if size_bytes > _ROW_GROUP_BYTES:
            yield group
            group, size_bytes = [], 0
    if group:
        yield group


def _row(record: ExportRecord, flacs: Mapping[str, bytes], several: bool) -> dict[str, Any]:
    audio = [{"bytes": flacs[sound.sound_id], "path": sound.file_name} for sound in record.sounds]
    return {
        "id": record.record_id,
        "kind": record.kind,
        "skill": record.skill,
        "audio": audio if several else audio[0],
        "duration": record.duration_s,
        "conversations": [{"from": who, "value": text} for who, text in record.turns],
        "recordings": sorted(record.recordings),
    } | ({} if several else {"words": record.words_json() or None})


def _schema(several: bool) -> pa.Schema:
    """The columns, with the features by which `datasets` knows audio from bytes."""
    audio: Any = {"_type": "Audio"}
    text = _value("string")
    features = {name: text for name in _TEXTS} | {
        "audio": [audio] if several else audio,
        "duration": _value("float64"),
        "conversations": [{"from": text, "value": text}],
        "recordings": [text],
    }
    if not several:
        features["words"] = [{name: _value(_DTYPES[kind]) for name, kind in _WORD.items()}]
    fields = [
        *[(name, pa.string()) for name in _TEXTS],
        ("audio", pa.list_(_AUDIO) if several else _AUDIO),
        ("duration", pa.float64()),
        ("conversations", pa.list_(_TURN)),
        ("recordings", pa.list_(pa.string())),
    ]
    if not several:
        fields.append(("words", pa.list_(pa.struct(list(_WORD.items())))))
    return pa.schema(fields, {"huggingface": json.dumps({"info": {"features": features}})})


def _value(dtype: str) -> dict[str, str]:
    return {"dtype": dtype, "_type": "Value"}


def front_matter(shards: Sequence[str]) -> str:
    """The YAML at the head of the card: which files are which split of which configuration."""
    lines = ["---", "license: other", "tags: [audio, af3-archive]", "configs:"]
    for folder, configuration in _CONFIGURATIONS.items():
        splits = [s for s in SPLITS if any(name.startswith(f"{folder}{s}-") for name in shards)]
        if splits:
            lines += [f"- config_name: {configuration}", "  data_files:"]
        for split in splits:
            lines += [f"  - split: {split}", f'    path: "{folder}{split}-*.parquet"']
    return "\n".join([*lines, "---", "", ""])
