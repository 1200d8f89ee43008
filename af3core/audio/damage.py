"""What of a recording was lost, by evidence: packets refused, an end that is not there, lost pages.

Words of the decoder that lose nothing are notes (`decoder_log`). A length that was estimated from a
bit rate is no evidence, and neither is the length of a file whose other tracks may be longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from af3core.audio.container_ends import missing_bytes
from af3core.audio.decode import DecodeReport
from af3core.audio.header_lengths import header_length_ms
from af3core.audio.media_parts import media_parts
from af3core.audio.mp4_boxes import has_fragments
from af3core.audio.mpeg_frames import bytes_between_frames
from af3core.audio.ogg_pages import OggFile, read_ogg
from af3core.audio.probe import probe
from af3core.tasks.flags import is_timeline_suspect

TRACK_TOLERANCE_MS = 100
"""An encoder's padding at both ends: HE-AAC's, the largest, is 2,048 samples and a frame."""
FILE_TOLERANCE_MS = 500
"""A file's length may be that of what stands beside the sound: a caption, a chapter."""
OVERLAP_TOLERANCE_MS = 100
EDGE_PACKETS = 2
"""The first packet leans on one before the file, the last is cut."""
_MPEG = "mp3"
_INDEXED = frozenset("mov mp4 m4a 3gp 3g2 mj2 ogg flac mp3".split())
_COUNTING = frozenset({"avi"})
"""They have no times, and their index counts chunks or bytes."""
_ENDS_IN_ERROR = frozenset({"gxf"})
"""FFmpeg calls their very end an error; the container's own mark of it tells of the true one."""


@dataclass(frozen=True)
class DeclaredLength:
    """A length that the container declares: of the track, or of the file with all its tracks."""

    duration_ms: int
    is_of_track: bool = False


@dataclass(frozen=True)
class Damage:
    """What was lost, in words that name counts; empty where nothing was.

    Attributes:
        reasons: one for each kind of loss.
        lost_ms: how much sound, where it can be told; what is lost beyond that is in the reasons.
        is_timeline_suspect: sound may stand at a wrong time.
    """

    reasons: tuple[str, ...] = ()
    lost_ms: int = 0
    is_timeline_suspect: bool = False

    @property
    def flags(self) -> tuple[str, ...]:
        """Those of the recording."""
        suspect = ("timeline_suspect",) if self.is_timeline_suspect else ()
        return suspect + (("damaged",) if self.reasons else ())


def find_damage(path: Path, report: DecodeReport, declared: DeclaredLength | None) -> Damage:
    """Hold what was decoded against what the file says of itself; of a recording of several files
    (`recording_parts`), each of them.
    """
    if path.is_dir():
        return _of_files(report)
    ogg = read_ogg(path)
    if ogg is not None and len(ogg.links) > 1:
        declared = DeclaredLength(ogg.declared_ms, True) if ogg.declared_ms else None
    elif (
        report.clock.jumps  # a length by the same clock
        or len(report.logs) > 1  # of joined files it is the first one's
        or (_is_estimated(report) and not _is_pcm(report))
    ):
        declared = None
    inside, inside_ms = _lost_inside(path, report)
    end, end_ms = _missing_end(path, report, declared)
    refused = sum(log.refused_pages for log in report.logs)
    pages = [f"{refused} pages with a wrong checksum were left out"] if refused else []
    broken = _broken_off(path, report)
    codes = [f"FFmpeg ended with {code}" for code in report.exit_codes]
    reasons = [*inside, *end, *(_lost_pages(ogg) if ogg else ()), *pages, *broken, *codes]
    # without times what was refused is missing from the length too
    lost_ms = inside_ms + end_ms if _has_times(report) else max(inside_ms, end_ms)
    # a container that counts, and is there to its end, has lost what is missing in its midst
    is_within = end_ms > 0 and _containers(report) <= _COUNTING and missing_bytes(path) == 0
    suspect = is_within or _is_clock_suspect(report, declared, inside_ms)
    return Damage(tuple(dict.fromkeys(reasons)), lost_ms, suspect)


def _of_files(report: DecodeReport) -> Damage:
    """Of files that are heard beside each other, each by what was decoded of it."""
    found = []
    for each in report.decodings or [report]:
        if each.logs:
            file = Path(each.logs[0].path)
            media = probe(file, file.name)
            declared = None
            if media.declared_duration_ms:
                is_of_track = media.declared_by == "track"
                declared = DeclaredLength(media.declared_duration_ms, is_of_track)
            found.append(find_damage(file, each, declared))
    return Damage(
        reasons=tuple(dict.fromkeys(reason for one in found for reason in one.reasons)),
        lost_ms=max((one.lost_ms for one in found), default=0),
        is_timeline_suspect=any(one.is_timeline_suspect for one in found),
    )


def _lost_inside(path: Path, report: DecodeReport) -> tuple[list[str], int]:
    """What the decoder refused or covered up, in words and in time.

    A packet or two at an end, where no gap is left, is how a recording looks that was cut out of
    something longer.
    """
    undecoded = sum(log.undecoded_packets for log in report.logs)
    concealed = sum(log.concealed_frames for log in report.logs)
    complaints = sum(log.decoder_complaints for log in report.logs)
    frame_ms = report.clock.content_ms / max(1, report.clock.frame_count)
    has_gap = report.clock.gap_count > 0
    if undecoded:
        strange_ms, strange = _strange(path, report)
        if undecoded > EDGE_PACKETS or has_gap or strange_ms > TRACK_TOLERANCE_MS:
            lost_ms = max(round(undecoded * frame_ms), strange_ms)
            between = f", {strange} bytes are no frames" if strange else ""
            return [f"{undecoded} packets could not be decoded, {lost_ms} ms{between}"], lost_ms
    elif max(concealed, complaints) > EDGE_PACKETS or (has_gap and concealed + complaints):
        faults = max(concealed, complaints)
        lost_ms = round(faults * frame_ms)
        return [f"{faults} faults in packets were covered up, {lost_ms} ms"], lost_ms
    return [], 0


def _strange(path: Path, report: DecodeReport) -> tuple[int, int]:
    """Bytes of MPEG audio that belong to no frame, in time at its mean bit rate and in bytes."""
    if not report.logs or report.logs[0].container != _MPEG:
        return 0, 0
    end = media_parts(path)[-1].end
    strange, framed = bytes_between_frames(path, path.stat().st_size if end is None else end)
    return (round(strange * report.clock.content_ms / framed) if framed else 0), strange


def _missing_end(
    path: Path, report: DecodeReport, declared: DeclaredLength | None
) -> tuple[list[str], int]:
    """What is missing at the end: sound by the track's own length, or bytes by the container's."""
    missing, header_ms = missing_bytes(path), header_length_ms(path)
    if missing and header_ms:
        # what FFmpeg declares of such a file follows from the bytes that are left
        return [_ends_early(missing)], max(0, header_ms - report.duration_ms)
    is_alone = all(log.track_count <= 1 for log in report.logs)
    is_whole = False
    if declared is not None and (declared.is_of_track or is_alone):
        late_ms = report.clock.start_offset_ms if declared.is_of_track else 0
        reached_ms = report.duration_ms - late_ms
        tolerance_ms = TRACK_TOLERANCE_MS if declared.is_of_track else FILE_TOLERANCE_MS
        missing_ms = declared.duration_ms - reached_ms
        if missing_ms > tolerance_ms:
            decoded = f"{reached_ms / 1000:.1f} s decoded"
            return [f"{decoded} of {declared.duration_ms / 1000:.1f} s declared"], missing_ms
        # an index counts samples; other lengths follow from the bytes that are there
        is_indexed = declared.is_of_track and _containers(report) <= _INDEXED
        is_whole = is_indexed and not has_fragments(path)
    if missing and not is_whole:
        return [_ends_early(missing)], 0
    if any(log.is_cut_short for log in report.logs):
        return ["the file ends within a part of its container"], 0
    return [], 0


def _ends_early(missing: int) -> str:
    return f"the file ends at least {missing} bytes before its container does"


def _broken_off(path: Path, report: DecodeReport) -> list[str]:
    """Where reading ended before the file did."""
    broken = [f"reading broke off ({log.broken_off})" for log in report.logs if log.broken_off]
    if broken and _containers(report) <= _ENDS_IN_ERROR and missing_bytes(path) == 0:
        return []
    return broken


def _lost_pages(ogg: OggFile) -> list[str]:
    reasons = []
    if ogg.lost_pages:
        reasons.append(f"{ogg.lost_pages} pages are missing between others")
    if ogg.missing_bytes:
        reasons.append(f"the last page lacks {ogg.missing_bytes} bytes")
    elif ogg.unended_links:
        reasons.append("the last page is not marked as the last: the end is missing")
    return reasons


def _is_clock_suspect(
    report: DecodeReport, declared: DeclaredLength | None, inside_ms: int
) -> bool:
    """True where sound may stand at a wrong time."""
    clock = report.clock
    if clock.jumps or clock.overlap_ms > OVERLAP_TOLERANCE_MS:
        return True
    if inside_ms > TRACK_TOLERANCE_MS and not _has_times(report):
        return True
    if declared is None:
        return False
    length_ms = report.duration_ms - clock.start_offset_ms
    is_longer = length_ms > declared.duration_ms
    return is_longer and is_timeline_suspect(declared.duration_ms, length_ms)


def _has_times(report: DecodeReport) -> bool:
    return any(log.has_times for log in report.logs)


def _containers(report: DecodeReport) -> set[str]:
    return {name for log in report.logs for name in log.container.split(",")}


def _is_estimated(report: DecodeReport) -> bool:
    return any(log.is_length_estimated for log in report.logs)


def _is_pcm(report: DecodeReport) -> bool:
    """PCM's bit rate is its length."""
    return all(log.decoder.startswith("pcm_") for log in report.logs)
