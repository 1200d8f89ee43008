"""CMM: is something heard that is not there? (arXiv 2410.12787); its questions on sound alone.

Only rows of modality "audio" (400, sub-category audio-language) can be asked without the picture;
on them the paper compares models that hear and do not see.
"""

from __future__ import annotations

from af3core.evaluation.benchmark import Benchmark, as_it_stands
from af3core.evaluation.benchmark_files import Data, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing
from af3core.evaluation.official_scripts import CMM
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.yes_no import score_yes_no


def read(data: Data) -> Listing:
    """all_data_final_reorg.json; an item is named by its row."""
    key = data.find("all_data_final_reorg.json")
    sounds = Sounds(data, key)
    items = []
    for number, row in enumerate(data.json(key)):
        if field(row, "modality") != "audio":
            continue
        answer = str(field(row, "answer")).strip().lower()
        granularity = str(row.get("granularity") or "")
        items.append(
            Item(
                item_id=f"{number:04d}",
                sounds=(sounds.by_path(str(field(row, "audio_path"))),),
                question=str(field(row, "question")),
                answers=(answer,),
                groups=(
                    ("says", answer),
                    ("sub-category", str(row.get("sub_category") or "")),
                    ("granularity", granularity),
                    ("granularity and says", f"{granularity}, {answer}"),
                ),
            )
        )
    return Listing(tuple(items))


BENCHMARKS = (
    Benchmark(
        name="cmm",
        title="CMM hallucination, audio",
        files="all_data_final_reorg.json of DAMO-NLP-SG/CMM and its unpacked raw files: modality,"
        " audio_path, question, answer, sub_category, granularity",
        read=read,
        prompt=as_it_stands,
        metric=Metric("accuracy", score_yes_no, script=CMM),
        prompt_source='DAMO-NLP-SG/CMM: "Did you hear X in the audio? Answer with yes or no."',
        max_new_tokens=32,
    ),
)
