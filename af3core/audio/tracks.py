"""Which of a recording's audio tracks is heard. Pure functions over what its container says."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.records import MediaInfo, MediaTrack

_LANGUAGES = (
    "alb/sqi/sq arm/hye/hy baq/eus/eu bur/mya/my chi/zho/zh cze/ces/cs dut/nld/nl fre/fra/fr"
    " geo/kat/ka ger/deu/de gre/ell/el ice/isl/is mac/mkd/mk mao/mri/mi may/msa/ms per/fas/fa"
    " rum/ron/ro slo/slk/sk tib/bod/bo wel/cym/cy"
)
"""Languages with two codes of three letters in ISO 639-2: bibliographic, terminological, and the
code of ISO 639-1. Matroska names the first, others the second."""
_ONE_CODE = {code: names.split("/")[1] for names in _LANGUAGES.split() for code in names.split("/")}


@dataclass(frozen=True)
class ChosenTracks:
    """Indices of the tracks that are heard; `is_missing` where the wanted one is not there, and the
    default is heard in its place.
    """

    indices: tuple[int, ...]
    is_missing: bool = False


def default_track(tracks: Sequence[MediaTrack]) -> int:
    """The track that a player takes unasked: the first that says so, or the first; one of no known
    codec only where there is no other.
    """
    known = [track for track in tracks if track.codec] or tracks
    return next((track.index for track in known if track.is_default), known[0].index)


def choose_tracks(tracks: Sequence[MediaTrack], wanted: str) -> ChosenTracks:
    """The tracks that an option --track means.

    Args:
        tracks: of the recording, at least one.
        wanted: default, all, an index, or a language; of several tracks in it the default one
            counts, or the first. The tracks of several files are one recording's microphones: the
            default is all.
    """
    if wanted == "all":
        return ChosenTracks(tuple(track.index for track in tracks))
    if wanted == "default":
        return ChosenTracks(_unasked(tracks))
    if wanted.isdigit():
        found = [track for track in tracks if track.index == int(wanted)]
    else:
        found = [track for track in tracks if _is_in(track.language, wanted)]
    preferred = sorted(found, key=lambda track: not track.is_default)
    if preferred:
        return ChosenTracks((preferred[0].index,))
    return ChosenTracks(_unasked(tracks), is_missing=True)


def _unasked(tracks: Sequence[MediaTrack]) -> tuple[int, ...]:
    if any(track.part for track in tracks):
        return tuple(track.index for track in tracks)
    return (default_track(tracks),)


def heard_media(media: MediaInfo, tracks: tuple[int, ...]) -> MediaInfo:
    """The same with the length that the heard tracks declare; none where one declares none.

    What the container declares as a whole is the default track's, or the picture's.
    """
    if not media.tracks or tracks == (default_track(media.tracks),):
        return media
    if media.declared_duration_ms is None:  # and those of its tracks are estimates too
        return media
    declared = [t.declared_duration_ms for t in media.tracks if t.index in tracks]
    known = [length_ms for length_ms in declared if length_ms]
    longest_ms = max(known) if known and len(known) == len(declared) else None
    return dataclasses.replace(media, declared_duration_ms=longest_ms, declared_by="track")


def _is_in(language: str, wanted: str) -> bool:
    """Whether a track's language is the wanted one, however both spell it: de, deu, ger, de-AT."""
    return bool(language) and _code(language) == _code(wanted)


def _code(language: str) -> str:
    first = language.lower().partition("-")[0]
    return _ONE_CODE.get(first, first)
