"""Scenes of the world: speech, sounds and music on a timeline of up to 30 s, and their audio."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Literal

import numpy as np

from af3core.nano.espeak_voices import SAMPLE_RATE_HZ, Audio, Speaker, random_speaker, speak
from af3core.nano.music import INSTRUMENTS, TEMPI, make_music
from af3core.nano.sentences import random_topic, sentence
from af3core.nano.synthesis import SOUNDS, make_sound

MAX_SPEAKERS = 3
_FRAME_SAMPLES = 320


@dataclass(frozen=True)
class Event:
    """Something heard: words of a speaker, a sound, or a piece of music (a jingle).

    `what` holds the words, the sound's name, or "slow piano music". `speaker` counts the scene's
    speakers from 0 and is -1 where nobody speaks. Words and phones start at times of the scene.
    """

    kind: Literal["speech", "sound", "music"]
    start_ms: int
    end_ms: int
    what: str
    speaker: int = -1
    sex: str = ""
    topic: str = ""
    word_starts_ms: tuple[int, ...] = ()
    phones: tuple[str, ...] = ()
    phone_starts_ms: tuple[int, ...] = ()

    def moved_to(self, start_ms: int, end_ms: int) -> Event:
        """The event at another time, its words and phones with it."""
        shift = start_ms - self.start_ms
        return replace(
            self,
            start_ms=start_ms,
            end_ms=end_ms,
            word_starts_ms=tuple(ms + shift for ms in self.word_starts_ms),
            phone_starts_ms=tuple(ms + shift for ms in self.phone_starts_ms),
        )


def speech_event(speaker: Speaker, number: int, topic: str, words: str) -> tuple[Event, Audio]:
    """A sentence of the scene's speaker `number`, spoken at time 0, at peak 1.0."""
    spoken = speak(speaker, words)
    event = Event(
        kind="speech",
        start_ms=0,
        end_ms=len(spoken.audio) * 1000 // SAMPLE_RATE_HZ,
        what=words,
        speaker=number,
        sex=speaker.sex,
        topic=topic,
        word_starts_ms=spoken.word_starts_ms,
        phones=spoken.phones,
        phone_starts_ms=spoken.phone_starts_ms,
    )
    return event, spoken.audio


@dataclass(frozen=True)
class Scene:
    """Events in order of their starts; `bed` is music under everything, or empty."""

    events: tuple[Event, ...]
    bed: str
    duration_ms: int

    @property
    def words(self) -> str:
        """All that is said, in order."""
        return " ".join(event.what for event in self.events if event.kind == "speech")

    @property
    def sounds(self) -> tuple[str, ...]:
        """Names of the sound events, in order, repeated where heard again."""
        return tuple(event.what for event in self.events if event.kind == "sound")

    @property
    def speakers(self) -> dict[int, str]:
        """Sex by speaker, in order of first words."""
        return {event.speaker: event.sex for event in self.events if event.kind == "speech"}


@dataclass(frozen=True)
class Cast:
    """Who may speak and what: the training part of the world, or its held-out parts."""

    held_out_words: bool = False
    held_out_voices: bool = False


def make_scene(random: Random, cast: Cast = Cast(), longest_s: float = 29.0) -> tuple[Audio, Scene]:
    """A random scene and its audio `[samples]` at 16 kHz.

    Lengths: 40 % are 3 to 8 s, 40 % 8 to 18 s, 20 % up to `longest_s`.
    """
    noise = np.random.default_rng(random.getrandbits(64))
    low_s, high_s = random.choices(
        ((3.0, 8.0), (8.0, 18.0), (18.0, longest_s)), weights=(40, 40, 20)
    )[0]
    low_s, high_s = min(low_s, longest_s), min(high_s, longest_s)
    wanted = int(random.uniform(low_s, high_s) * SAMPLE_RATE_HZ)
    pieces = _pieces(random, noise, cast, wanted)
    audio, events = _lay_out(pieces, random, wanted)
    bed = ""
    solo = not pieces and random.random() < 0.75
    if solo or (pieces and random.random() < 0.2):
        bed, music = random_music(random, noise, len(audio) / SAMPLE_RATE_HZ)
        audio = audio + music[: len(audio)] * (0.7 if solo else random.uniform(0.06, 0.2))
    audio = degrade(audio, random, noise)
    return audio, Scene(tuple(events), bed, len(audio) * 1000 // SAMPLE_RATE_HZ)


def random_music(random: Random, noise: np.random.Generator, seconds: float) -> tuple[str, Audio]:
    """A name such as "slow piano music" and the music, at least `seconds` long."""
    instrument, tempo = random.choice(INSTRUMENTS), random.choice(tuple(TEMPI))
    return f"{tempo} {instrument} music", make_music(instrument, tempo, seconds + 0.1, noise)


def degrade(audio: Audio, random: Random, noise: np.random.Generator) -> Audio:
    """Background noise, a narrow telephone band at times, and a loudness of the archive."""
    audio = audio + noise.standard_normal(len(audio)).astype(np.float32) * 10 ** random.uniform(
        -4.5, -2.3
    )
    if random.random() < 0.2:
        audio = _low_pass(audio, random.choice((3600, 5200, 6800)))
    peak = float(np.abs(audio).max(initial=1e-9))
    return (audio / peak * 10 ** random.uniform(-1.0, -0.02)).astype(np.float32)


def _low_pass(audio: Audio, cutoff_hz: int) -> Audio:
    spectrum = np.fft.rfft(audio)
    spectrum[int(cutoff_hz * len(audio) / SAMPLE_RATE_HZ) :] = 0
    return np.fft.irfft(spectrum, len(audio)).astype(np.float32)


_Piece = tuple[Event, Audio]


def _pieces(random: Random, noise: np.random.Generator, cast: Cast, wanted: int) -> list[_Piece]:
    """What happens, one after the other, until the wanted length is full."""
    kind = random.choices(("mixed", "speech", "sounds", "empty"), weights=(52, 25, 17, 6))[0]
    if kind == "empty":
        return []
    speakers = _speakers(random, cast)
    topic = random_topic(random)
    repeated = random.choice(tuple(SOUNDS))
    turn = random.randrange(len(speakers))
    pieces: list[_Piece] = []
    filled = 0
    while filled < wanted:
        is_sound = kind == "sounds" or (kind == "mixed" and random.random() < 0.4)
        if is_sound and random.random() < 0.08:
            name, audio = random_music(random, noise, random.uniform(2.0, 4.0))
            event = Event("music", 0, 0, name)
            audio = audio * random.uniform(0.3, 0.7)
        elif is_sound:
            name = repeated if random.random() < 0.3 else random.choice(tuple(SOUNDS))
            event = Event("sound", 0, 0, name)
            audio = make_sound(name, noise) * random.uniform(0.25, 0.8)
        else:
            if random.random() < 0.5:
                turn = (turn + 1) % len(speakers)
            words = sentence(topic, random, cast.held_out_words)
            event, audio = speech_event(speakers[turn], turn, topic.name, words)
            audio = audio * random.uniform(0.4, 0.8)
        pieces.append((event, audio))
        filled += len(audio) + SAMPLE_RATE_HZ // 2
    return pieces


def _speakers(random: Random, cast: Cast) -> list[Speaker]:
    count = random.choices((1, 2, MAX_SPEAKERS), weights=(55, 32, 13))[0]
    sex = random.choice(("man", "woman"))
    speakers: list[Speaker] = []
    for _ in range(count):
        speakers.append(random_speaker(random, cast.held_out_voices, sex))
        if random.random() < 0.75:
            sex = "woman" if sex == "man" else "man"
    return speakers


def _lay_out(pieces: list[_Piece], random: Random, wanted: int) -> tuple[Audio, list[Event]]:
    """Pieces on one timeline with pauses; those that do not fit in whole are left out."""
    cursor = int(random.uniform(0.05, 0.6) * SAMPLE_RATE_HZ)
    limit = min(wanted + SAMPLE_RATE_HZ, int(29.5 * SAMPLE_RATE_HZ))
    placed: list[tuple[int, _Piece]] = []
    for event, audio in pieces:
        if placed and cursor + len(audio) > limit:
            continue
        placed.append((cursor, (event, audio)))
        cursor += len(audio) + int(random.uniform(0.15, 0.8) * SAMPLE_RATE_HZ)
    length = max(cursor, SAMPLE_RATE_HZ * 2) if placed else wanted
    timeline = np.zeros(-(-length // _FRAME_SAMPLES) * _FRAME_SAMPLES, np.float32)
    events = []
    for start, (event, audio) in placed:
        timeline[start : start + len(audio)] += audio
        start_ms, end_ms = (n * 1000 // SAMPLE_RATE_HZ for n in (start, start + len(audio)))
        events.append(event.moved_to(start_ms, end_ms))
    return timeline[: 30 * SAMPLE_RATE_HZ], events
