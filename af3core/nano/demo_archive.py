"""The demo archive: twenty minutes of invented radio, in the formats that an archive holds.

`python -m af3core.nano.demo_archive` writes the recordings to `demo_archive/` and the script of
each to `demo_scripts/`. Sentences are held out of nano's training; the tape's voices too.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from random import Random

import ffmpeg
import numpy as np

from af3core.nano.espeak_voices import SAMPLE_RATE_HZ, Audio, Speaker, random_speaker
from af3core.nano.lexicon import TOPICS, Topic
from af3core.nano.scenes import Event, Scene, random_music, speech_event
from af3core.nano.sentences import sentence
from af3core.nano.synthesis import SOUNDS, make_sound

ARCHIVE = Path(__file__).with_name("demo_archive")
SCRIPTS = Path(__file__).with_name("demo_scripts")
DATE = "2026-11-21"


@dataclass(frozen=True)
class Programme:
    """What is made: length, cast, and the encoder's settings (FFmpeg's names)."""

    file: str
    topic: str
    sexes: tuple[str, ...]
    minutes: float
    rate_hz: int
    channels: int
    encoder: dict[str, str]
    bed: bool = False
    video: bool = False
    held_out_voices: bool = False


_MP3 = {"c:a": "libmp3lame"}
_AAC = {"c:a": "aac", "b:a": "48k"}
PROGRAMMES = (
    Programme("history_evening.mp3", "history", ("man", "woman"), 9.0, 22_050, 1,
              _MP3 | {"b:a": "24k"}),
    Programme("morning_weather.mp3", "the weather", ("woman",), 1.7, 44_100, 2,
              _MP3 | {"b:a": "64k"}),
    Programme("sport_magazine.m4a", "sport", ("man", "woman", "man"), 2.5, 48_000, 2, _AAC),
    Programme("science_hour.flac", "science", ("woman", "man"), 0.8, 16_000, 1,
              {"c:a": "flac", "sample_fmt": "s16"}),
    Programme("cooking_show.opus", "cooking", ("man",), 2.5, 48_000, 1,
              {"c:a": "libopus", "b:a": "24k"}, bed=True),
    Programme("reel_17.wav", "politics", ("man", "woman"), 0.7, 8_000, 1, {"c:a": "pcm_s16le"},
              held_out_voices=True),
    Programme("travel_film.mp4", "travel", ("woman", "man"), 1.8, 44_100, 2, _AAC, video=True),
    Programme("concert_break.ogg", "music", (), 1.0, 32_000, 2, {"c:a": "libvorbis", "q:a": "2"}),
)  # fmt: skip


def make_archive() -> None:
    """Write all recordings and scripts."""
    folder = ARCHIVE / DATE
    folder.mkdir(parents=True, exist_ok=True)
    SCRIPTS.mkdir(exist_ok=True)
    for number, programme in enumerate(PROGRAMMES):
        audio, scene = make_programme(programme, Random(f"demo {number}"))
        encode(audio, programme, folder / programme.file)
        (SCRIPTS / f"{programme.file}.json").write_text(_script(programme, scene), "utf-8")
        print(f"{programme.file}: {scene.duration_ms / 1000:.1f} s, {len(scene.events)} events")


def _script(programme: Programme, scene: Scene) -> str:
    """Who says what when, which sounds when: JSON with one event a line."""
    events = [
        {key: value for key, value in dataclasses.asdict(event).items() if value not in ("", ())}
        for event in scene.events
    ]
    head = {
        "file": f"{DATE}/{programme.file}",
        "made_by": "af3core.nano.demo_archive (espeak-ng voices, generated sounds and music)",
        "bed": scene.bed,
        "duration_ms": scene.duration_ms,
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    spoken = ",\n".join(f"  {json.dumps(event)}" for event in events)
    return "{\n" + ",\n".join(lines) + f',\n "events": [\n{spoken}\n ]\n}}\n'


def make_programme(programme: Programme, random: Random) -> tuple[Audio, Scene]:
    """Mono audio `[samples]` at 16 kHz and what happens in it."""
    noise = np.random.default_rng(random.getrandbits(64))
    wanted = int(programme.minutes * 60 * SAMPLE_RATE_HZ)
    timeline = np.zeros(wanted + 20 * SAMPLE_RATE_HZ, np.float32)
    events: list[Event] = []
    cursor = SAMPLE_RATE_HZ // 2
    speakers = [random_speaker(random, programme.held_out_voices, sex) for sex in programme.sexes]
    topic = next(topic for topic in TOPICS if topic.name == programme.topic)
    jingle = random_music(random, noise, 3.5)
    for event, audio in _running_order(jingle, speakers, topic, random, noise, wanted):
        end = cursor + len(audio)
        timeline[cursor:end] += audio
        start_ms, end_ms = (n * 1000 // SAMPLE_RATE_HZ for n in (cursor, end))
        events.append(event.moved_to(start_ms, end_ms))
        cursor = end + int(random.uniform(0.3, 0.9) * SAMPLE_RATE_HZ)
    audio = timeline[: cursor + SAMPLE_RATE_HZ // 2]
    bed = ""
    if programme.bed:
        bed, music = random_music(random, noise, len(audio) / SAMPLE_RATE_HZ)
        audio = audio + 0.12 * music[: len(audio)]
    audio = audio + noise.standard_normal(len(audio)).astype(np.float32) * 10**-3.5
    audio = audio / max(float(np.abs(audio).max()), 1e-9) * 0.7
    return audio, Scene(tuple(events), bed, len(audio) * 1000 // SAMPLE_RATE_HZ)


def _running_order(
    jingle: tuple[str, Audio],
    speakers: list[Speaker],
    topic: Topic,
    random: Random,
    noise: np.random.Generator,
    wanted: int,
) -> list[tuple[Event, Audio]]:
    """A jingle, then speech with sounds between the turns; without speakers, music and sounds."""
    order: list[tuple[Event, Audio]] = [(Event("music", 0, 0, jingle[0]), 0.5 * jingle[1])]
    filled, turn = 0, 0
    while filled < wanted:
        if not speakers and random.random() < 0.35:
            name, music = random_music(random, noise, random.uniform(4, 8))
            order.append((Event("music", 0, 0, name), 0.5 * music))
        elif not speakers or random.random() < 0.22:
            name = random.choice(tuple(SOUNDS))
            order.append((Event("sound", 0, 0, name), 0.6 * make_sound(name, noise)))
        else:
            if random.random() < 0.25:
                turn = (turn + 1) % len(speakers)
            words = sentence(topic, random, held_out=True)
            event, audio = speech_event(speakers[turn], turn, topic.name, words)
            order.append((dataclasses.replace(event, phones=(), phone_starts_ms=()), 0.7 * audio))
        filled += len(order[-1][1]) + SAMPLE_RATE_HZ // 2
    return order


def encode(audio: Audio, programme: Programme, path: Path) -> None:
    """Write a recording in its format; a second channel is a little quieter than the first."""
    import imageio_ffmpeg

    channels = audio[:, None] * np.array([1.0, 0.8][: programme.channels])
    pipe = ffmpeg.input("pipe:", f="f32le", ar=SAMPLE_RATE_HZ, ac=programme.channels)
    streams = [pipe.audio]
    settings = programme.encoder | {"ar": programme.rate_hz, "fflags": "+bitexact"}
    if programme.video:
        seconds = len(audio) / SAMPLE_RATE_HZ
        picture = ffmpeg.input(f"testsrc=size=160x120:rate=5:duration={seconds}", f="lavfi")
        streams.insert(0, picture.video)
        settings |= {"c:v": "libx264", "crf": "40", "pix_fmt": "yuv420p"}
    command = ffmpeg.output(*streams, str(path), **settings).overwrite_output()
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), *command.get_args(), "-loglevel", "error"],
        input=channels.astype("<f4").tobytes(),
        check=True,
    )


if __name__ == "__main__":
    make_archive()
