"""Records to shards in a store, one in memory at a time; what is not named at the end goes.

Each object is replaced or removed only in the state that it had before anything was read, so that a
run whose claim was lost meanwhile undoes nothing of its follower's.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from af3core.storage.concurrency import map_concurrently
from af3core.storage.store import Store
from beam_jobs.derive.export.datasheet import ExportShard
from beam_jobs.derive.export.export_clips import each_sound, read_sounds, sounds_of
from beam_jobs.derive.export.export_records import ExportRecord, ExportSound
from beam_jobs.derive.export.formats import SOUNDS, Form
from beam_jobs.derive.export.selection import Split

SHARD_BYTES = 128 * 2**20
"""Of a shard: its texts, and its sounds as 16-bit samples (FLAC is a third to a half of them)."""


class Overtaken(Exception):
    """Another run has changed the export since this one began: begin again."""


@dataclass
class _OpenShard:
    """A shard that is being filled."""

    records: list[ExportRecord] = field(default_factory=list)
    size_bytes: int = 0


class ExportWriter:
    """Writes one export: records in, then `flush`, then `finish`. To be made before the records are
    read.

    Args:
        store, folder: where it goes.
        form: of its shards.
    """

    def __init__(self, store: Store, folder: str, form: Form) -> None:
        self._store = store
        self._folder = folder
        self._form = form
        self._filling: dict[str, _OpenShard] = {}
        self._numbers: Counter[str] = Counter()
        self._shards: list[ExportShard] = []
        self._sounds: set[str] = set()
        self._held = store.states([folder])

    def add(self, split: Split, records: Sequence[ExportRecord]) -> None:
        """Take a day's records; those about the same sounds stand together, and stay so.

        Raises:
            Overtaken: another run exports too.
        """
        if not self._form.holds_audio:
            self._write_sounds(records)
        for _, group in groupby(records, key=lambda record: record.sound_key):
            together = list(group)
            name = f"{self._form.folder(together[0].kind)}{split}"
            filling = self._filling.setdefault(name, _OpenShard())
            size_bytes = self._size(together)
            if filling.records and filling.size_bytes + size_bytes > SHARD_BYTES:
                self._write(name)
                filling = self._filling[name] = _OpenShard()
            filling.records += together
            filling.size_bytes += size_bytes

    def flush(self) -> list[ExportShard]:
        """Write what is not yet written; gives all shards, one at least.

        Raises:
            Overtaken: another run exports too.
        """
        if not self._filling:
            self._filling[f"{self._form.folder('answer')}train"] = _OpenShard()
        for name in sorted(self._filling):
            self._write(name)
        self._filling = {}
        return sorted(self._shards, key=lambda shard: shard.name)

    def finish(self, sheet: str) -> None:
        """Write the datasheet, and take away what an earlier export has left.

        Raises:
            Overtaken: another run exports too.
        """
        names = [shard.name for shard in self._shards]
        text = self._form.front_matter(names) + sheet
        self._replace(self._folder + self._form.sheet, text.encode())
        named = {self._folder + name for name in (*names, self._form.sheet)} | self._sounds
        left = [key for key in self._held if key not in named]
        map_concurrently(lambda key: self._store.release(key, self._held[key]), left)

    def _replace(self, key: str, data: bytes) -> None:
        if self._store.replace(key, data, self._held.get(key)) is None:
            raise Overtaken(key)

    def _size(self, records: Sequence[ExportRecord]) -> int:
        texts = sum(len(text.encode()) for record in records for _, text in record.turns)
        if not self._form.holds_audio:
            return texts
        return texts + sum(sound.pcm_bytes for sound in records[0].sounds)

    def _write(self, name: str) -> None:
        records = self._filling[name].records
        flacs = read_sounds(self._store, records) if self._form.holds_audio else {}
        data = self._form.encode(records, flacs)
        shard = f"{name}-{self._numbers[name]:05d}.{self._form.suffix}"
        self._numbers[name] += 1
        self._replace(self._folder + shard, data)
        digest = hashlib.sha256(data).hexdigest()
        self._shards.append(ExportShard(shard, len(records), len(data), digest))

    def _write_sounds(self, records: Sequence[ExportRecord]) -> None:
        """The sounds that are not there yet, a clip after the other."""
        missing = []
        for sound in sounds_of(records).values():
            key = self._key(sound)
            if key not in self._held and key not in self._sounds:
                missing.append(sound)
            self._sounds.add(key)
        each_sound(
            self._store, missing, lambda sound, flac: self._store.create(self._key(sound), flac)
        )

    def _key(self, sound: ExportSound) -> str:
        return f"{self._folder}{SOUNDS}{sound.file_name}"
