"""What of a recording is heard: its tracks and channels, as clips.

tracks, settings ──► which tracks ──► blocks [samples, channels] ──► all, one or each ──► clips
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import numpy as np

from af3core.audio import SAMPLE_RATE_HZ
from af3core.audio.channel_mix import BLOCK_SAMPLES, Block, Chunk, MixReport, frame_energies, mix
from af3core.audio.clip_stream import CutClip, cut_recording
from af3core.audio.cut_points import Segmentation
from af3core.audio.decode import DecodeReport, decode, hear
from af3core.audio.probe import probe
from af3core.audio.recording_parts import source_of
from af3core.audio.silence import Levels, silence_for
from af3core.audio.tracks import choose_tracks
from af3core.audio.unheard import UnheardSpeech, have_speech, measured_track
from af3core.errors import DecodeFailed, MediaError
from schemas.records import Heard, MediaTrack

CHANNELS_CANCEL = "channels_cancel"
CHANNEL_NOT_HEARD = "channel_not_heard"
TRACK_NOT_HEARD = "track_not_heard"
TRACK_MISSING = "track_missing"
CHANNEL_MISSING = "channel_missing"

_FLAGGED = SAMPLE_RATE_HZ
"""A second of channels that cancel is a flag, or half of a shorter recording; less is an effect."""


class Listener:
    """Hears one recording, as settings say; its attributes are complete when `clips` has ended.

    Attributes:
        report: of the decoding of all that was heard.
        tracks: of the recording, measured where they were not heard.
        heard: what was heard; its tracks are known with the first clip.
        flags: reasons to doubt that it was the right thing.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        tracks: Sequence[MediaTrack],
        settings: Segmentation,
        limit_s: float,
        probe_further: bool = False,
    ) -> None:
        self._path, self._name = path, name
        self._settings, self._limit_s = settings, limit_s
        self._probe_further = probe_further
        self.tracks = tuple(tracks)
        self.report = DecodeReport()
        self.heard = Heard((), settings.channels, 0)
        self.flags: tuple[str, ...] = ()

    def clips(self) -> Iterator[tuple[int | None, CutClip]]:
        """Clips in order; with their channel where each is cut by itself.

        Raises:
            MediaError: as of `hear`, or of `probe` where no tracks were given.
        """
        self.tracks = self.tracks or probe(self._path, self._name).tracks
        chosen = choose_tracks(self.tracks, self._settings.track)
        self._flag(TRACK_MISSING, chosen.is_missing)
        self.heard = Heard(chosen.indices, self._settings.channels, 0)
        if self._settings.channels == "each":
            yield from self._each(chosen.indices)
        else:
            yield from self._as_one(chosen.indices)
        self._measure_others()

    def _as_one(self, tracks: tuple[int, ...]) -> Iterator[tuple[None, CutClip]]:
        channels, wanted = self._settings.channels, None
        if channels == "loudest":
            wanted = _loudest(self._blocks(tracks, DecodeReport()))
        elif channels != "mix":
            wanted = int(channels)
            has_it = wanted < self._channel_count(tracks)
            self._flag(CHANNEL_MISSING, not has_it)
            wanted = wanted if has_it else None
        mixing, unheard = MixReport(), None if wanted is None else UnheardSpeech()

        def chunks(report: DecodeReport) -> Iterator[Chunk]:
            return mix(self._blocks(tracks, report), mixing, wanted)

        settings = self._silence_settings(chunks)
        mixing.cancelled_samples = 0
        for cut in cut_recording(chunks(self.report), settings, unheard):
            yield None, cut
            del cut  # while the next clip fills
        self.heard = Heard(
            tracks=tracks,
            channels="mix" if wanted is None else str(wanted),
            channel_count=mixing.channels if wanted is None else 1,
        )
        cancelled = mixing.cancelled_samples
        self._flag(
            CHANNELS_CANCEL, cancelled >= max(1, min(_FLAGGED, self.report.sample_count / 2))
        )
        self._flag(CHANNEL_NOT_HEARD, unheard is not None and unheard.is_missed)

    def _each(self, tracks: tuple[int, ...]) -> Iterator[tuple[int, CutClip]]:
        """One pass a channel: 64 clips at once would take gigabytes."""
        counts = {track: self._channels_or_none(track) for track in tracks}
        channels = [(track, c) for track, count in counts.items() for c in range(count)]
        if not channels:
            raise DecodeFailed(f"{self._name}: no audio could be decoded of any track")
        reports = []
        for number, (track, channel) in enumerate(channels):

            def chunks(
                report: DecodeReport, track: int = track, c: int = channel
            ) -> Iterator[Chunk]:
                blocks = self._hear(report, track, c)
                return mix(blocks, MixReport())

            settings = self._silence_settings(chunks)
            reports.append(DecodeReport())
            try:
                for cut in cut_recording(chunks(reports[-1]), settings):
                    yield number, cut
                    del cut
            finally:
                _merge(self.report, reports)
        self.heard = Heard(tracks, "each", len(channels))

    def _silence_settings(self, chunks: Callable[[DecodeReport], Iterator[Chunk]]) -> Segmentation:
        """The settings with the level of silence that this recording has."""
        settings = self._settings
        if settings.silence == "fixed":
            return settings
        levels = Levels(chunk.samples for chunk in chunks(DecodeReport()))
        return dataclasses.replace(
            settings, silence_dbfs=silence_for(levels, settings.silence_dbfs)
        )

    def _hear(
        self, report: DecodeReport, track: int, channel: int | None = None
    ) -> Generator[Block]:
        path, index = source_of(self._path, self.tracks, track)
        return hear(path, self._name, report, self._limit_s, index, channel, self._probe_further)

    def _blocks(self, tracks: tuple[int, ...], report: DecodeReport) -> Generator[Block]:
        if len(tracks) == 1:
            return self._hear(report, tracks[0])
        return self._side_by_side(tracks, report)

    def _side_by_side(self, tracks: tuple[int, ...], report: DecodeReport) -> Generator[Block]:
        """The channels of several tracks beside each other; a shorter one ends in silence."""
        reports = [DecodeReport() for _ in tracks]
        pairs = zip(tracks, reports, strict=True)
        opened = [self._hear(report, track) for track, report in pairs]
        try:
            streams = [_blocks_of(stream) for stream in opened]
            first: list[Block] = []
            for stream in list(streams):
                try:
                    first.append(next(stream))
                except DecodeFailed:
                    streams.remove(stream)  # a track of nothing; its report says so
            if not first:
                raise DecodeFailed(f"{self._name}: no audio could be decoded of any track")
            yield _joined(first, first)
            for blocks in itertools.zip_longest(*streams):
                yield _joined(blocks, first)
        finally:
            for stream in opened:
                stream.close()
            _merge(report, reports)

    def _channel_count(self, tracks: tuple[int, ...]) -> int:
        """As decoded: the container may say less, as of parametric stereo."""
        blocks = self._blocks(tracks, DecodeReport())
        first: Block = next(blocks)
        blocks.close()
        return first.shape[1]

    def _channels_or_none(self, track: int) -> int:
        try:
            return self._channel_count((track,))
        except DecodeFailed:
            return 0

    def _measure_others(self) -> None:
        others = [t for t in self.tracks if t.index not in self.heard.tracks and t.codec]
        measured = {track.index: self._measured(track) for track in others}
        self.tracks = tuple(measured.get(track.index, track) for track in self.tracks)
        self._flag(TRACK_NOT_HEARD, have_speech(list(measured.values())))

    def _measured(self, track: MediaTrack) -> MediaTrack:
        report = DecodeReport()
        path, index = source_of(self._path, self.tracks, track.index)
        chunks = decode(path, self._name, report, self._limit_s, index, self._probe_further)
        try:
            return measured_track(track, chunks)
        except MediaError as error:
            if error.is_machine_fault:
                raise
            return track  # what cannot be decoded is not heard by anyone

    def _flag(self, flag: str, is_so: bool) -> None:
        if is_so:
            self.flags = (*self.flags, flag)


def _merge(report: DecodeReport, parts: Sequence[DecodeReport]) -> None:
    """Several decodings of one recording as one: its length, and what any complained of."""
    report.sample_count = max(part.sample_count for part in parts)
    report.clock = parts[0].clock
    report.logs = [log for part in parts for log in part.logs]
    report.exit_codes = [code for part in parts for code in part.exit_codes]
    report.decodings = list(parts)


def _loudest(blocks: Iterator[Block]) -> int:
    """The channel with the most energy over all."""
    return int(np.argmax(sum(frame_energies(block).sum(axis=0) for block in blocks)))


def _blocks_of(stream: Iterator[Block]) -> Iterator[Block]:
    """The same in blocks of BLOCK_SAMPLES; all but the last have them already, or a multiple."""
    for block in stream:
        for start in range(0, len(block), BLOCK_SAMPLES):
            yield block[start : start + BLOCK_SAMPLES]


def _joined(blocks: Sequence[Block | None], first: Sequence[Block]) -> Block:
    length = max(len(block) for block in blocks if block is not None)
    joined = np.zeros((length, sum(each.shape[1] for each in first)), np.int16)
    place = 0
    for block, shape in zip(blocks, first, strict=True):
        if block is not None:
            joined[: len(block), place : place + shape.shape[1]] = block
        place += shape.shape[1]
    return joined
