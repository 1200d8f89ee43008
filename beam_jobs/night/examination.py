"""One object of the archive: hashed and probed, or why it cannot be."""

from __future__ import annotations

from af3core.audio.probe import may_be_estimated, probe
from af3core.audio.sound_identity import sound_sha256
from af3core.errors import (
    Af3Error,
    EmptyObject,
    ForbiddenContainer,
    NotMedia,
    TooLong,
    UnreadableObject,
)
from beam_jobs.framework.counters import count
from beam_jobs.framework.failures import charge, failure_of
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.waiting import count_waiting
from beam_jobs.framework.withdrawn import WITHDRAWN, WithdrawnContent, state_hash, withdrawals
from beam_jobs.night.absence import Examined, PassedOver
from beam_jobs.night.listing_report import NO_MEDIA
from beam_jobs.night.planned_file import hash_of_recording, is_unchanged
from beam_jobs.night.recording_file import recording_file
from schemas.identity import configuration_hash, recording_id
from schemas.records import (
    ArchiveObject,
    ExaminedObject,
    Failure,
    MediaInfo,
    Recording,
)

_NO_MEDIA = (NotMedia, ForbiddenContainer, EmptyObject)


def examine(found: ArchiveObject, settings: JobSettings) -> Examined:
    """Hash and probe one object; a bad one becomes a failure, whatever is wrong with it."""
    try:
        content, seen_before = examined_object(found, Ledger(settings.store))
        _check_length(found, content.media, settings)
    except WithdrawnContent:
        count("recordings_refused")
        refused = PassedOver(WITHDRAWN, state_hash(found.uri, found.size_bytes))
        return Examined(found.date, found.uri, found.size_bytes, refused)
    except (Af3Error, OSError) as error:
        if found.any_suffix and isinstance(error, _NO_MEDIA):
            return Examined(found.date, found.uri, found.size_bytes, PassedOver(NO_MEDIA))
        failure, is_waiting = _failure(found, error, settings)
        if is_waiting:
            count_waiting(settings.job.name, error)
        else:
            count("failures")
        return Examined(found.date, found.uri, found.size_bytes, failure)
    count("recordings_found")
    recording = Recording(
        recording_id=recording_id(content.content_sha256),
        content_sha256=content.content_sha256,
        uri=found.uri,
        duplicate_uris=(),
        corpus=found.corpus,
        date=found.date,
        size_bytes=found.size_bytes,
        modified_at=found.modified_at,
        media=content.media,
        version=found.version,
        modified_ns=found.modified_ns,
        date_rule=found.date_rule,
        sound_sha256=content.sound_sha256,
        same_sound_as=content.same_sound_as,
        parts=found.parts,
    )
    return Examined(found.date, found.uri, found.size_bytes, recording, seen_before)


def examined_object(found: ArchiveObject, ledger: Ledger) -> tuple[ExaminedObject, bool]:
    """What an object holds, and whether its content was met before.

    A bucket's object in a state that was seen before is not fetched; a damaged cache is made anew.

    Raises:
        WithdrawnContent: it is withdrawn, or its sound is; nothing of it is kept.
        Af3Error: it cannot be used.
    """
    if found.unreadable:
        is_link = found.unreadable.startswith("its link")
        remedy = "mend or remove the link" if is_link else "check its permissions"
        raise UnreadableObject(f"{found.uri}: cannot be read ({found.unreadable}); {remedy}")
    if found.size_bytes == 0:
        raise EmptyObject(f"{found.uri}: the object is empty (0 bytes); upload it again")
    state = configuration_hash([found.uri, found.version]) if found.version else ""
    if state:
        held = ledger.examined(state)
        if held is not None:
            _check_not_withdrawn(found, held.content_sha256, held.sound_sha256, ledger)
            return held, True
    content, seen_before = _read_object(found, ledger)
    if state:
        ledger.put_examined(state, content)
    return content, seen_before


def _read_object(found: ArchiveObject, ledger: Ledger) -> tuple[ExaminedObject, bool]:
    with recording_file(found) as path:
        try:
            sha256 = hash_of_recording(path)
            unchanged = is_unchanged(found, path)
        except OSError as error:
            raise UnreadableObject(
                f"{found.uri}: cannot be read ({error.strerror}); check its permissions"
            ) from error
        if not unchanged:
            raise UnreadableObject(
                f"{found.uri}: changed while it was read; the next plan takes it"
                " (--settle-min leaves files alone that are still written)"
            )
        _check_not_withdrawn(found, sha256, "", ledger)
        known = ledger.media(sha256)
        media = known or probe(path, found.uri)
        sound = ledger.sound(sha256) if known else None
        heard = sound_sha256(path, media.probed_further) if sound is None else sound.sound_sha256
        _check_not_withdrawn(found, sha256, heard, ledger)
        if known is None:
            ledger.put_media(sha256, media)
        if sound is None:
            sound = ledger.put_sound(sha256, heard)
    examined = ExaminedObject(sha256, media, sound.sound_sha256, sound.same_as)
    return examined, known is not None


def _check_not_withdrawn(found: ArchiveObject, content: str, sound: str, ledger: Ledger) -> None:
    if withdrawals(ledger.store).covers_content(found.corpus, content, sound):
        raise WithdrawnContent(f"{found.uri}: withdrawn from corpus {found.corpus}")


def _check_length(found: ArchiveObject, media: MediaInfo, settings: JobSettings) -> None:
    if may_be_estimated(media):
        return  # segment refuses what is too long in fact
    limit_ms = settings.max_recording_s * 1000
    if media.declared_duration_ms and media.declared_duration_ms > limit_ms:
        raise TooLong(
            f"{found.uri}: declares {media.declared_duration_ms / 3_600_000:.1f} h, more than"
            f" the limit of {settings.max_recording_s / 3600:g} h; raise --max-recording-h"
            " or split the recording"
        )


def _failure(found: ArchiveObject, error: Exception, settings: JobSettings) -> tuple[Failure, bool]:
    """The failure, and whether the object waits for the next plan."""
    if not isinstance(error, Af3Error):
        why = getattr(error, "strerror", None) or str(error)
        error = UnreadableObject(f"{found.uri}: cannot be read ({why}); check its permissions")
    charged = charge(None, error, settings.run_id)
    return failure_of("discover", found, error, charged, settings.run_id), charged.waits
