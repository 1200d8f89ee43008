"""Every container with a late start, a gap, an edit list and a missing end: when is the click
heard, how long is it, and what is said of it?

Names of rows: CONTAINER-CODEC what. Clicks are in milliseconds, as a player presents them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from af3core.audio.damage import Damage, DeclaredLength, find_damage
from af3core.audio.decode import DecodeReport, Pcm, decode
from af3core.audio.mp4_boxes import top_boxes
from af3core.audio.probe import probe
from tests.af3core.audio import clicked_media as made
from tests.media import ffmpeg

NEAR_MS = 5
PLAIN, LATE, GAP = (1000, 2500, 4000), (5000, 6500, 8000), (1000, 2500, 14_000)
Make = Callable[[Path], Path]


class Row(NamedTuple):
    """A file, and what is to come of it: `reason` is how what `damaged` says begins; of `lost_ms`
    None is what nobody holds against it.
    """

    name: str
    make: Make
    clicks: tuple[int, ...] = PLAIN
    length_ms: int = 6000
    start_offset_ms: int = 0
    gap_ms: int = 0
    reason: str = ""
    flags: tuple[str, ...] = ()
    declared_ms: int | None = 6000
    length_near_ms: int = 60
    lost_ms: int | None = None


class Heard(NamedTuple):
    samples: Pcm
    report: DecodeReport
    damage: Damage
    declared_ms: int | None
    estimated_ms: int | None


def heard(path: Path) -> Heard:
    media = probe(path, path.name)
    declared = None
    if media.declared_duration_ms:
        declared = DeclaredLength(media.declared_duration_ms, media.declared_by == "track")
    report = DecodeReport()
    samples = np.concatenate(list(decode(path, path.name, report, 3600)))
    damage = find_damage(path, report, declared)
    return Heard(samples, report, damage, media.declared_duration_ms, media.estimated_duration_ms)


def click_times(samples: Pcm) -> tuple[float, ...]:
    """Starts of what is louder than -15 dBFS, in milliseconds."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 6000)
    first = np.diff(loud, prepend=-8000) > 4000
    return tuple(round(float(start) / 16, 1) for start in loud[first])


def plain(suffix: str, *options: str, rate_hz: int = made.RATE_HZ, channels: int = 1) -> Make:
    return lambda folder: made.encoded(
        folder / f"a.{suffix}", *options, rate_hz=rate_hz, channels=channels
    )


def late(suffix: str, *options: str) -> Make:
    return lambda folder: made.late(folder / f"a.{suffix}", *options)


def gap(suffix: str, *options: str) -> Make:
    return lambda folder: made.with_gap(folder / f"a.{suffix}", *options)


def cut(make: Make, share: float = 0.6) -> Make:
    return lambda folder: made.cut(make(folder), share)


def changed(make: Make, change: Callable[[bytearray], None]) -> Make:
    return lambda folder: made.changed(make(folder), change)


def filmed(suffix: str, *options: str) -> Make:
    """With a picture, and the clicks as often as `-map 1` stands in the options."""

    def film(folder: Path) -> Path:
        path = folder / f"a.{suffix}"
        sound = ("-f", "wav", "-i", "pipe:")
        ffmpeg(*made.PICTURE, *sound, "-map", "0", *options, str(path), stdin=made.clicks())
        return path

    return film


def cut_in_box(make: Make, name: bytes, number: int, inside: int) -> Make:
    """So many bytes within one of the boxes of that name."""

    def end_early(folder: Path) -> Path:
        path = make(folder)
        with path.open("rb") as file:
            boxes = list(top_boxes(file, path.stat().st_size))
        start = [box.start for box in boxes if box.name == name][number]
        path.write_bytes(path.read_bytes()[: start + inside])
        return path

    return end_early


def copied(make: Make, suffix: str, *options: str) -> Make:
    """Into another container, or a part of it, without encoding."""

    def copy(folder: Path) -> Path:
        path = folder / f"copy.{suffix}"
        ffmpeg(*options, "-i", str(make(folder)), "-map", "0", "-c", "copy", str(path))
        return path

    return copy


def chain(suffix: str, *makes: Make) -> Make:
    def join(folder: Path) -> Path:
        links = []
        for number, make in enumerate(makes):
            (folder / str(number)).mkdir()
            links.append(make(folder / str(number)))
        return made.chained(folder / f"chain.{suffix}", *links)

    return join


def appended(make: Make, tail: bytes) -> Make:
    return changed(make, lambda data: data.extend(tail))


def zeroed(data: bytearray) -> None:
    """The fourth quarter of a third."""
    third = len(data) // 3
    data[third : third + third // 2] = bytes(third // 2)


def moved(times: tuple[int, ...], by_ms: int) -> tuple[int, ...]:
    return tuple(time + by_ms for time in times)


AAC, VORBIS, OPUS, PCM = (("-c:a", c) for c in ("aac", "libvorbis", "libopus", "pcm_s16le"))
MP2, MP3 = ("-c:a", "mp2"), ("-c:a", "libmp3lame")
FRAGMENTS = ("-movflags", "frag_keyframe+empty_moov", "-frag_duration", "500000")
MPEG4, MPEG2 = ("-c:v", "mpeg4"), ("-c:v", "mpeg2video")
TWO = (*PLAIN, *moved(PLAIN, 6000))
DECODED = "s decoded of 6.0 s declared"
ENDS = "the file ends at least"
PAGE = "the last page"
WITHIN = "the file ends within a part of its container"
DAMAGED, SUSPECT = ("damaged",), ("timeline_suspect",)
CUT = (1000, 2500)
UNTOLD = {"clicks": CUT, "length_ms": 3600, "declared_ms": None, "length_near_ms": 100}
SHORT = {"clicks": CUT, "length_ms": 3600, "flags": DAMAGED, "length_near_ms": 500}
FREE = {"declared_ms": None}

ROWS = [
    # what is heard at its time: the delays of codecs that no container tells of are in the literals
    Row("wav-pcm", plain("wav")),
    Row("flac", plain("flac")),
    Row("mp3 with LAME's tag", plain("mp3")),
    Row("mp3 without", plain("mp3", "-write_xing", "0"), moved(PLAIN, 23), **FREE),
    Row("mp2", plain("mp2"), moved(PLAIN, 10), **FREE),
    Row("aac without an edit list", plain("aac"), moved(PLAIN, 21), **FREE),
    Row("ac3", plain("ac3"), moved(PLAIN, 5), **FREE),
    Row("m4a-aac with an edit list", plain("m4a")),
    Row("3gp-aac", plain("3gp", *AAC)),
    Row("mov-pcm", plain("mov", *PCM)),
    Row("mka-aac", plain("mka", *AAC), declared_ms=6021),
    Row("webm-opus", plain("webm"), declared_ms=6008),
    Row("ogg-vorbis", plain("ogg", *VORBIS)),
    Row("ogg-flac", plain("oga", "-c:a", "flac")),
    Row("opus", plain("opus"), declared_ms=6006),
    Row("flv-aac", plain("flv", *AAC), moved(PLAIN, 21), declared_ms=6021),
    Row("asf-wma", plain("wma"), moved(PLAIN, -43), 5973, declared_ms=6017),
    Row("ts-aac", plain("ts", *AAC), moved(PLAIN, 21), **FREE),
    Row("mpg-mp2", plain("mpg"), moved(PLAIN, 10), **FREE),
    Row("avi-mp3", plain("avi", *MP3), moved(PLAIN, 23), declared_ms=6024),
    Row("aiff", plain("aiff")),
    Row("caf", plain("caf")),
    Row("w64", plain("w64")),
    Row("au", plain("au")),
    Row("tta", plain("tta")),
    Row("wv", plain("wv")),
    Row("rm-ac3", plain("rm"), moved(PLAIN, 5), declared_ms=6016),
    Row("nut-mp2", plain("nut", *MP2), moved(PLAIN, 10), declared_ms=5976),
    Row("voc", plain("voc"), **FREE),
    Row("rf64", plain("wav", "-rf64", "always")),
    Row("eac3", plain("eac3"), moved(PLAIN, 5), **FREE),
    Row("mp4-aac of fragments", plain("mp4", *AAC, *FRAGMENTS), moved(PLAIN, 21), declared_ms=6021),
    Row("mxf-pcm", filmed("mxf", "-map", "1", *MPEG2, *PCM)),
    Row("mxf-pcm of 24 bits", filmed("mxf", "-map", "1", *MPEG2, "-c:a", "pcm_s24le")),
    Row("mxf-pcm, OP-Atom", plain("mxf", *PCM, "-f", "mxf_opatom")),
    Row("mxf-pcm, two tracks", filmed("mxf", "-map", "1", "-map", "1", *MPEG2, *PCM)),
    Row("mxf-pcm, mono tracks",
        filmed("mxf", *("-map", "1") * 4, "-ac", "1", *MPEG2, *PCM)),
    Row("gxf-pcm", filmed("gxf", "-map", "1", "-s", "720x576", *MPEG2, *PCM), moved(PLAIN, 7), 6151,
        gap_ms=7),
    Row("dv-pcm", filmed("dv", "-map", "1", "-s", "720x576", "-pix_fmt", "yuv420p", "-ac", "2")),
    # sound that starts four seconds after the picture
    Row("mkv-aac late", late("mkv", *MPEG4, *AAC), LATE, 10_000, 4000, declared_ms=10_021),
    Row("webm-opus late", late("webm"), LATE, 10_000, 4001, declared_ms=10_008),
    Row("mp4-aac late", late("mp4", *MPEG4, *AAC), LATE, 10_000, 3979, declared_ms=6021),
    Row("mov-pcm late", late("mov", *MPEG4, *PCM), LATE, 10_000, 4000),
    Row("ts-mp2 late", late("ts", *MPEG2, *MP2), LATE, 9990, 3990, **FREE),
    Row("mpg-mp2 late", late("mpg", *MPEG2, *MP2), LATE, 9990, 3990, **FREE),
    Row("flv-aac late", late("flv", "-c:v", "flv", *AAC), LATE, 10_000, 3979, declared_ms=10_000),
    Row("wmv-wma late", late("wmv", "-c:v", "msmpeg4"), LATE, 10_000, 4043, declared_ms=9974),
    Row("ogv-vorbis late", late("ogv", "-c:v", "libtheora"), LATE, 10_000, 4000, declared_ms=6003),
    Row(
        "avi-pcm late by dwStart",
        changed(
            late("avi", *MPEG4, *PCM),
            lambda data: made.start_late_in_avi(data, LATE[0] * 48 - 48_000),
        ),
        LATE,
        10_000,
        4000,
    ),
    # OP1a interleaves from the first frame on: its writer drops what would start late
    Row("mxf-pcm late", late("mxf", *MPEG2, *PCM)),
    # ten seconds that no packet presents
    Row("mkv-aac gap", gap("mkv", *AAC), GAP, 16_000, gap_ms=10_000, declared_ms=16_021),
    Row("webm-opus gap", gap("webm"), GAP, 16_000, gap_ms=10_000, declared_ms=16_008),
    Row("mp4-aac gap", gap("mp4", *AAC), GAP, 16_000, gap_ms=10_000, declared_ms=16_000),
    Row("ts-mp2 gap", gap("ts", *MP2), moved(GAP, 10), 16_000, gap_ms=10_000, **FREE),
    Row("mpg-mp2 gap", gap("mpg", *MP2), moved(GAP, 10), 16_000, gap_ms=10_000, **FREE),
    Row("flv-aac gap", gap("flv", *AAC), moved(GAP, 21), 16_037, gap_ms=10_000, declared_ms=16_021),
    Row("asf-wma gap", gap("wma"), moved(GAP, -43), 15_973, 0, 10_000, declared_ms=16_017),
    Row("ogg-vorbis gap", gap("ogg", *VORBIS), GAP, 16_000, gap_ms=10_000, declared_ms=16_000),
    Row("ogg-opus gap", gap("ogg", *OPUS), GAP, 16_000, gap_ms=10_000, declared_ms=16_006),
    Row("3gp-aac gap", gap("3gp", *AAC), GAP, 16_000, gap_ms=10_000, declared_ms=16_000),
    Row("nut-mp2 gap", gap("nut", *MP2), moved(GAP, 10), 16_000, gap_ms=10_000,
        declared_ms=15_976),
    # AVI counts and has no times: what came after is early. Of frames, one a chunk, the header
    # tells how many there would be; of bytes it counts those that are there: nobody can know
    Row("avi-mp3 gap", gap("avi", *MP3), moved(PLAIN, 23), 6024, reason="6.0 s decoded of 16.0 s",
        flags=(*SUSPECT, *DAMAGED), declared_ms=16_032, lost_ms=10_008),
    Row("avi-ac3 gap", gap("avi", "-c:a", "ac3"), moved(PLAIN, 5), 6016,
        reason="6.0 s decoded of 16.0 s", flags=(*SUSPECT, *DAMAGED), declared_ms=16_000,
        lost_ms=9984),
    Row("avi-pcm gap: nobody can know", gap("avi", *PCM), declared_ms=6018),
    # clocks that cannot be followed: all is heard, without days of silence
    Row("ts twice", chain("ts", plain("ts", *MP2), plain("ts", *MP2)),
        (*moved(PLAIN, 10), *moved(PLAIN, 6010)), 12_000, flags=SUSPECT, **FREE),
    Row("flv, a hundred days in its midst", plain("flv", *AAC, "-bsf:a", made.leap(8_640_000)),
        moved(PLAIN, 21), 6037, flags=SUSPECT, declared_ms=8_640_006_021, length_near_ms=100),
    Row("mkv, half a second twice", plain("mka", *PCM, "-bsf:a", made.leap(-0.5)),
        (1000, 2500, 3500), 5500, flags=SUSPECT, declared_ms=5500),
    # half a second taken off by an edit list, and what a cut before a picture's key frame leaves
    Row(
        "mp4-aac edited",
        copied(plain("m4a"), "mp4", "-ss", "0.5"),
        moved(PLAIN, -500),
        5500,
        declared_ms=5500,
    ),
    Row(
        "mov-pcm edited",
        copied(plain("mov", *PCM), "mov", "-ss", "0.5"),
        moved(PLAIN, -500),
        5500,
        declared_ms=5500,
    ),
    # six tenths of a file: told where the container can tell it
    Row("wav cut", cut(plain("wav")), reason=ENDS, declared_ms=3600, lost_ms=2400, **SHORT),
    Row("rf64 cut", cut(plain("wav", "-rf64", "always")), reason=f"3.6 {DECODED}", lost_ms=2400,
        **SHORT),
    Row("flac cut", cut(plain("flac")), reason=f"3.2 {DECODED}", **SHORT),
    Row("mp3 cut, with a tag", cut(plain("mp3")), reason=f"3.6 {DECODED}", **SHORT),
    Row("webm cut", cut(plain("webm")), reason="3.7 s dec", declared_ms=6008, **SHORT),
    Row("mka cut", cut(plain("mka", *AAC)), reason="3.6 s dec", declared_ms=6021, **SHORT),
    Row("mka of a live writer cut", cut(plain("mka", *AAC, "-live", "1")), reason=WITHIN, lost_ms=0,
        declared_ms=None, **SHORT),
    Row("mkv cut", cut(late("mkv", *MPEG4, *PCM), 0.8), LATE, 8700, 4000, reason=ENDS,
        flags=DAMAGED, declared_ms=10_000, length_near_ms=500),
    Row("flv cut", cut(plain("flv", *AAC)), moved(CUT, 21), 3624, reason="3.6 s dec",
        flags=DAMAGED, declared_ms=6021),
    Row("wma cut", cut(plain("wma")), moved(CUT, -43), 3614, 0, reason=ENDS, flags=DAMAGED,
        declared_ms=4306, lost_ms=2403),
    Row("wmv cut", cut(filmed("wmv", "-map", "1", "-c:v", "msmpeg4")), moved(CUT, 43), 3647,
        86, reason=ENDS, flags=DAMAGED, declared_ms=None, lost_ms=2396),
    Row("avi cut", cut(plain("avi", *MP3)), moved(CUT, 23), 3648, reason=ENDS, flags=DAMAGED,
        declared_ms=3624, lost_ms=2376),
    Row("avi cut early", cut(plain("avi", *MP3), 0.35), (1023,), 1848, reason=ENDS, flags=DAMAGED,
        declared_ms=2112, lost_ms=4176),
    Row("avi-pcm cut", cut(plain("avi", *PCM)), reason=ENDS, declared_ms=3587, lost_ms=2415,
        **SHORT),
    Row("mxf cut", cut(filmed("mxf", "-map", "1", *MPEG2, *PCM)), reason="3.6 s dec", lost_ms=2427,
        **SHORT),
    Row("mxf cut, OP-Atom", cut(plain("mxf", *PCM, "-f", "mxf_opatom")), reason="3.6 s dec",
        lost_ms=2400, **SHORT),
    Row("gxf cut", cut(filmed("gxf", "-map", "1", "-s", "720x576", *MPEG2, *PCM)), moved(CUT, 7),
        3443, gap_ms=7, reason="3.4 s dec", flags=DAMAGED, length_near_ms=200),
    Row("rm cut", cut(plain("rm")), moved(CUT, 5), 3616, reason="3.6 s dec", flags=DAMAGED,
        declared_ms=6016, lost_ms=2400),
    Row("aiff cut", cut(plain("aiff")), reason=f"3.6 {DECODED}", **SHORT),
    Row("caf cut", cut(plain("caf")), reason=ENDS, declared_ms=3599, lost_ms=2401, **SHORT),
    Row("w64 cut", cut(plain("w64")), reason=ENDS, declared_ms=3600, lost_ms=2400, **SHORT),
    Row("au cut", cut(plain("au")), reason=f"3.6 {DECODED}", **SHORT),
    Row("tta cut", cut(plain("tta")), reason=f"3.1 {DECODED}", **SHORT),
    Row("wv cut", cut(plain("wv")), reason=f"3.6 {DECODED}", **SHORT),
    Row("mp4 of fragments cut", cut(plain("mp4", *AAC, *FRAGMENTS), 0.65), moved(CUT, 21), 3800,
        reason="3.9 s dec", flags=DAMAGED, declared_ms=4100, length_near_ms=600),
    Row("mp4 of fragments cut within an index", cut_in_box(plain("mp4", *AAC, *FRAGMENTS), b"moof",
        6, 150), moved(CUT, 21), 3072, reason=ENDS, flags=DAMAGED, declared_ms=3072, lost_ms=0),
    Row("mp4 of fragments cut behind an index", cut_in_box(plain("mp4", *AAC, *FRAGMENTS), b"mdat",
        6, 8), moved(CUT, 21), 3072, reason="3.1 s dec", flags=DAMAGED, declared_ms=3584,
        lost_ms=512),
    Row("mov-pcm of fragments cut within an index", cut_in_box(plain("mov", *PCM, *FRAGMENTS),
        b"moof", 6, 60), CUT, 3072, reason=ENDS, flags=DAMAGED, declared_ms=3072, lost_ms=0),
    Row("mp4 of fragments cut within its last sounds", cut_in_box(plain("mp4", *AAC, *FRAGMENTS),
        b"mfra", 0, -200), moved(PLAIN, 21), 6000, reason=ENDS, flags=DAMAGED, declared_ms=6021),
    Row("mp4 with its index first cut", cut(plain("mp4", *AAC, "-movflags", "faststart")),
        reason="3.", **SHORT),
    Row("3gp cut", cut(plain("3gp", *AAC, "-movflags", "faststart")), reason="3.", **SHORT),
    Row("mov with its index first cut", cut(plain("mov", *PCM, "-movflags", "faststart")),
        reason="3.6 s dec", lost_ms=2400, **SHORT),
    Row("mp3 without a tag cut: nobody can know", cut(plain("mp3", "-write_xing", "0")),
        **UNTOLD | {"clicks": moved(CUT, 23)}),
    Row("aac cut: nobody can know", cut(plain("aac")), **UNTOLD | {"clicks": moved(CUT, 21)}),
    Row("ts cut: nobody can know", cut(plain("ts", *AAC)), **UNTOLD | {"clicks": moved(CUT, 21)}),
    # chains are heard whole
    Row("two links", chain("ogg", plain("ogg", *VORBIS), plain("ogg", *VORBIS)), TWO, 12_000,
        declared_ms=12_000),
    Row("another rate", chain("ogg", plain("ogg", *VORBIS),
        plain("ogg", *VORBIS, rate_hz=22_050)), TWO, 12_000, declared_ms=12_000),
    Row("more channels", chain("opus", plain("opus"), plain("opus", channels=2)), TWO, 12_000,
        declared_ms=12_000),
    Row("another codec", chain("ogg", plain("ogg", *VORBIS), plain("opus"),
        plain("oga", "-c:a", "flac")), (*TWO, *moved(PLAIN, 12_000)), 18_000, declared_ms=18_000),
    Row("a chain's end cut", cut(chain("ogg", plain("ogg", *VORBIS), plain("ogg", *VORBIS)), 0.8),
        (*PLAIN, 7000, 8500), 9000, reason=PAGE, flags=DAMAGED, declared_ms=9000,
        length_near_ms=600),
    Row("mp3 files joined", chain("mp3", plain("mp3"), plain("mp3", rate_hz=22_050)), TWO, 12_000,
        declared_ms=None),
    Row("mp3 files joined, without tags", chain("mp3", plain("mp3", "-write_xing", "0"),
        plain("mp3", "-write_xing", "0")), (*moved(PLAIN, 23), *moved(PLAIN, 6047)), 12_048,
        **FREE),
    # words of the decoder that lose nothing
    Row("Lyrics3", appended(plain("mp3"), made.lyrics3())),
    Row("APE tag", appended(plain("mp3"), b"APETAGEX" + (2000).to_bytes(4, "little") + bytes(1956)
        + b"APETAGEX" + (2000).to_bytes(4, "little") * 2 + (32).to_bytes(4, "little") + bytes(12))),
    # and sound that is lost inside
    Row("zeros in mp3", changed(plain("mp3"), zeroed), (1000, 2992), 4970, gap_ms=24,
        reason="1 packets could not be decoded, ", flags=("timeline_suspect", "damaged"),
        length_near_ms=100),
]  # fmt: skip


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS])
def test_a_file_is_heard_at_its_times(row: Row, tmp_path: Path) -> None:
    found = heard(row.make(tmp_path))
    assert click_times(found.samples) == pytest.approx(row.clicks, abs=NEAR_MS)
    assert len(found.samples) / 16 == pytest.approx(row.length_ms, abs=row.length_near_ms)
    clock = found.report.clock
    assert (clock.start_offset_ms, clock.gap_ms) == pytest.approx(
        (row.start_offset_ms, row.gap_ms), abs=NEAR_MS
    )
    assert found.damage.flags == row.flags
    assert " and ".join(found.damage.reasons)[: len(row.reason)] == row.reason
    assert bool(found.damage.reasons) == bool(row.reason)
    assert row.lost_ms is None or found.damage.lost_ms == pytest.approx(row.lost_ms, abs=30)
    assert found.declared_ms == (
        None if row.declared_ms is None else pytest.approx(row.declared_ms, abs=300)
    )
    assert found.estimated_ms is None or found.declared_ms is None
