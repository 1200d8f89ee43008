"""The forms of an export: how a shard of records becomes an object, and what is beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from beam_jobs.derive.export import huggingface, webdataset
from beam_jobs.derive.export.export_records import ExportRecord, Kind
from schemas.options.derive import ExportFormat

Flacs = Mapping[str, bytes]
SOUNDS = "sounds/"
"""Where the FLAC files of AF3's own form lie, below the export's folder."""


@dataclass(frozen=True)
class Form:
    """A form of training data.

    Attributes:
        encode: a shard's object from its records and, where shards hold audio, their sounds.
        folder: of a kind's shards, with a closing slash, or empty.
        suffix: of shards.
        sheet: name of the datasheet.
        front_matter: what stands before the datasheet's text, from the names of all shards.
        holds_audio: sounds lie in the shards, and not beside them.
        kinds: what its records are made from.
    """

    encode: Callable[[Sequence[ExportRecord], Flacs], bytes]
    folder: Callable[[Kind], str]
    suffix: str
    sheet: str
    front_matter: Callable[[Sequence[str]], str]
    holds_audio: bool
    kinds: tuple[Kind, ...] = get_args(Kind)


def _encode_af3_json(records: Sequence[ExportRecord], _: Flacs) -> bytes:
    """AF3's own form: a JSON list of conversations that name FLAC files beside it."""
    found = [
        record.to_json([SOUNDS + sound.file_name for sound in record.sounds]) for record in records
    ]
    return (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()


def _none(_: object) -> str:
    return ""


_AF3 = Form(_encode_af3_json, _none, "json", "datasheet.md", _none, holds_audio=False)

FORMS: dict[ExportFormat, Form] = {
    "af3": _AF3,
    "af-think": replace(_AF3, kinds=("thought",)),
    "huggingface": Form(
        huggingface.encode,
        huggingface.folder_of,
        "parquet",
        "README.md",
        huggingface.front_matter,
        holds_audio=True,
    ),
    "webdataset": Form(webdataset.encode, _none, "tar", "datasheet.md", _none, holds_audio=True),
}
