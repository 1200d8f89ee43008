"""What FFmpeg says while it decodes: counted as evidence where it lost sound, else kept as a note.

The form is that of FFmpeg's log with `-loglevel repeat+level+info` (av_log_default_callback):
contexts in brackets, the level in brackets, the words.
"""

from __future__ import annotations

import errno
import os
import re
import threading
from dataclasses import dataclass, field
from typing import IO

from af3core.errors import MACHINE_ERRNOS

_LINE = re.compile(r"((?:\[[^\]]*\] )*)\[(fatal|panic|error|warning|info)\] (.*)")
_ADDRESS = re.compile(r"(?: @)? 0x[0-9a-f]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_START = re.compile(r"  Duration: .*?, start: (-?\d+\.\d+)")
_FORMAT = re.compile(r"Input #0, (.*), from '")
_TRACK = re.compile(r"  Stream #0:\d+\S*: (Audio|Video): (.*)")
_MAPPED = re.compile(r"  Stream #0:\d+ (?:-> #\d+:\d+ )?\((\S+?)(?: \((\S+)\))?(?: ->|\) ->)")
_LINE_BYTES = 65_536
NOTES = 20
"""Different words that are kept; of each, how often it was said."""
_NOTE_CHARACTERS = 200
TIMED_CONTAINERS = frozenset(
    "asf avi dv flv gxf matroska webm mov mpeg mpegts mxf nut ogg rm".split()
)
"""FFmpeg's demuxers whose packets have times of their own; the others count samples."""
_UNDECODED = ("Error submitting packet to decoder", "Decoding error")
_CORRUPT = "corrupt decoded frame"
_ESTIMATED = "Estimating duration from bitrate"
_OF_OUTPUT = "Application provided invalid, non monotonically increasing dts to muxer"
"""Samples in a pipe have no times, and yet a muxer may complain of each whose time goes back."""
_REFUSED_PAGE = "CRC mismatch!"
_BROKEN_OFF = ("Error during demuxing", "Error reading from input")
_CUT_SHORT = ("File ended prematurely",)
"""Of Matroska, whose element is longer than what is left of the file."""
_LOSES_NOTHING = ("invalid new backstep",)
"""Of a decoder whose first frames lean on frames before the file: MP3's bit reservoir."""
_MACHINE_WORDS = tuple(os.strerror(code) for code in MACHINE_ERRNOS)
_TOO_OLD = "Unrecognized option 'stats_enc_pre"
_NO_MEMORY = os.strerror(errno.ENOMEM)


@dataclass
class DecoderLog:
    """Filled while FFmpeg runs.

    Attributes:
        undecoded_packets: packets that the decoder refused: what they held is missing.
        concealed_frames: frames that FFmpeg gives and calls corrupt.
        decoder_complaints: errors that the decoder names, of packets refused and not.
        refused_pages: pages of an Ogg with a wrong checksum: they are left out.
        broken_off: why reading ended before the file did; empty where it did not.
        is_cut_short: the file ended within a part of the container.
        is_length_estimated: the container declares no length; FFmpeg guessed one from the bit rate.
        is_machine_suspect: an error that a disk or a mount gives, and broken data at times too.
        is_out_of_memory: it wanted more than it may take.
        is_too_old: FFmpeg before 6.0, which cannot tell the times of frames.
        container: the demuxer's names.
        file_start_s: the first presentation time of all tracks.
        track_count: audio and video tracks, pictures apart.
        decoder: the program part of FFmpeg that decodes the heard one.
        notes: the words, without addresses of memory and the local path, and how often.
    """

    path: str
    undecoded_packets: int = 0
    concealed_frames: int = 0
    decoder_complaints: int = 0
    refused_pages: int = 0
    broken_off: str = ""
    is_cut_short: bool = False
    is_length_estimated: bool = False
    is_machine_suspect: bool = False
    is_out_of_memory: bool = False
    is_too_old: bool = False
    file_start_s: float | None = None
    container: str = ""
    track_count: int = 0
    decoder: str = ""
    notes: dict[str, int] = field(default_factory=dict)
    more_notes: int = 0
    is_input_told: threading.Event = field(default_factory=threading.Event)

    def read(self, pipe: IO[bytes]) -> None:
        """Take all lines until the pipe is closed."""
        try:
            while line := pipe.readline(_LINE_BYTES):
                self.add(line.decode(errors="replace").rstrip("\r\n"))
        finally:
            self.is_input_told.set()

    def add(self, line: str) -> None:
        """Take one line."""
        match = _LINE.match(line)
        if match is None:
            self._look_for_machine(line)  # the rest of an error of several lines, or another's
            return
        context, level, words = match.groups()
        if level == "info":
            self._add_description(words)
        elif level == "warning":
            if words.startswith(_CORRUPT):
                self.concealed_frames += 1
            elif words.startswith(_ESTIMATED):
                self.is_length_estimated = True
        elif not words.startswith(_OF_OUTPUT):
            self._add_error(context, words)

    @property
    def zero_s(self) -> float | None:
        """Where the player's clock begins: at the start of the file's first track.

        A start below zero is an encoder's delay, which is not presented. None where there is but
        one track: its first frame begins, as in FFmpeg's own decoding.
        """
        return max(self.file_start_s or 0.0, 0.0) if self.track_count > 1 else None

    @property
    def has_times(self) -> bool:
        """True where the container carries times; else FFmpeg counts, and rounds."""
        return not TIMED_CONTAINERS.isdisjoint(self.container.split(","))

    @property
    def summary(self) -> str:
        """The first words and how many more there were; empty where there were none."""
        if not self.notes:
            return ""
        more = sum(self.notes.values()) + self.more_notes - 1
        return next(iter(self.notes)) + (f" (and {more} more)" if more else "")

    def _add_description(self, words: str) -> None:
        if words.startswith("Stream mapping:"):
            self.is_input_told.set()
        elif self.is_input_told.is_set():
            if not self.decoder and (match := _MAPPED.match(words)):
                self.decoder = match[2] if match[2] not in (None, "native") else match[1]
        elif match := _START.match(words):
            self.file_start_s = float(match[1])
        elif match := _FORMAT.match(words):
            self.container = match[1]
        elif match := _TRACK.match(words):
            self.track_count += "(attached pic)" not in match[2]

    def _add_error(self, context: str, words: str) -> None:
        self._look_for_machine(words)
        if words.startswith(_UNDECODED):
            self.undecoded_packets += 1
        elif words.startswith(_REFUSED_PAGE):
            self.refused_pages += 1
        elif words.startswith(_BROKEN_OFF):
            self.broken_off = self._clean(words)
        elif words.startswith(_CUT_SHORT):
            self.is_cut_short = True
        elif self._is_decoders(context) and not words.startswith(_LOSES_NOTHING):
            self.decoder_complaints += 1
        note = self._clean(f"{context}{words}")
        if note in self.notes or len(self.notes) < NOTES:
            self.notes[note] = self.notes.get(note, 0) + 1
        else:
            self.more_notes += 1

    def _look_for_machine(self, words: str) -> None:
        self.is_machine_suspect |= any(known in words for known in _MACHINE_WORDS)
        self.is_out_of_memory |= _NO_MEMORY in words
        self.is_too_old |= _TOO_OLD in words

    def _is_decoders(self, context: str) -> bool:
        """True for what the codec itself says; only the track that is heard is decoded."""
        return bool(self.decoder) and context.startswith(f"[{self.decoder} ")

    def _clean(self, words: str) -> str:
        words = _ADDRESS.sub("", words.replace(self.path, "…"))
        return _CONTROL.sub("?", words.strip())[:_NOTE_CHARACTERS]
