"""What the paper of Audio Flamingo 3 (arXiv 2507.08128) reports, benchmark by benchmark.

Its text also speaks of CMM 86.7 and Clotho entailment 92.9; the tables' 86.5 and 93.3 stand here.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

TABLE_2 = "AF3, Table 2"
TABLE_3 = "AF3, Table 3, AF3-Chat"
_MEAN_OF_ASPECTS = "the mean of AF3, Table 3, AF3-Chat: factuality 3.6, usefulness 3.4, depth 3.9"
_WITH_SPEECH = "AF3, Table 2, +Speech (ours): whether that part alone is not said"
_BY_OTHERS = "by others: README of sonalkum/MMAUPro; not in the paper"


@dataclass(frozen=True)
class PaperNumber:
    """A figure that was reported for AF3.

    Attributes:
        benchmark: as the adapters name it, or a total (`totals.py`).
        group: of items, as "name=value"; empty for the whole.
        plain: without thinking, in the figure's scale.
        thinking: with it; None where it is not reported.
        source: paper and table, or who else.
    """

    benchmark: str
    group: str
    plain: float
    thinking: float | None = None
    source: str = TABLE_2

    def of(self, prompt_form: str) -> float | None:
        """The number for a prompt form, "published" or "thinking"."""
        return self.thinking if prompt_form == "thinking" else self.plain


NUMBERS = (
    PaperNumber("mmau-test", "", 72.42, 73.16),
    PaperNumber("mmau-test", "task=sound", 75.83, 75.27),
    PaperNumber("mmau-test", "task=music", 74.47, 74.60),
    PaperNumber("mmau-test", "task=speech", 66.97, 69.60),
    PaperNumber("mmau-test-mini", "", 73.30, 74.26),
    PaperNumber("mmau-test-mini", "task=sound", 79.58, 79.88),
    PaperNumber("mmau-test-mini", "task=music", 73.95, 76.55),
    PaperNumber("mmau-test-mini", "task=speech", 66.37, 66.37),
    PaperNumber("mmau-pro-total", "", 51.7, source=_BY_OTHERS),
    PaperNumber("mmar", "", 58.5, 60.1),
    PaperNumber("mmsu", "", 61.4, 62.3),
    PaperNumber("muchomusic-perceptual", "", 47.4, 47.6),
    PaperNumber("clotho-aqa-unanimous", "", 91.1),
    PaperNumber("clotho-aqa-non-binary", "", 56.2),
    PaperNumber("clotho", "", 0.50),
    PaperNumber("audiocaps", "", 0.70),
    PaperNumber("audio-entailment-clotho", "", 93.3),
    PaperNumber("audio-entailment-audiocaps", "", 95.0),
    PaperNumber("iemocap", "", 63.8),
    PaperNumber("cochlscene", "", 93.2),
    PaperNumber("nonspeech7k", "", 85.9),
    PaperNumber("cmm", "", 86.5),
    PaperNumber("compa-r", "", 98.0),
    PaperNumber("music-avqa", "", 76.7),
    PaperNumber("nsynth-source", "", 65.5),
    PaperNumber("nsynth-instrument", "", 78.9),
    PaperNumber("music-instruct-long", "", 92.7),
    PaperNumber("librisqa", "", 8.7),
    PaperNumber("long-audio-bench", "", 68.6),
    PaperNumber("long-audio-bench", "part=sound", 68.6),
    PaperNumber("long-audio-bench", "part=speech", 72.9, source=_WITH_SPEECH),
    PaperNumber("librispeech-clean", "", 1.57),
    PaperNumber("librispeech-other", "", 3.13),
    PaperNumber("spgispeech", "", 1.86),
    PaperNumber("tedlium", "", 3.5),
    PaperNumber("gigaspeech", "", 10.27),
    PaperNumber("common-voice-15", "", 7.4),
    PaperNumber("voxpopuli", "", 5.55),
    PaperNumber("af-chat", "", 3.63, source=_MEAN_OF_ASPECTS),
    PaperNumber("openaudiobench-alpaca", "", 76.26, source=TABLE_3),
    PaperNumber("openaudiobench-llama", "", 80.33, source=TABLE_3),
    PaperNumber("openaudiobench-trivia", "", 53.05, source=TABLE_3),
    PaperNumber("voicebench-alpacaeval", "", 4.19, source=TABLE_3),
    PaperNumber("voicebench-advbench", "", 98.26, source=TABLE_3),
    PaperNumber("voicebench-openbookqa", "", 66.81, source=TABLE_3),
    PaperNumber("voicebench-commoneval", "", 3.40, source=TABLE_3),
)


def paper_number(benchmark: str, group: str = "") -> PaperNumber | None:
    """The number of a benchmark, or of a group of its items; None where there is none."""
    return _by_name().get((benchmark, group))


@functools.cache
def _by_name() -> dict[tuple[str, str], PaperNumber]:
    return {(number.benchmark, number.group): number for number in NUMBERS}
