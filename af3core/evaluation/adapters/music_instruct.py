"""MusicInstruct, long: general questions on music, answered at length (arXiv 2309.08730)."""

from __future__ import annotations

from af3core.evaluation.benchmark import Benchmark, as_it_stands
from af3core.evaluation.benchmark_files import Data, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.judges import MUSIC_INSTRUCT


def read(data: Data) -> Listing:
    """music_instruct_long.json: its rows of AudioSet's evaluation clips, which are its test."""
    key = data.find("music_instruct_long.json")
    sounds = Sounds(data, key)
    return Listing(
        tuple(
            Item(
                item_id=f"{number:05d} {row['ytid']}",
                sounds=(sounds.by_stem(str(row["ytid"])),),
                question=str(field(row, "question")),
                answers=(str(field(row, "answer")),),
            )
            for number, row in enumerate(field(data.json(key), "QA"))
            if field(row, "is_audioset_eval")
        )
    )


BENCHMARKS = (
    Benchmark(
        name="music-instruct-long",
        title="MusicInstruct, long",
        files="music_instruct_long.json of m-a-p/Music-Instruct and the clips of MusicCaps, each"
        " called by its ytid (a.wav, a.mp3, ...): QA (ytid, question, answer, is_audioset_eval)",
        read=read,
        prompt=as_it_stands,
        metric=Metric("judge", judging=MUSIC_INSTRUCT, scale=10.0),
        prompt_source="the question as published, of m-a-p/Music-Instruct",
        max_new_tokens=512,
    ),
)
