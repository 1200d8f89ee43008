"""MuChoMusic: 1,187 questions on music (arXiv 2408.01337), and RUListening's harder options.

AF3's figure is on the "perceptual" version, which its model card links: options that cannot be
ruled out without listening (arXiv 2504.00369).
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable

from af3core.evaluation.benchmark import MCQ_SOURCE, Benchmark, multiple_choice
from af3core.evaluation.benchmark_files import BenchmarkData, Data, Row, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing, SoundFile
from af3core.evaluation.official_scripts import MUCHOMUSIC, RU_LISTENING
from af3core.evaluation.score import Metric, OfficialRate
from af3core.evaluation.scorers.choices import score_muchomusic, score_ru_listening

_SHUFFLED = "; the publisher shuffles options at random, here by the question's id"


def read(data: Data) -> Listing:
    """muchomusic.csv, with the sounds of Song Describer and MusicCaps as its scripts name them."""
    key = data.find("muchomusic.csv")
    sounds = Sounds(data, key)
    clips = {name[1:].partition("]-[")[0]: path for path in data.keys if (name := _clip(path))}
    items = []
    for number, row in enumerate(data.table(key)):
        right = field(row, "correct_answer")
        wrong = [field(row, f"distractor_{n}_answer") for n in (1, 2, 3)]
        items.append(
            Item(
                item_id=f"{number:04d}",
                sounds=(_sound(row, sounds, clips),),
                question=field(row, "question"),
                options=shuffled(f"{number:04d}", [right, *wrong]),
                answers=(right,),
                groups=(
                    ("dataset", field(row, "dataset")),
                    ("genre", row.get("genre") or ""),
                    *_asks_for(row),
                ),
            )
        )
    return Listing(tuple(items))


def _clip(path: str) -> str:
    name = path.rpartition("/")[2]
    return name if name.startswith("[") and "]-[" in name else ""


def _sound(row: Row, sounds: Sounds, clips: dict[str, str]) -> SoundFile:
    """Song Describer's 2-minute excerpt by its track, or MusicCaps' [YouTube id]-[start-end]."""
    name = str(field(row, "dataset_identifier")).removesuffix(".json")
    if row["dataset"] == "sdd":
        return sounds.by_path(f"sdd/audio/{name[-2:].zfill(2)}/{name}.2min.mp3")
    youtube_id = name.rpartition("_")[0]
    return SoundFile(clips.get(youtube_id, f"musiccaps/audio/[{youtube_id}]"))


def _asks_for(row: Row) -> list[tuple[str, str]]:
    """Whether knowledge or reasoning is asked for, or both, and each by what it is about."""
    words = {kind: _words(row.get(f"music_{kind}")) for kind in ("knowledge", "reasoning")}
    kinds = [("asks for", kind) for kind, found in words.items() if found]
    return kinds + [(kind, word) for kind, found in words.items() for word in found]


def _words(cell: str | None) -> list[str]:
    try:
        return list(ast.literal_eval(cell or "[]"))
    except (ValueError, SyntaxError) as error:
        raise BenchmarkData(f"muchomusic.csv: {cell!r} is no list of words") from error


def read_perceptual(data: Data) -> Listing:
    """RUL-MuchoMusic.json: by id a question, its answer, four options that are wrong, a caption."""
    key = data.find("RUL-MuchoMusic.json")
    sounds = Sounds(data, key)
    return Listing(
        tuple(
            Item(
                item_id=name,
                sounds=(sounds.by_stem(name),),
                question=field(row, "question"),
                options=shuffled(name, [field(row, "correct_answer"), *field(row, "distractors")]),
                answers=(field(row, "correct_answer"),),
                context=row.get("caption", ""),
            )
            for name, row in data.json(key).items()
        )
    )


def shuffled(item_id: str, options: Iterable[str]) -> tuple[str, ...]:
    """Options in an order that depends on nothing but them and the id."""
    return tuple(sorted(options, key=lambda o: hashlib.sha256(f"{item_id}\n{o}".encode()).digest()))


BENCHMARKS = (
    Benchmark(
        name="muchomusic",
        title="MuChoMusic",
        files="muchomusic.csv (Zenodo 12709974): question, correct_answer, distractor_1_answer to"
        " 3, dataset, dataset_identifier, genre, music_knowledge, music_reasoning; sdd/audio/ with"
        " Song Describer's *.2min.mp3 and musiccaps/audio/ with [YouTube id]-[start-end].wav",
        read=read,
        prompt=multiple_choice,
        metric=Metric(
            "accuracy",
            score_muchomusic,
            script=MUCHOMUSIC,
            official_rate=OfficialRate("instruction-following rate"),
        ),
        prompt_source=MCQ_SOURCE + _SHUFFLED,
    ),
    Benchmark(
        name="muchomusic-perceptual",
        title="MuChoMusic (perceptual)",
        files="RUL-MuchoMusic.json of yongyizang/AreYouReallyListening: by id question,"
        " correct_answer, distractors, caption; and the sounds of yongyizang/RUListening, named"
        " by the id",
        read=read_perceptual,
        prompt=multiple_choice,
        metric=Metric(
            "accuracy",
            score_ru_listening,
            script=RU_LISTENING,
            official_rate=OfficialRate("answers read"),
        ),
        prompt_source=MCQ_SOURCE + _SHUFFLED,
    ),
)
