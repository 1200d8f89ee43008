"""What a DAG says of itself in the UI: its settings, and how to run past nights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from dags.corpus.corpus import Corpus
from schemas.jobs import job_named

_RUNS = """
### Past nights

*Trigger* → *Backfill* → choose the first and last archive day. The days chosen are the days
annotated. *Missing Runs* fills gaps; *Missing and Errored Runs* also repeats what failed; *All
Runs* looks at every day again. What is annotated already is not asked again, whichever you choose,
and a day that is finished, or empty, ends behind `plan`.

One day: *Trigger* → *Single Run* → *Archive day*.

A run over its budget, or whose archive lacks too much, ends in `approve`, whose log says what to
enter: *Approved GPU hours* or *Accept missing recordings* in the form of a single run; for many
days in the backfill dialog, with *Missing and Errored Runs* and "Override parameters on existing
runs".

**A backfill takes its days from the dialog and all else from the table below.** Edited parameters
reach its runs only where "Override parameters on existing runs" is ticked: only a decision is
made so. The first task, `plan`, prints what a run really uses.
"""


_APPROVE = """
Says whether the night may go on: within its budget, and with an archive that is whole enough, it
passes. `plan`'s report says what the night would cost and what is missing.
"""


def task_docs(task: str) -> str:
    """What a task is for, in Markdown: its job as `schemas.jobs` says it, and as a command."""
    if task == "approve":
        return _APPROVE
    job = job_named(task)
    needs = "Asks the model: it takes a slot of a pool of GPUs." if job.needs_gpu else ""
    summary = f"{job.summary[0].upper()}{job.summary[1:]}."
    command = (
        f"*Rendered Templates* shows the options of its job; by hand: `af3 {job.name} --help`."
    )
    return "\n\n".join(filter(None, [summary, needs, command]))


def annotate_docs(corpus: Corpus) -> str:
    """The page of an `annotate` DAG, in Markdown."""
    when = f"`{corpus.schedule}` ({corpus.timezone})" if corpus.schedule else "never by itself"
    rows = [f"| `{name}` | {_shown(value)} |" for name, value in settings_table(corpus)]
    return "\n".join(
        [
            f"## {corpus.name}",
            corpus.description,
            f"\nRuns {when}; a run annotates the archive day before its own.",
            _RUNS,
            "### Settings",
            f"From `corpora/{corpus.name}.yaml`:\n",
            "| key | value |",
            "|---|---|",
            *rows,
        ]
    )


def settings_table(corpus: Corpus) -> Iterator[tuple[str, Any]]:
    """Every setting with its dotted key, defaults included; the webhook's address is a secret."""
    for name, value in _flat("", corpus):
        yield name, "set" if name == "alerts.webhook" and value else value


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    for field in fields(value):
        item = getattr(value, field.name)
        if is_dataclass(item):
            yield from _flat(f"{prefix}{field.name}.", item)
        else:
            yield prefix + field.name, item


def _shown(value: Any) -> str:
    if value is None or value in ("", (), {}):
        return "–"
    if isinstance(value, dict):
        value = ", ".join(f"{key}={item}" for key, item in value.items())
    if isinstance(value, tuple):
        value = ", ".join(value)
    return f"`{value}`".replace("|", "\\|")
