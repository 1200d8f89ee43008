"""What FFmpeg may open: media containers in local files and pipes, nothing that points elsewhere.

An "audio file" can be a playlist (HLS, concat, DASH) that makes FFmpeg read other files and
addresses. Playlists are not in this list, and no network protocol is allowed, so neither is
ever followed (FFmpeg documentation, options `format_whitelist` and `protocol_whitelist`).
"""

from __future__ import annotations

PROTOCOLS = "file,pipe"

DEMUXERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,dtshd,dv,eac3,flac,flv,g722,gsm,gxf,"
    "iff,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,mpeg,mpegts,mxf,nistsphere,nut,ogg,"
    "opus,rm,tak,tta,voc,w64,wav,wv"
)
"""By FFmpeg's names; `iff` reads DSDIFF, and DSD in `dsf`. None of them opens a second file."""

OPTIONS = {"protocol_whitelist": PROTOCOLS, "format_whitelist": DEMUXERS}

FURTHER = {"probesize": str(256 << 20), "analyzeduration": str(600 * 10**6)}
"""How far a file is looked through for its sound where the first 5 MB and seconds (FFmpeg's own
measure) have none: 256 MiB, or 10 minutes by its timestamps (in microseconds)."""

_PLAYLISTS = ".m3u .m3u8 .pls .asx .smil .mpd"
SUFFIXES = frozenset(
    ".3g2 .3gp .3gpp .aac .ac3 .aif .aifc .aiff .amr .ape .asf .au .avi .awb .bwf .caf .dff .dif"
    " .dsf .dts .dtshd .dv .eac3 .f4v .flac .flv .g722 .gsm .gxf .m2t .m2ts .m4a .m4b .m4v .mka"
    " .mkv .mov .mp2 .mp3 .mp4 .mpc .mpeg .mpg .mpga .mts .mxf .nut .oga .ogg .oggflac .ogv .opus"
    " .qt .ra .rf64 .rm .snd .sph .spx .tak .trec .ts .tta .voc .vob .w64 .wav .wave .webm .wma"
    f" .wmv .wv {_PLAYLISTS}".split()
)
"""Names that a listing takes for recordings; playlists too, so that they fail by name.

A name is a hint alone: what is in a file is told by its bytes.
"""

HEADERLESS = frozenset({".g722"})
"""Codecs whose files have no header: nothing but the name tells them."""

_MAGIC = (
    *(b"RIFF", b"RF64", b"BW64", b"riff", b"fLaC", b"OggS", b"\x1aE\xdf\xa3", b"FORM", b"FRM8"),
    *(
        b".snd",
        b"caff",
        b"DSD ",
        b"tBaK",
        b"MPCK",
        b"MP+",
        b"TTA1",
        b"wvpk",
        b"MAC ",
        b"FLV",
        b"ID3",
    ),
    *(b"#!AMR", b"Creative Voice File", b"\x06\x0e\x2b\x34", b"nut/", b".RMF", b".ra\xfd"),
    *(b"\x30\x26\xb2\x75", b"NIST_1A", b"\x7f\xfe\x80\x01", b"\x00\x00\x01\xba"),
)
"""How containers and codecs with headers begin; MP4 and MPEG audio are looked at more closely."""
_MPEG_KBPS = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),  # MPEG-1 layer III
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),  # MPEG-2 and 2.5
)
_MPEG_RATES_HZ = (44100, 48000, 32000)


def has_header(head: bytes) -> bool:
    """Whether a file's first bytes are those of a container, or of a codec with headers."""
    is_mp4 = head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
    return is_mp4 or head.startswith(_MAGIC) or _is_mp3(head)


def _is_mp3(head: bytes) -> bool:
    """Three frames of layer III, one behind the other (ISO/IEC 11172-3, 2.4.1.3)."""
    at = 0
    for _ in range(3):
        if len(head) < at + 4 or head[at] != 0xFF or head[at + 1] & 0xE6 != 0xE2:
            return False
        is_mpeg1, version = head[at + 1] & 0x18 == 0x18, head[at + 1] >> 3 & 3
        kbps = _MPEG_KBPS[0 if is_mpeg1 else 1][head[at + 2] >> 4]
        rate = head[at + 2] >> 2 & 3
        if not kbps or rate == 3 or version == 1:
            return False
        rate_hz = _MPEG_RATES_HZ[rate] >> (0 if is_mpeg1 else 1 if version == 2 else 2)
        padding = head[at + 2] >> 1 & 1
        at += (144 if is_mpeg1 else 72) * kbps * 1000 // rate_hz + padding
    return True
