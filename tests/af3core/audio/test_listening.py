"""What is heard of real media: tracks, channels, levels, and what is said of the rest."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import soundfile

from af3core.audio.clip_stream import CutClip
from af3core.audio.cut_points import Segmentation
from af3core.audio.decode import DecodeReport, decode
from af3core.audio.listening import Listener
from af3core.audio.probe import probe
from af3core.errors import ConfigurationError
from schemas.records import Heard
from tests.media import ffmpeg, programme

RATE = 16_000


@functools.cache
def speech() -> np.ndarray:
    """Ten seconds of sentences, peak -6 dBFS."""
    return programme(10)[: 10 * RATE]


@functools.cache
def silence() -> np.ndarray:
    return np.zeros(10 * RATE, np.float32)


def tone(level_dbfs: float, hz: float = 440.0, seconds: float = 10.0) -> np.ndarray:
    times = np.arange(round(seconds * RATE)) / RATE
    return (10 ** (level_dbfs / 20) * np.sin(2 * np.pi * hz * times)).astype(np.float32)


def channels_in(path: Path, channels: Sequence[np.ndarray], *options: str) -> Path:
    """One track with these channels."""
    wav = path if path.suffix == ".wav" and not options else path.with_suffix(".made.wav")
    soundfile.write(wav, np.stack(channels, axis=1), RATE, subtype="PCM_16", format="WAV")
    if wav is not path:
        ffmpeg("-i", str(wav), *options, str(path))
        wav.unlink()
    return path


class Track(NamedTuple):
    audio: np.ndarray
    language: str = ""
    is_default: bool = False
    codec: str = "pcm_s16le"


def tracks_in(path: Path, *tracks: Track, picture: bool = False) -> Path:
    """One file with several mono tracks."""
    arguments, maps = [], []
    if picture:
        arguments += ["-f", "lavfi", "-i", "testsrc=size=720x576:rate=25:duration=10"]
        maps += ["-map", "0:v", "-c:v", "mpeg2video"]
    for number, track in enumerate(tracks):
        wav = path.with_name(f"{number}.made.wav")
        soundfile.write(wav, track.audio, RATE, subtype="PCM_16")
        arguments += ["-i", str(wav)]
        maps += ["-map", f"{number + picture}:a", f"-c:a:{number}", track.codec]
        maps += [f"-metadata:s:a:{number}", f"language={track.language}"]
        maps += [f"-disposition:a:{number}", "default" if track.is_default else "0"]
    ffmpeg(*arguments, *maps, "-ar", "48000", str(path))
    for made in path.parent.glob("*.made.wav"):
        made.unlink()
    return path


def listened(path: Path, **settings: Any) -> tuple[list[tuple[int | None, CutClip]], Listener]:
    media = probe(path, path.name)
    listener = Listener(path, path.name, media.tracks, Segmentation(**settings), 3600)
    return list(listener.clips()), listener


def peak_dbfs(clips: list[tuple[int | None, CutClip]]) -> float:
    highest = max(int(np.abs(cut.samples.astype(int)).max()) for _, cut in clips)
    return round(20 * float(np.log10(max(highest, 1) / 32768)), 1)


@pytest.mark.parametrize(
    ("count", "place"),
    [(count, count - 1) for count in (1, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 24, 32, 64)]
    + [(6, 3), (8, 3), (16, 7)],
)
def test_a_microphone_on_any_channel_is_heard_at_its_level(
    tmp_path: Path, count: int, place: int
) -> None:
    """Layouts are guessed by the count alone: channel 3 of six would be the LFE, and be lost."""
    channels = [tone(-90)] * count
    channels[place] = tone(-20)
    clips, listener = listened(channels_in(tmp_path / "a.wav", channels))
    assert peak_dbfs(clips) == pytest.approx(-20.0, abs=0.2)
    assert listener.heard == Heard((0,), "mix", count)
    assert (listener.flags, listener.report.complaints) == ((), "")
    assert [s.skip_reason for _, cut in clips for s in cut.segments] == [""]


def test_a_layout_that_the_file_names_has_no_weights_either(tmp_path: Path) -> None:
    for layout, place in (("5.1", 3), ("7.1", 3), ("5.1", 4), ("2.1", 2)):
        count = {"5.1": 6, "7.1": 8, "2.1": 3}[layout]
        channels = [silence()] * count
        channels[place] = tone(-20)
        named = ("-af", f"aformat=channel_layouts={layout}", "-ar", "48000")
        clips, _ = listened(channels_in(tmp_path / f"{layout}.flac", channels, *named))
        assert peak_dbfs(clips) == -20.0


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.wav", ()),
        ("a.flac", ("-ar", "44100")),
        ("a.mp3", ("-ar", "44100", "-b:a", "192k", "-joint_stereo", "0")),
        ("a.m4a", ("-ar", "48000", "-b:a", "192k")),
        ("a.opus", ("-b:a", "128k")),
    ],
)
def test_stereo_with_one_channel_inverted_is_heard_and_flagged(
    tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    path = channels_in(tmp_path / name, [speech(), -speech()], *options)
    clips, listener = listened(path)
    assert peak_dbfs(clips) == pytest.approx(-6.0, abs=0.6)
    assert listener.flags == ("channels_cancel",)
    assert listener.heard == Heard((0,), "mix", 2)
    assert not any(s.skip_reason for _, cut in clips for s in cut.segments)


@pytest.mark.parametrize(
    "channels",
    [
        lambda: [speech(), speech()],
        lambda: [speech(), silence()],
        lambda: [speech(), tone(-20)],
        lambda: [silence(), silence()],
    ],
)
def test_ordinary_stereo_is_the_mean_and_carries_no_flag(
    tmp_path: Path, channels: Callable[[], list[np.ndarray]]
) -> None:
    both = channels()
    clips, listener = listened(channels_in(tmp_path / "a.wav", both))
    mean = (both[0] + both[1]) / 2
    assert np.abs(clips[0][1].samples / 32768 - mean).max() < 1e-4
    assert listener.flags == ()


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_mono_is_what_ffmpeg_gives_to_the_last_bit(tmp_path: Path, rate: int) -> None:
    path = channels_in(tmp_path / "a.flac", [speech()], "-ar", str(rate))
    raw = tmp_path / "a.raw"
    ffmpeg("-i", str(path), "-ac", "1", "-ar", "16000", "-f", "s16le", str(raw))
    samples = np.concatenate(list(decode(path, "a", DecodeReport(), 3600)))
    assert np.array_equal(samples, np.fromfile(raw, np.int16))


class Row(NamedTuple):
    """Tracks of a file, what is asked for, and what comes of it."""

    name: str
    tracks: tuple[str, ...]
    wanted: str
    heard: tuple[int, ...]
    peak_dbfs: float
    flags: tuple[str, ...]


SOUNDS: dict[str, Callable[[], np.ndarray]] = {
    "speech": speech,
    "silence": silence,
    "tone": lambda: tone(-20),
    "other speech": lambda: np.roll(speech(), 3 * RATE),
}
ROWS = [
    Row("a.mkv", ("silence", "speech*"), "default", (1,), -6.0, ()),
    Row("a.mkv", ("speech", "silence*"), "default", (1,), -90.3, ("track_not_heard",)),
    Row("a.mkv", ("silence", "speech"), "default", (0,), -90.3, ("track_not_heard",)),
    Row("a.mkv", ("speech", "tone"), "default", (0,), -6.0, ()),
    Row("a.mkv", ("speech deu", "other speech eng"), "default", (0,), -6.0, ("track_not_heard",)),
    Row("a.mkv", ("tone ger", "speech eng"), "eng", (1,), -6.0, ()),
    Row("a.mkv", ("speech ger", "tone eng"), "deu", (0,), -6.0, ()),
    Row("a.mkv", ("tone eng", "speech ger"), "de-AT", (1,), -6.0, ()),
    Row("a.mkv", ("speech eng", "tone ger"), "fra", (0,), -6.0, ("track_missing",)),
    Row("a.mkv", ("silence", "speech"), "1", (1,), -6.0, ()),
    Row("a.mkv", ("speech", "silence"), "4", (0,), -6.0, ("track_missing",)),
    Row("a.mkv", ("silence", "tone"), "all", (0, 1), -26.0, ()),
    Row("a.mkv", ("silence", "tone", "silence"), "all", (0, 1, 2), -20.0, ()),
    Row("a.mov", ("silence", "speech*"), "default", (1,), -6.0, ()),
    Row("a.mov", ("silence", "speech eng"), "eng", (1,), -6.0, ()),
    Row("a.mp4", ("silence", "speech*"), "default", (1,), -6.0, ()),
    Row("a.mka", ("silence", "speech*"), "default", (1,), -6.0, ()),
    Row("a.ts", ("silence deu", "speech eng"), "eng", (1,), -6.0, ()),
    Row("a.ts", ("silence", "speech"), "default", (0,), -90.3, ("track_not_heard",)),
    Row("a.mxf", ("silence", "speech"), "default", (0,), -90.3, ("track_not_heard",)),
    Row("a.mxf", ("silence", "silence", "tone", "silence"), "all", (0, 1, 2, 3), -20.0, ()),
]
CODECS = {".mp4": "aac", ".ts": "mp2"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name} {row.tracks} {row.wanted}")
def test_the_track_that_is_heard(tmp_path: Path, row: Row) -> None:
    made = []
    for text in row.tracks:
        sound, _, language = text.rstrip("*").partition(" ")
        if sound == "other":
            sound, language = "other speech", language.partition(" ")[2]
        is_default = text.endswith("*")
        codec = CODECS.get(Path(row.name).suffix, "pcm_s16le")
        made.append(Track(SOUNDS[sound](), language, is_default, codec))
    path = tracks_in(tmp_path / row.name, *made, picture=row.name.endswith(".mxf"))
    clips, listener = listened(path, track=row.wanted)
    assert listener.heard.tracks == row.heard
    assert peak_dbfs(clips) == pytest.approx(row.peak_dbfs, abs=0.7)
    assert listener.flags == row.flags
    assert len(listener.tracks) == len(row.tracks)


def test_a_track_that_is_not_heard_is_measured(tmp_path: Path) -> None:
    path = tracks_in(tmp_path / "a.mkv", Track(speech(), "deu"), Track(tone(-20), "eng"))
    _, listener = listened(path)
    heard, other = listener.tracks
    assert (heard.level_dbfs, heard.speech_ms) == (None, None)
    assert (other.language, other.level_dbfs, other.speech_ms) == ("eng", -20.0, 0)


def test_tracks_of_different_length_are_heard_to_the_end_of_the_longest(tmp_path: Path) -> None:
    short = Track(tone(-20, 300, seconds=3))
    path = tracks_in(tmp_path / "a.mkv", short, Track(tone(-26, 500)), Track(silence()))
    clips, listener = listened(path, track="all")
    assert listener.report.duration_ms == 10_000
    assert clips[-1][1].end_ms == 10_000
    last = clips[0][1].samples[9 * RATE :]
    assert np.abs(last.astype(int)).max() > 900


def test_each_channel_is_cut_by_itself(tmp_path: Path) -> None:
    turns = [speech(), silence(), np.roll(speech(), 4 * RATE)]
    clips, listener = listened(channels_in(tmp_path / "a.wav", turns), channels="each")
    assert [(channel, cut.start_ms, cut.end_ms) for channel, cut in clips] == [
        (0, 0, 10_000),
        (1, 0, 10_000),
        (2, 0, 10_000),
    ]
    for (_, cut), turn in zip(clips, turns, strict=True):
        assert np.abs(cut.samples / 32768 - turn).max() < 1e-4
    reasons = [{s.skip_reason for s in cut.segments} for _, cut in clips]
    assert reasons == [{""}, {"silence"}, {""}]
    assert listener.heard == Heard((0,), "each", 3)
    assert listener.flags == ()


def test_each_channel_of_all_tracks_has_a_number_of_its_own(tmp_path: Path) -> None:
    path = tracks_in(tmp_path / "a.mkv", Track(tone(-20)), Track(tone(-30)))
    clips, listener = listened(path, track="all", channels="each")
    levels = [(channel, peak_dbfs([(channel, cut)])) for channel, cut in clips]
    assert levels == [(0, -20.0), (1, -30.0)]
    assert listener.heard == Heard((0, 1), "each", 2)


@pytest.mark.parametrize("count", [9, 18, 32])
def test_each_channel_of_many_is_cut_by_itself(tmp_path: Path, count: int) -> None:
    channels = [tone(-20 - number, seconds=1) for number in range(count)]
    clips, _ = listened(channels_in(tmp_path / "a.wav", channels), channels="each")
    levels = [peak_dbfs([clip]) for clip in clips]
    assert levels == [pytest.approx(-20 - number, abs=0.2) for number in range(count)]


@pytest.mark.parametrize(
    ("wanted", "channels", "heard", "flags"),
    [
        ("0", ("speech", "silence"), Heard((0,), "0", 1), ()),
        ("0", ("speech", "speech"), Heard((0,), "0", 1), ()),
        ("0", ("silence", "speech"), Heard((0,), "0", 1), ("channel_not_heard",)),
        ("2", ("silence", "silence", "speech"), Heard((0,), "2", 1), ()),
        ("5", ("speech", "silence"), Heard((0,), "mix", 2), ("channel_missing",)),
        ("1", ("speech",), Heard((0,), "mix", 1), ("channel_missing",)),
        ("loudest", ("silence", "silence", "speech"), Heard((0,), "2", 1), ()),
        ("loudest", ("tone", "speech"), Heard((0,), "0", 1), ("channel_not_heard",)),
    ],
)
def test_the_channel_that_is_heard(
    tmp_path: Path, wanted: str, channels: tuple[str, ...], heard: Heard, flags: tuple[str, ...]
) -> None:
    path = channels_in(tmp_path / "a.wav", [SOUNDS[name]() for name in channels])
    _, listener = listened(path, channels=wanted)
    assert listener.heard == heard
    assert listener.flags == flags


def test_a_recording_of_an_earlier_plan_has_its_tracks_looked_up(tmp_path: Path) -> None:
    path = tracks_in(tmp_path / "a.mkv", Track(silence()), Track(tone(-20), is_default=True))
    listener = Listener(path, "a.mkv", (), Segmentation(), 3600)
    assert peak_dbfs(list(listener.clips())) == -20.0
    assert listener.heard.tracks == (1,)


@pytest.mark.parametrize(
    ("name", "value"),
    [("track", "the first"), ("track", ""), ("channels", "left"), ("channels", "-1")],
)
def test_a_wrong_choice_is_said_before_any_work(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^--{name} {value}: write "):
        Segmentation(**{name: value})  # type: ignore[arg-type]
