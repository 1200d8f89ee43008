"""`python -m dags.launch.airflow_state`: pools and folders of Airflow here, as findings in JSON.

`af3 doctor` runs it, as a command: Airflow takes seconds to import.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

from af3core.errors import Af3Error
from dags.corpus.names import adhoc_pool
from dags.corpus.reading import Corpora, corpora_folder, read_corpora
from dags.launch.process import launches_folder
from schemas.findings import Finding

_NAME = "airflow"
_OURS = Path(__file__).parents[1]
_A_DAG = "annotate.py"


def main() -> int:
    """Print the findings; a part that cannot be asked is a finding of its own."""
    corpora = read_corpora(corpora_folder())
    findings = [*dags_folder(), *corpora_findings(corpora), *launches()]
    findings += pools({corpus.pool for corpus in corpora.corpora})
    print(json.dumps([finding.to_json() for finding in findings]))
    return 0


def dags_folder() -> Iterator[Finding]:
    """Airflow reads our DAGs there."""
    from airflow.configuration import conf

    folder = Path(conf.get("core", "dags_folder"))
    if (folder / _A_DAG).is_file() or _OURS.is_relative_to(folder.resolve()):
        yield Finding(_NAME, "ok", f"DAGs in {folder}")
        return
    said = f"core.dags_folder {folder} holds none of our DAGs"
    yield Finding(_NAME, "warning", said, f"set AIRFLOW__CORE__DAGS_FOLDER={_OURS}")


def corpora_findings(corpora: Corpora) -> Iterator[Finding]:
    """Files that cannot be read are no DAGs."""
    for error in corpora.errors:
        found, _, remedy = error.partition("; ")
        yield Finding(_NAME, "failed", found, remedy)
    for line in corpora.passed_over:
        found, _, remedy = line.partition("; ")
        yield Finding(_NAME, "warning", found, remedy)
    if not corpora.errors:
        names = ", ".join(corpus.name for corpus in corpora.corpora) or "none"
        yield Finding(_NAME, "ok", f"corpora in {corpora_folder()}: {names}")


def launches() -> Iterator[Finding]:
    """Jobs of this machine leave their logs and reports there."""
    folder = launches_folder()
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if os.access(there, os.W_OK | os.X_OK):
        yield Finding(_NAME, "ok", f"jobs are launched in {folder}")
    else:
        said = f"jobs cannot be launched in {folder}: this user may not write in {there}"
        yield Finding(_NAME, "failed", said, "set AF3_LAUNCHES to another folder")


def pools(of_corpora: Collection[str]) -> Iterator[Finding]:
    """Without its pool a task that asks the model waits for ever; `annotate_adhoc` is rare."""
    try:
        slots = _slots()
    except Exception as error:  # of the database, in any of its drivers
        said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        yield Finding(_NAME, "failed", f"its database cannot be asked ({said})", "airflow db check")
        return
    for name in sorted({adhoc_pool(), *of_corpora}):
        remedy = f"airflow pools set {name} 1 GPUs"
        if slots.get(name, 0) == 0:
            what = "has no slots" if name in slots else "is missing"
            if name in of_corpora:
                yield Finding(_NAME, "failed", f"the pool {name} {what}", remedy)
            else:
                said = f"the pool {name} of annotate_adhoc {what}"
                yield Finding(_NAME, "warning", said, remedy)
        else:
            yield Finding(_NAME, "ok", f"the pool {name} has {slots[name]} slots")


def _slots() -> dict[str, int]:
    from airflow.models.pool import Pool

    return {str(pool.pool): int(pool.slots) for pool in Pool.get_pools()}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Af3Error as error:
        sys.exit(f"{error}")
