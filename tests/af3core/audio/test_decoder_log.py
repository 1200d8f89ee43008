"""FFmpeg's words, as it says them: what is evidence, what is a note, and whose fault it is."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from af3core.audio.decode import DecodeReport, decode
from af3core.audio.decoder_log import DecoderLog
from af3core.audio.mapped_file import WINDOW_BYTES, mapped
from af3core.errors import ConfigurationError
from tests.af3core.audio import clicked_media as made

DESCRIBED = """\
[in#0 @ 0x55baeedb4180] [warning] Estimating duration from bitrate, this may be inaccurate
[info] Input #0, mpegts, from '/a/b.ts':
[info]   Metadata:
[info]     Duration        : Duration: N/A, start: 7.000000, bitrate: N/A
[info]   Duration: 00:00:20.00, start: 1.400000, bitrate: 128 kb/s
[info]   Stream #0:0[0x100]: Video: mpeg2video (Main), yuv420p, 64x64
[info]   Stream #0:1[0x101](eng): Audio: mp3 (mp3float), 44100 Hz, mono, fltp, 128 kb/s
[info]   Stream #0:2: Video: mjpeg (Baseline), yuvj420p, 600x600 (attached pic)
[info] Stream mapping:
[info]   Stream #0:1 -> #0:0 (mp3 (mp3float) -> pcm_s16le (native))
"""


def log_of(text: str) -> DecoderLog:
    log = DecoderLog("/a/b.ts")
    log.read(io.BytesIO(text.encode()))
    return log


def test_what_ffmpeg_tells_of_its_input() -> None:
    log = log_of(DESCRIBED)
    assert (log.container, log.decoder, log.track_count) == ("mpegts", "mp3float", 2)
    assert (log.file_start_s, log.zero_s, log.has_times) == (1.4, 1.4, True)
    assert log.is_length_estimated
    assert (log.notes, log.summary) == ({}, "")


def test_a_decoder_of_the_same_name_as_its_codec() -> None:
    native = "[info] Stream mapping:\n[info]   Stream #0:0 -> #0:0 (vorbis (native) -> pcm_s16le"
    assert log_of(f"{native} (native))\n").decoder == "vorbis"
    graph = "[info] Stream mapping:\n[info]   Stream #0:0 (flac) -> anull:default\n"
    assert log_of(graph).decoder == "flac"


def test_losses_are_counted_and_words_are_kept_without_addresses() -> None:
    log = log_of(
        DESCRIBED
        + "[mp3float @ 0x562dc9722600] [error] Header missing\n"
        + "[aist#0:0/mp3 @ 0x5] [dec:mp3float @ 0x5] [error] "
        + "Error submitting packet to decoder: I\n"
        + "[mp3float @ 0x99] [error] Header missing\n"
        + "[mp3float @ 0x99] [error] invalid new backstep -1\n"
        + "[mjpeg @ 0x99] [error] overread 8\n"
        + "[aist#0:0/mp3 @ 0x5] [warning] corrupt decoded frame\n"
        + "[in#0/ogg @ 0x5] [error] CRC mismatch!\n"
        + "[in#0/wv @ 0x5] [error] Error during demuxing: /a/b.ts\x1b[31m: Invalid data\n"
    )
    assert log.undecoded_packets == 1
    assert (log.decoder_complaints, log.concealed_frames, log.refused_pages) == (2, 1, 1)
    assert log.broken_off == "Error during demuxing: …?[31m: Invalid data"
    assert log.notes == {
        "[mp3float] Header missing": 2,
        "[aist#0:0/mp3] [dec:mp3float] Error submitting packet to decoder: I": 1,
        "[mp3float] invalid new backstep -1": 1,
        "[mjpeg] overread 8": 1,
        "[in#0/ogg] CRC mismatch!": 1,
        "[in#0/wv] Error during demuxing: …?[31m: Invalid data": 1,
    }
    assert log.summary == "[mp3float] Header missing (and 6 more)"
    assert not log.is_machine_suspect


def test_notes_are_few_whatever_is_said() -> None:
    log = log_of("".join(f"[x @ 0x1] [error] word {number}\n" for number in range(500)))
    assert len(log.notes) == 20
    assert log.summary == "[x] word 0 (and 499 more)"


@pytest.mark.parametrize(
    "line", ["x: Input/output error", "[in#0 @ 0x1] [error] b.ts: Stale file handle"]
)
def test_a_disk_is_suspected_by_its_words(line: str) -> None:
    assert log_of(f"{line}\n").is_machine_suspect


def test_an_ffmpeg_that_is_too_old_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made.encoded(tmp_path / "a.wav")
    script = tmp_path / "old.sh"
    words = "Unrecognized option 'stats_enc_pre:a'."
    script.write_text(f'#!/bin/bash\necho "{words}" >&2\nexit 1\n')
    script.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(script))
    with pytest.raises(ConfigurationError, match=r"old\.sh: FFmpeg before 6\.0, which does not"):
        list(decode(path, "a.wav", DecodeReport(), 60))


def test_places_across_windows_are_found(tmp_path: Path) -> None:
    path = tmp_path / "a"
    data = bytearray(3 * WINDOW_BYTES)
    places = [0, 5, WINDOW_BYTES - 1, 2 * WINDOW_BYTES - 2, 3 * WINDOW_BYTES - 3]
    for place in places:
        data[place : place + 3] = b"ID3"
    path.write_bytes(data)
    with mapped(path) as file:
        assert list(file.places(b"ID3", 0, len(data))) == places
