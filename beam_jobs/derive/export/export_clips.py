"""The sounds of an export: found before anything is written, read a clip at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from af3core.audio.clip_file import as_pcm, encode_flac, read_span
from af3core.errors import Af3Error
from af3core.storage.concurrency import map_concurrently
from af3core.storage.store import Store
from beam_jobs.derive.export.export_records import ExportRecord, ExportSound
from beam_jobs.output.next_command import af3, cut_again


class SoundsMissing(Af3Error):
    """Clips of the tables that are no longer there: an export would have holes."""


def sounds_of(records: Iterable[ExportRecord]) -> dict[str, ExportSound]:
    """Each sound once, by its identity."""
    return {sound.sound_id: sound for record in records for sound in record.sounds}


def check_sounds(store: Store, records: Iterable[ExportRecord]) -> None:
    """See that the clip of every record is there.

    Raises:
        SoundsMissing: the first that is not, how many there are, and what to do.
    """
    clips = sorted({sound.clip_uri for sound in sounds_of(records).values()})
    there = store.exists(clips)
    gone = [clip for clip, found in zip(clips, there, strict=True) if not found]
    if gone:
        more = f" (and {len(gone) - 1} more)" if len(gone) > 1 else ""
        raise SoundsMissing(
            f"{store.address(gone[0])}{more}: the clip is gone, and nothing was exported; cut"
            f" its recording again: {cut_again('ID')}, then {af3('export')}"
        )


def each_sound(
    store: Store, sounds: Iterable[ExportSound], take: Callable[[ExportSound, bytes], object]
) -> None:
    """Give each sound to `take` as FLAC; a clip is fetched once, several clips at once."""
    by_clip: dict[str, list[ExportSound]] = {}
    for sound in sounds:
        by_clip.setdefault(sound.clip_uri, []).append(sound)

    def read(clip: str) -> None:
        with store.local_file(clip) as file:
            for sound in by_clip[clip]:
                samples = read_span(file, clip, sound.start_ms, sound.end_ms)
                take(sound, encode_flac(as_pcm(samples)))

    map_concurrently(read, list(by_clip))


def read_sounds(store: Store, records: Iterable[ExportRecord]) -> dict[str, bytes]:
    """The sounds of a shard's records as FLAC, by identity."""
    found: dict[str, bytes] = {}
    each_sound(
        store, sounds_of(records).values(), lambda sound, flac: found.update({sound.sound_id: flac})
    )
    return found
