"""Records to shards in a store, one in memory at a time; what is not named at the end goes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from af3core.storage.at_once import at_once
from af3core.storage.store import Store
from beam_jobs.exports import af3_json
from beam_jobs.exports.datasheet import Shard
from beam_jobs.exports.forms import Form
from beam_jobs.exports.records import ExportRecord, ExportSound
from beam_jobs.exports.selection import Split
from beam_jobs.exports.sounds import each_sound, read_sounds, sounds_of

SHARD_BYTES = 128 * 2**20
"""Of a shard: its texts, and its sounds as 16-bit samples (FLAC is a third to a half of them)."""


@dataclass
class _Filling:
    """A shard that is being filled."""

    records: list[ExportRecord] = field(default_factory=list)
    size_bytes: int = 0


class ExportWriter:
    """Writes one export: records in, then `flush`, then `finish`.

    Args:
        store, folder: where it goes.
        form: of its shards.
    """

    def __init__(self, store: Store, folder: str, form: Form) -> None:
        self._store = store
        self._folder = folder
        self._form = form
        self._filling: dict[str, _Filling] = {}
        self._numbers: Counter[str] = Counter()
        self._shards: list[Shard] = []
        self._sounds: set[str] = set()
        self._held = set() if form.holds_audio else set(store.children(folder + af3_json.SOUNDS))

    def add(self, split: Split, records: Sequence[ExportRecord]) -> None:
        """Take a day's records; those about the same sounds stand together, and stay so."""
        if not self._form.holds_audio:
            self._write_sounds(records)
        for _, group in groupby(records, key=lambda record: record.sound_key):
            together = list(group)
            name = f"{self._form.folder(together[0].kind)}{split}"
            filling = self._filling.setdefault(name, _Filling())
            size_bytes = self._size(together)
            if filling.records and filling.size_bytes + size_bytes > SHARD_BYTES:
                self._write(name)
                filling = self._filling[name] = _Filling()
            filling.records += together
            filling.size_bytes += size_bytes

    def flush(self) -> list[Shard]:
        """Write what is not yet written; gives all shards, one at least."""
        if not self._filling:
            self._filling[f"{self._form.folder('answer')}train"] = _Filling()
        for name in sorted(self._filling):
            self._write(name)
        self._filling = {}
        return sorted(self._shards, key=lambda shard: shard.name)

    def finish(self, sheet: str) -> None:
        """Write the datasheet, and take away what an earlier export has left."""
        names = [shard.name for shard in self._shards]
        text = self._form.front_matter(names) + sheet
        self._store.write(self._folder + self._form.sheet, text.encode())
        named = {self._folder + name for name in (*names, self._form.sheet)} | self._sounds
        [found] = self._store.walk([self._folder])
        at_once(self._store.delete, [key for key in found if key not in named])

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
        self._store.write(self._folder + shard, data)
        digest = hashlib.sha256(data).hexdigest()
        self._shards.append(Shard(shard, len(records), len(data), digest))

    def _write_sounds(self, records: Sequence[ExportRecord]) -> None:
        """The sounds that are not there yet, a clip after the other."""
        missing = []
        for sound in sounds_of(records).values():
            key = self._key(sound)
            if key not in self._held and key not in self._sounds:
                missing.append(sound)
            self._sounds.add(key)
        each_sound(
            self._store, missing, lambda sound, flac: self._store.write(self._key(sound), flac)
        )

    def _key(self, sound: ExportSound) -> str:
        return f"{self._folder}{af3_json.SOUNDS}{sound.file_name}"
