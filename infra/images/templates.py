"""The metadata of the flex templates, one file a job, from the jobs' own options.

`python -m infra.images.templates` writes `templates/JOB.json`; `publish.sh` builds templates of it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
from pathlib import Path
from typing import Any

from infra.images.launch import our_options

FOLDER = Path(__file__).parent / "templates"
JOBS = (
    "plan",
    "segment",
    "annotate",
    "audit",
    "publish",
    "report",
    "index",
    "export",
    "quality",
    "events",
    "embed",
    "skills",
    "summarise",
    "describe",
    "dialogues",
    "evaluate",
    "accept",
)
"""The jobs that the DAGs start."""

NOT_ON_DATAFLOW = (
    "ask",
    "question",
    "recording",
    "only_agreed",
    "words_only",
    "thinking",
    "report",
    "watched_by",
)
"""A template takes one value a name; the others are files of the machine that starts the job."""

NUMBER = r"^-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$"
WHOLE_NUMBER = r"^[0-9]+$"
BEAM = {
    "sdk_container_image": "image of the job's worker, with the job inside",
    "machine_type": "machine of the worker, which runs the whole job",
    "disk_size_gb": "disk of the worker",
    "direct_num_workers": "processes of the job on its worker; 0 is one a core",
    "direct_running_mode": "multi_processing, where there are several",
    "number_of_worker_harness_threads": "1: a worker runs one job",
    "experiments": "Dataflow's, by commas; no_use_multiple_sdk_containers where it holds a model",
    "dataflow_service_options": "Dataflow's, by commas, such as worker_accelerator=…",
}
"""Beam's options that corpora give in cpu_options and gpu_options."""

BEAM_FORMS = {
    "disk_size_gb": WHOLE_NUMBER,
    "direct_num_workers": WHOLE_NUMBER,
    "direct_running_mode": "^(in_memory|multi_processing)$",
    "number_of_worker_harness_threads": WHOLE_NUMBER,
}


def metadata(job: str) -> dict[str, Any]:
    """What Dataflow checks a launch against, and shows as a form."""
    summary = importlib.import_module(f"beam_jobs.{job}").JOB.summary
    ours = [_parameter(action) for action in our_options()]
    return {
        "name": f"af3-archive: {job}",
        "description": f"{summary[0].upper()}{summary[1:]}.",
        "streaming": False,
        "parameters": [
            *[given for given in ours if given["name"] not in NOT_ON_DATAFLOW],
            *[
                {
                    "name": name,
                    "label": name,
                    "helpText": text,
                    "isOptional": True,
                    **({"regexes": [BEAM_FORMS[name]]} if name in BEAM_FORMS else {}),
                }
                for name, text in BEAM.items()
            ],
        ],
    }


def as_text(job: str) -> str:
    """The file of a job."""
    return json.dumps(metadata(job), indent=2, ensure_ascii=False) + "\n"


def _parameter(action: argparse.Action) -> dict[str, Any]:
    name = action.option_strings[0].removeprefix("--")
    given: dict[str, Any] = {
        "name": name.replace("-", "_"),
        "label": name,
        "helpText": action.help or f"one of {', '.join(action.choices or ())}",
        "isOptional": not (action.required or name == "out"),
    }
    if action.choices:
        given["regexes"] = [f"^({'|'.join(map(re.escape, action.choices))})$"]
    elif action.type in (int, float):
        given["regexes"] = [WHOLE_NUMBER if action.type is int else NUMBER]
    return given


def main() -> int:
    """Write all files."""
    FOLDER.mkdir(exist_ok=True)
    for job in JOBS:
        (FOLDER / f"{job}.json").write_text(as_text(job), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
