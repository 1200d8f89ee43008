"""A few utterances and captions of each benchmark, in the files that its publisher gives out."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import imageio_ffmpeg

from tests.af3core.evaluation import published_judged
from tests.af3core.evaluation.reviewed_export import write_reviewed
from tests.af3core.evaluation.sounds import sound

Write = Callable[[Path], None]


def _text(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines), "utf-8")


def _csv(path: Path, head: Sequence[str], *rows: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])


def encoded(path: Path, seconds: float = 0.5, *codec: str) -> None:
    """A tone in a format that soundfile does not write."""
    wave = path.with_suffix(".wave.wav")
    sound(wave, seconds)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", "-i", str(wave)]
    subprocess.run([*command, *codec, str(path)], check=True)
    wave.unlink()


def write_sphere(path: Path, seconds: float) -> None:
    """A NIST SPHERE file: a head of 1,024 bytes of text, then samples, the high byte first."""
    wave = path.with_suffix(".wave.wav")
    sound(wave, seconds)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", str(wave)]
    done = subprocess.run([*command, "-f", "s16be", "-"], check=True, capture_output=True)
    wave.unlink()
    fields = (
        "NIST_1A\n   1024\n"
        "channel_count -i 1\nsample_rate -i 16000\nsample_n_bytes -i 2\n"
        f"sample_count -i {len(done.stdout) // 2}\n"
        "sample_byte_format -s2 10\nsample_coding -s3 pcm\nend_head\n"
    )
    path.write_bytes(fields.encode().ljust(1024) + done.stdout)


def write_librispeech(folder: Path, split: str) -> None:
    chapter = folder / "LibriSpeech" / split / "1089" / "134686"
    for number in range(2):
        sound(chapter / f"1089-134686-000{number}.flac")
    _text(
        chapter / "1089-134686.trans.txt",
        "1089-134686-0000 HE HOPED THERE WOULD BE STEW",
        "1089-134686-0001 MISTER BROWN",
    )


def write_spgispeech(folder: Path) -> None:
    sound(folder / "test" / "call" / "1.wav")
    _text(
        folder / "test.csv",
        "wav_filename|wav_filesize|transcript",
        'call/1.wav|16044|Good morning, and "thank you" all.',
    )


def write_tedlium(folder: Path) -> None:
    talk = folder / "legacy" / "test"
    (talk / "sph").mkdir(parents=True)
    write_sphere(talk / "sph" / "AlGore_2009.sph", 2.0)
    _text(
        talk / "stm" / "AlGore_2009.stm",
        "AlGore_2009 1 AlGore_2009 0.00 0.50 <NA> ignore_time_segment_in_scoring",
        "AlGore_2009 1 AlGore_2009 0.50 1.75 <o,f0,male> it 's a slide show",
    )


def write_gigaspeech(folder: Path) -> None:
    (folder / "audio" / "podcast").mkdir(parents=True)
    encoded(folder / "audio" / "podcast" / "POD1.opus", 2.0, "-c:a", "libopus")

    def segment(number: int, text: str, *subsets: str) -> dict[str, object]:
        return {
            "sid": f"POD1_S{number}",
            "begin_time": 0.5 * number,
            "end_time": 0.5 * number + 0.5,
            "text_tn": text,
            "subsets": list(subsets),
        }

    audio = {
        "aid": "POD1",
        "path": "audio/podcast/POD1.opus",
        "segments": [
            segment(0, "AS IT'S <COMMA> SAID <PERIOD>", "{TEST}"),
            segment(1, "<MUSIC>", "{TEST}"),
            segment(2, "TRAINED ON", "{XL}"),
        ],
    }
    _text(folder / "GigaSpeech.json", json.dumps({"dataset": "GigaSpeech", "audios": [audio]}))


def write_common_voice(folder: Path) -> None:
    (folder / "en" / "clips").mkdir(parents=True)
    encoded(folder / "en" / "clips" / "common_voice_en_1.mp3", 0.5, "-c:a", "libmp3lame")
    _text(
        folder / "en" / "test.tsv",
        "client_id\tpath\tsentence\tup_votes",
        'a\tcommon_voice_en_1.mp3\tHe said "no" twice.\t2',
    )


def write_voxpopuli(folder: Path) -> None:
    name = "20180613-0900-PLENARY-15-en_20180613-17:28:43_9"
    (folder / "transcribed_data" / "en" / "2018").mkdir(parents=True)
    encoded(folder / "transcribed_data" / "en" / "2018" / f"{name}.ogg", 0.5, "-c:a", "libvorbis")
    _text(
        folder / "transcribed_data" / "en" / "asr_test.tsv",
        "id\traw_text\tnormalized_text\tspeaker_id\tsplit\tgender",
        f"{name}\tMadam President!\tmadam president\t1\ttest\tfemale",
    )


def write_audiocaps(folder: Path) -> None:
    for name in ("Yone-_1", "two"):
        sound(folder / "audio" / f"{name}.wav")
    rows = [
        (str(number), name, "0", f"{what} {said}")
        for number, (name, what) in enumerate((("one-_1", "a dog"), ("two", "rain")))
        for said in ("is heard", "can be heard", "sounds", "is near", "is far")
    ]
    _csv(folder / "test.csv", ("audiocap_id", "youtube_id", "start_time", "caption"), *rows)


def write_clotho(folder: Path) -> None:
    head = ("file_name", *(f"caption_{number}" for number in range(1, 6)))
    rows = []
    for name, what in (("Rain on tin.wav", "Rain falls"), ("dog.wav", "A dog barks")):
        sound(folder / "evaluation" / name)
        rows.append((name, *(f"{what}, {number} times" for number in range(1, 6))))
    _csv(folder / "clotho_captions_evaluation.csv", head, *rows)


def _nothing(_folder: Path) -> None:
    """It comes with the package."""


FIXTURES: dict[str, Write] = {
    "librispeech-clean": lambda folder: write_librispeech(folder, "test-clean"),
    "librispeech-other": lambda folder: write_librispeech(folder, "test-other"),
    "spgispeech": write_spgispeech,
    "tedlium": write_tedlium,
    "gigaspeech": write_gigaspeech,
    "common-voice-15": write_common_voice,
    "voxpopuli": write_voxpopuli,
    "audiocaps": write_audiocaps,
    "clotho": write_clotho,
    "nothing": _nothing,
    "reviewed-choices": write_reviewed,
    "reviewed-transcripts": write_reviewed,
} | published_judged.FIXTURES
"""By benchmark: writes its files into an empty folder; those of open answers too."""
