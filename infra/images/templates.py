"""The metadata of the flex templates, one file a job, from the job's own options.

`python -m infra.images.templates FOLDER` writes `JOB.json` for each job that has a template, and
prints each with the account that runs it; `publish.sh` builds the templates of them.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from schemas.jobs import JOBS, Job, options_of_job
from schemas.options.option import Option

NUMBER = r"^-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?$"
WHOLE_NUMBER = r"^[0-9]+$"
TRUE = "^true$"
"""Of an option that takes no value."""
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


def metadata(job: Job) -> dict[str, Any]:
    """What Dataflow checks a launch against, and shows as a form."""
    return {
        "name": f"af3-archive: {job.name}",
        "description": f"{job.summary[0].upper()}{job.summary[1:]}.",
        "streaming": False,
        "parameters": [
            *[
                _parameter(known)
                for known in options_of_job(job, accepted=True)
                if known.declared.on_templates
            ],
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


def as_text(job: Job) -> str:
    """The file of a job."""
    return json.dumps(metadata(job), indent=2, ensure_ascii=False) + "\n"


def _parameter(known: Option) -> dict[str, Any]:
    name = known.flag.removeprefix("--")
    given: dict[str, Any] = {
        "name": name.replace("-", "_"),
        "label": name,
        "helpText": known.help,
        "isOptional": not known.declared.required,
    }
    if known.choices:
        given["regexes"] = [f"^({'|'.join(map(re.escape, known.choices))})$"]
    elif known.kind in (int, float):
        number = WHOLE_NUMBER if known.kind is int else NUMBER
        given["regexes"] = ["|".join([*(f"^{word}$" for word in known.words), number])]
    elif known.kind is bool:
        given["regexes"] = [TRUE]
    return given


def main(arguments: Sequence[str] | None = None) -> int:
    """Write all files; print each job with `gpu` or `worker`, the account that runs it."""
    [folder] = sys.argv[1:] if arguments is None else arguments
    Path(folder).mkdir(parents=True, exist_ok=True)
    for job in JOBS:
        if job.on_dataflow:
            (Path(folder) / f"{job.name}.json").write_text(as_text(job), "utf-8")
            print(job.name, "gpu" if job.needs_gpu else "worker")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
