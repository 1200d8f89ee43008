"""What FFmpeg may open: media containers in local files and pipes, nothing that points elsewhere.

An "audio file" can be a playlist (HLS, concat, DASH) that makes FFmpeg read other files and
addresses. Playlists are not in this list, and no network protocol is allowed, so neither is
ever followed (FFmpeg documentation, options `format_whitelist` and `protocol_whitelist`).
"""

from __future__ import annotations

PROTOCOLS = "file,pipe"

DEMUXERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,eac3,flac,flv,gsm,matroska,webm,mov,mp4,m4a,3gp,3g2,"
    "mj2,mp3,mpeg,mpegts,mxf,nistsphere,ogg,opus,rm,tta,w64,wav,wv"
)

PLAYLIST_SIGNATURES = (
    b"#EXTM3U",
    b"ffconcat version",
    b"[playlist]",
    b"<asx",
    b"<smil",
    b"<MPD",
)
"""How playlists begin; looked for only to give a better message, the list above decides."""

OPTIONS = {"protocol_whitelist": PROTOCOLS, "format_whitelist": DEMUXERS}

SUFFIXES = frozenset(
    ".aac .ac3 .aif .aiff .amr .ape .asf .au .avi .caf .dsf .eac3 .flac .flv .gsm .m4a .m4b .m4v"
    " .mka .mkv .mov .mp2 .mp3 .mp4 .mpeg .mpg .mts .mxf .oga .ogg .ogv .opus .ra .rm .sph .ts .tta"
    " .w64 .wav .webm .wma .wmv .wv .3gp .3g2 .m3u .m3u8 .pls .asx .smil .mpd".split()
)
"""Names that a listing takes for recordings; playlists too, so that they fail by name."""
