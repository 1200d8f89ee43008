"""What is left of a recording in a folder, found by other means than the product's own: each file
is decoded, and looked through for words, names, hashes and sound.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

_LEAST_TEXT = 16
"""Shorter answers, such as a choice, are everybody's."""


@dataclass(frozen=True)
class Remnants:
    """What must not be found.

    Attributes:
        texts: answers that no other recording has, names, addresses, hashes.
        sounds: bytes of its clips.
    """

    texts: frozenset[str]
    sounds: frozenset[bytes]

    def found_in(self, folder: Path) -> dict[str, str]:
        """By file, the first of it."""
        found = {}
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            name = str(path.relative_to(folder))
            if name.startswith(("withdrawn/", "withdrawals/")):
                continue
            said = next(iter(self._found_in(name, path)), None)
            if said is not None:
                found[name] = said
        return found

    def _found_in(self, name: str, path: Path) -> Iterator[str]:
        yield from (text for text in self.texts if text in name)
        data = path.read_bytes()
        texts = [data.decode("utf-8", "replace")]
        if path.suffix == ".parquet":
            rows = pq.read_table(path).to_pylist()
            texts = [*texts, json.dumps(rows, default=_plain, ensure_ascii=False)]
            data += b"".join(_blobs(rows))
        yield from (each for each in self.texts for text in texts if each in text)
        yield from ("sound" for sound in self.sounds if sound in data)


def remnants_of(out: Path, name: str) -> Remnants:
    """All that an output holds of the recording of a file name, before it is withdrawn."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for path in out.glob("tables/*/*/*/*.parquet"):
        tables.setdefault(path.parts[-4], []).extend(pq.ParquetFile(path).read().to_pylist())
    [own] = [r for r in tables["recordings"] if r["object_uri"].endswith(f"/{name}")]
    recording = own["recording_id"]
    mine, others = set[str](), set[str]()
    for rows in tables.values():
        for row in rows:
            is_mine = row.get("recording_id") == recording
            chosen = ("text", "choice") if row.get("options") else ()  # everybody's words
            said = {name: held for name, held in row.items() if name not in chosen}
            (mine if is_mine else others).update(_texts(said))
    known = json.dumps(sorted(others), ensure_ascii=False)
    own_words = {text for text in mine if len(text) >= _LEAST_TEXT and text not in known}
    hashes = {own["recording_id"], own["content_sha256"], own["sound_sha256"] or recording}
    segments = {r["segment_id"] for r in tables["segments"] if r["recording_id"] == recording}
    clips = [p.read_bytes() for p in (out / "clips" / recording).rglob("*.flac")]
    assert own_words
    assert segments
    assert clips
    stem = name.partition(".")[0]
    return Remnants(
        frozenset(own_words | hashes | segments | {name, stem, own["object_uri"]}),
        frozenset(clip[len(clip) // 2 :][:400] for clip in clips),
    )


def without(rows: list[dict[str, Any]], recording: str) -> list[dict[str, Any]]:
    """Rows of all other recordings, and of none: a conversation about several goes with each."""
    return [row for row in rows if recording not in json.dumps(row, default=_plain)]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9a-f]{24,64}", value):
            yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _blobs(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _blobs(each)
    elif isinstance(value, list):
        for each in value:
            yield from _blobs(each)


def _plain(value: Any) -> str:
    return str(value)
