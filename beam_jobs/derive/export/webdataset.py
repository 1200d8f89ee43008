"""WebDataset's form: tar files in which a sample is KEY.flac and KEY.json.

A sample is a sound, or a conversation's several sounds: KEY.0.flac, KEY.1.flac, … Its JSON is the
list of all records about it, so that a sound with twenty questions lies there once.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from itertools import groupby

from beam_jobs.derive.export.export_records import ExportRecord


def encode(records: Sequence[ExportRecord], flacs: Mapping[str, bytes]) -> bytes:
    """One tar file; nothing of the time or the machine is in it."""
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in _members(records, flacs):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, BytesIO(data))
    return buffer.getvalue()


def _members(
    records: Sequence[ExportRecord], flacs: Mapping[str, bytes]
) -> Iterator[tuple[str, bytes]]:
    for _, group in groupby(records, key=lambda record: record.sound_key):
        sample = list(group)
        sounds, key = sample[0].sounds, sample_key(sample[0])
        names = [f"{key}.{number}.flac" for number in range(len(sounds))]
        names = names if len(names) > 1 else [f"{key}.flac"]
        for name, sound in zip(names, sounds, strict=True):
            yield name, flacs[sound.sound_id]
        text = json.dumps([record.to_json(names) for record in sample], ensure_ascii=False)
        yield f"{key}.json", text.encode()


def sample_key(record: ExportRecord) -> str:
    """The sound's identity; of several sounds the conversation's, as names are short in tar."""
    return record.sounds[0].sound_id if len(record.sounds) == 1 else record.record_id
