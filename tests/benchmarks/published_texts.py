"""Publishing a day, and what of its time goes to what follows from texts: flags and words.

Wanted: at most a twentieth of the time. Floor: the same texts written as one Parquet column.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from af3core.tasks.answers import ReadAnswer
from af3core.tasks.flags import answer_flags
from af3core.tasks.language import identify_language
from af3core.tasks.stock_phrases import phrase_of
from af3core.tasks.task import default_tasks
from af3core.tasks.text_segmentation import signs_of, word_count
from beam_jobs.night import publish
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.night.written_day import Said, write_day
from tests.benchmarks.generated_words import vocabulary
from tests.benchmarks.report import header, line

DAY = "2026-11-21"
RECORDINGS, SEGMENTS = 100, 40
WORDS_A_SEGMENT = 60


def main() -> None:
    header("a day published, the flags of its texts", "apache-beam", "icu4py", "py3langid")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder))


def measure(folder: Path) -> None:
    """Publish a day of 33 hours; then take what follows from its texts alone."""
    words, rng = vocabulary(1), np.random.default_rng(1)
    lengths = np.maximum(rng.poisson(WORDS_A_SEGMENT, RECORDINGS * SEGMENTS), 1)
    texts = words.texts(rng, lengths).to_pylist()
    parts = [texts[at : at + SEGMENTS] for at in range(0, len(texts), SEGMENTS)]
    settings = settings_for("night", folder, "--out", folder / "out", "--date", DAY)
    said = {f"r{n}": [Said(text, 25_000) for text in some] for n, some in enumerate(parts)}
    write_day(settings, DAY, said)
    begun = time.process_time()
    publish.run(settings)
    whole_s = time.process_time() - begun
    answers = len(texts) * len(default_tasks())
    line(f"publish {answers:,} answers", f"{whole_s:.2f} CPU s")
    transcript = next(task for task in default_tasks() if task.kind == "transcript")

    def flags(text: str) -> None:
        read = ReadAnswer(text, "", "")
        answer_flags(transcript, read, mean_logprob=-0.1, finish_reason="stop", speech_ms=25_000)

    for name, function in (
        ("flags", flags),
        ("words", word_count),
        ("phrases", phrase_of),
    ):
        taken_s = seconds_of(function, texts)
        line(f"of which {name} of transcripts", f"{taken_s:.2f} CPU s", f"{taken_s / whole_s:.1%}")
    taken_s = seconds_of(identify_language, texts)
    line("their languages, as annotate keeps them", f"{taken_s:.2f} CPU s")
    begun = time.process_time()
    pq.write_table(pa.table({"text": texts}), BytesIO(), compression="zstd")
    line("floor: the transcripts as Parquet", f"{time.process_time() - begun:.2f} CPU s")


def seconds_of(function: Callable[[str], object], texts: list[str]) -> float:
    """CPU seconds for all texts."""
    signs_of.cache_clear()
    begun = time.process_time()
    for text in texts:
        function(text)
    return time.process_time() - begun


if __name__ == "__main__":
    main()
