"""Headers of real files, and the errors of bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.audio.probe import may_be_estimated, probe
from af3core.errors import EmptyObject, ForbiddenContainer, NoAudio, NotMedia, UnreadableObject
from schemas.records import MediaInfo, MediaTrack
from tests.media import ffmpeg, programme, write


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("a.wav", ("-ar", "8000"), ("wav", "pcm_s16le", 8000, 2)),
        ("a.mp3", ("-ar", "44100"), ("mp3", "mp3float", 44100, 2)),
        ("a.flac", (), ("flac", "flac", 16000, 2)),
        ("a.opus", (), ("ogg", "opus", 48000, 2)),
        ("a.m4a", ("-ar", "32000"), ("mov,mp4,m4a,3gp,3g2,mj2", "aac", 32000, 2)),
    ],
)
def test_container_codec_rate_and_channels(
    tmp_path: Path, name: str, options: tuple[str, ...], expected: tuple[str, str, int, int]
) -> None:
    audio = programme(2)
    path = write(tmp_path / name, audio, *options, channels=2)
    media = probe(path, name)
    assert (media.container, media.codec, media.sample_rate_hz, media.channels) == expected
    assert media.declared_duration_ms == pytest.approx(len(audio) / 16, abs=60)


def test_a_video_is_probed_by_its_sound_track(tmp_path: Path) -> None:
    sound = write(tmp_path / "sound.wav", programme(1)[:16000])
    video = tmp_path / "film.mkv"
    picture = ["-f", "lavfi", "-i", "testsrc=size=64x64:rate=5:duration=1"]
    ffmpeg(*picture, "-i", str(sound), "-c:v", "libx264", "-c:a", "pcm_s16le", str(video))
    track = MediaTrack(0, "pcm_s16le", "", "", False, 1)
    media = MediaInfo(
        "matroska,webm", "pcm_s16le", 16000, 1, 1000, declared_by="file", tracks=(track,)
    )
    assert probe(video, "film.mkv") == media


def test_bad_files_have_errors_that_name_the_file_and_the_remedy(tmp_path: Path) -> None:
    empty = tmp_path / "empty.mp3"
    empty.touch()
    with pytest.raises(EmptyObject, match=r"^arc/empty.mp3: .*0 bytes.*upload it again$"):
        probe(empty, "arc/empty.mp3")
    text = tmp_path / "letter.wav"
    text.write_text("Dear listeners, this is not audio. " * 200)
    with pytest.raises(NotMedia, match=r"^arc/letter.wav: .*check that the upload is complete$"):
        probe(text, "arc/letter.wav")
    with pytest.raises(UnreadableObject, match=r"^arc/gone.wav: cannot be read .*permissions$"):
        probe(tmp_path / "gone.wav", "arc/gone.wav")
    silent = tmp_path / "silent.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc=size=64x64:rate=5:duration=1", str(silent))
    with pytest.raises(NoAudio, match=r"^arc/silent.mp4: no audio track"):
        probe(silent, "arc/silent.mp4")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("radio.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n"),
        ("radio.mp3", "ffconcat version 1.0\nfile '{}'\n"),
        ("radio.pls", "[playlist]\nFile1={}\n"),
    ],
)
def test_a_playlist_is_never_followed(tmp_path: Path, name: str, text: str) -> None:
    secret = write(tmp_path / "secret.wav", programme(1))
    playlist = tmp_path / name
    playlist.write_text(text.format(secret))
    with pytest.raises(ForbiddenContainer, match="playlists are never followed"):
        probe(playlist, name)


def test_lengths_that_an_earlier_release_estimated_are_not_believed() -> None:
    assert may_be_estimated(MediaInfo("mp3", "mp3float", 44_100, 2, 1_498_000))
    assert not may_be_estimated(
        MediaInfo("mp3", "mp3float", 44_100, 2, 1_498_000, declared_by="track")
    )
    assert not may_be_estimated(MediaInfo("mp3", "mp3float", 44_100, 2, None, 1_498_000))
    assert not may_be_estimated(MediaInfo("wav", "pcm_s16le", 44_100, 2, 1_498_000))
