"""GigaSpeech: audiobooks, podcasts, YouTube (arXiv 2106.06909)."""

from __future__ import annotations

import re

from af3core.evaluation.benchmark_files import Data, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing, SoundFile
from af3core.evaluation.transcribing import transcription_benchmark, utterance

_TEST = "{TEST}"
_PUNCTUATION = re.compile(r"<(?:COMMA|PERIOD|QUESTIONMARK|EXCLAMATIONPOINT)>")
_GARBAGE = re.compile(r"<(?:SIL|MUSIC|NOISE|OTHER)>")


def read(data: Data) -> Listing:
    """GigaSpeech.json: its TEST segments, of which the publisher scores those with words."""
    key = data.find("GigaSpeech.json")
    sounds = Sounds(data, key)
    items: list[Item] = []
    for audio in data.json(key)["audios"]:
        sound = sounds.by_path(str(field(audio, "path")))
        for segment in field(audio, "segments"):
            text = str(field(segment, "text_tn"))
            if _TEST in segment.get("subsets", ()) and not _GARBAGE.search(text):
                part = SoundFile(
                    sound.key, float(segment["begin_time"]), float(segment["end_time"])
                )
                words = " ".join(_PUNCTUATION.sub(" ", text).split())
                items.append(utterance(str(field(segment, "sid")), part, words))
    return Listing(tuple(items))


BENCHMARKS = (
    transcription_benchmark(
        "gigaspeech",
        "GigaSpeech test",
        "GigaSpeech.json and the folder audio/ of SpeechColab/GigaSpeech: path, segments (sid,"
        " begin_time, end_time, text_tn, subsets)",
        read,
    ),
)
