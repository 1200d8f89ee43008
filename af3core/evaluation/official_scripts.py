"""The publishers' own scripts, each by repository, file and commit: what "official" means here.

The rules are written anew in `af3core/evaluation/scorers/`; `tests/af3core/evaluation/official/`
holds what the scripts themselves said to thousands of predictions, and the tool that asks them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OfficialScript:
    """One file of a publisher.

    Attributes:
        repository: on GitHub.
        path: of the file in it.
        commit: the last that changed the file, when its rule was written here.
        date: of that commit.
        licence: of the repository; empty where it names none.
    """

    repository: str
    path: str
    commit: str
    date: str
    licence: str = ""

    def __str__(self) -> str:
        return f"{self.repository}, {self.path} at {self.commit[:7]} ({self.date})"

    @property
    def terms(self) -> str:
        """The licence in words."""
        return self.licence or "the repository names no licence"


MMAU = OfficialScript(
    "Sakshi113/MMAU",
    "evaluation.py",
    "74682927cf7f434cc9ed585b1f8a5e6150381e91",
    "2025-01-29",
    "Apache-2.0",
)
MMAR = OfficialScript(
    "ddlBoJack/MMAR",
    "code/evaluation.py",
    "a355584b33638e48462c817a7c001db1c54f6eb2",
    "2026-02-16",
)
MMSU = OfficialScript(
    "dingdongwang/MMSU_Bench",
    "mmsu_evaluation.py",
    "321b2767d8fcab91e117e63d7fab920c78bd5db1",
    "2025-05-16",
)
CMM = OfficialScript(
    "DAMO-NLP-SG/CMM",
    "evaluation/calculate_score.py",
    "e0d322c9ab9301ae7821fa479105dbe3160405c3",
    "2024-10-08",
    "academic research alone",
)
MUCHOMUSIC = OfficialScript(
    "mulab-mir/muchomusic",
    "muchomusic_eval/scoring.py",
    "a135e4a43a57495ce5615c90fec46cdcba1f5ceb",
    "2024-08-04",
    "MIT",
)
RU_LISTENING = OfficialScript(
    "yongyizang/AreYouReallyListening",
    "ExampleAudioEval/qwen_2_audio.py",
    "8b348ec3e80346c759ff0abed6bc54633010f623",
    "2025-06-07",
    "MIT",
)
VOICE_BENCH_REFUSALS = OfficialScript(
    "MatthewCYM/VoiceBench",
    "src/evaluator/harm.py",
    "0842845a532af34396b173f92f304aa9e2b3c4ab",
    "2025-06-02",
    "Apache-2.0",
)
VOICE_BENCH_CHOICES = OfficialScript(
    "MatthewCYM/VoiceBench",
    "src/evaluator/mcq.py",
    "9f8db6cdf66ed30fb5e1f2afc00be254c1d44a5d",
    "2025-02-02",
    "Apache-2.0",
)
VOICE_BENCH_JUDGE = OfficialScript(
    "MatthewCYM/VoiceBench",
    "api_judge.py",
    "edb15b1a5ca5ccdfba19dcf44699660d6edf4668",
    "2024-10-24",
    "Apache-2.0",
)
MMAU_PRO = OfficialScript(
    "sonalkum/MMAUPro",
    "evaluate_mmau_pro_comprehensive.py",
    "bf12804f38fef4eefdd321bba0e73f461bedc933",
    "2025-09-25",
)
