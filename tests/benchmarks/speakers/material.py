"""What is said, and by whom: prompts of telephone systems that people spoke, and flite's voices.

    mkdir FOLDER && cd FOLDER
    apt-get download asterisk-core-sounds-{en,es,fr,it,ru}-g722 asterisk-prompt-it-menardi-wav \\
        asterisk-prompt-es-co asterisk-prompt-fr-armelle
    for package in *.deb; do dpkg-deb -x $package .; done
    apt-get install flite
"""

from __future__ import annotations

import functools
import subprocess
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import numpy.typing as npt

from af3core.audio import SAMPLE_RATE_HZ
from af3core.audio.clip_file import as_pcm
from af3core.audio.voice_activity import SpeechDetector
from af3core.nano.sentences import random_topic, sentence

Audio = npt.NDArray[np.float32]

PEOPLE = {
    "allison-en": "en_US_f_Allison",
    "allison-es": "es_MX_f_Allison",
    "june-fr": "fr_CA_f_June",
    "carlo-it": "it_IT_m_Carlo",
    "maxim-ru": "ru_RU_f_IvrvoiceRU",
    "menardi-it": "it_IT_f_Menardi",
    "avatar-es": "es",
    "armelle-fr": "fr",
}
"""Folders of prompts. Allison speaks English and Spanish: one person, two languages. Those of
avatar and armelle are telephone recordings at 8 kHz, GSM."""
FLITE = ("awb", "rms", "slt", "kal16")
VOICES = (*PEOPLE, *(f"flite-{name}" for name in FLITE))
_SHORTEST_S, _LONGEST_S = 1.5, 12.0
_PROMPTS = 60
_LEAST_SPEECH = 0.6


def person_of(voice: str) -> str:
    """Who it is that speaks."""
    return voice.split("-")[0] if voice in PEOPLE else voice


@dataclass(frozen=True)
class Material:
    """Utterances of each voice, for development and for the figures apart."""

    folder: Path
    is_development: bool

    @functools.cache  # noqa: B019 - two of them live
    def utterances(self, voice: str) -> tuple[Audio, ...]:
        """What a voice says: 1.5 to 12 s each, without silence at its ends, peak 1."""
        sounds = self._prompts(voice) if voice in PEOPLE else self._flite(voice)
        return tuple(trimmed(sound) for sound in sounds)

    def _prompts(self, voice: str) -> list[Audio]:
        found: list[Audio] = []
        (folder,) = (self.folder / "usr/share/asterisk/sounds").glob(PEOPLE[voice])
        paths = [path for path in folder.glob("*.*") if path.suffix in (".g722", ".wav", ".gsm")]
        for path in sorted(paths, key=lambda each: zlib.crc32(each.name.encode())):
            if (zlib.crc32(path.name.encode()) % 2 == 0) != self.is_development:
                continue
            try:
                sound = decoded(path)
            except subprocess.CalledProcessError:
                continue  # a few of the packages' files are broken
            if _SHORTEST_S <= len(sound) / SAMPLE_RATE_HZ <= _LONGEST_S and is_speech(sound):
                found.append(sound)
            if len(found) == _PROMPTS:
                break
        return found

    def _flite(self, voice: str) -> list[Audio]:
        from random import Random

        random = Random(f"{voice} {self.is_development}")
        with tempfile.TemporaryDirectory() as folder:
            sounds = []
            for number in range(_PROMPTS // 2):
                words = ". ".join(
                    sentence(random_topic(random), random) for _ in range(random.randint(1, 3))
                )
                path = Path(folder) / f"{number}.wav"
                name = voice.removeprefix("flite-")
                command = ["flite", "-voice", name, "-t", words, "-o", str(path)]
                subprocess.run(command, check=True, capture_output=True)
                sounds.append(decoded(path))
        return sounds


def decoded(path: Path) -> Audio:
    """16 kHz mono."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-ac", "1"]
    command += ["-ar", str(SAMPLE_RATE_HZ), "-f", "f32le", "-"]
    done = subprocess.run(command, check=True, capture_output=True)
    return np.frombuffer(done.stdout, np.float32)


def is_speech(sound: Audio) -> bool:
    """Beeps and music are among the prompts."""
    detector = SpeechDetector()
    heard = np.concatenate([detector.feed(as_pcm(sound)), detector.finish()])
    return bool((heard > 0.5).mean() >= _LEAST_SPEECH)


def trimmed(sound: Audio) -> Audio:
    """Without silence at its ends, peak 1."""
    peak = float(np.abs(sound).max())
    loud = np.flatnonzero(np.abs(sound) > 0.02 * peak)
    return np.asarray(sound[loud[0] : loud[-1] + 1] / peak, np.float32)
