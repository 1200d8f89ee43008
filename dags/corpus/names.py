"""Names of corpora, which of them are taken, and the pool of what is no corpus of the site."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from types import MappingProxyType

from af3core.errors import ConfigurationError

ADHOC = "adhoc"
"""The corpus below which `annotate_adhoc` writes."""

REPORTS = "evaluations"
"""The corpus below which the gate's verdicts lie."""

WITHDRAWALS = "withdrawals"
"""Stands for a corpus in notices of the DAG `withdraw`: its runs are of any."""

RESERVED = MappingProxyType({ADHOC: "annotate_adhoc", REPORTS: "evaluate_model"})
"""Names of corpora that a DAG of ours writes below, whatever corpora a site has."""

GPU_POOL = "gpu"
"""Airflow's pool whose slots are GPUs, where nothing else is said."""

POOL_VARIABLE = "AF3_ADHOC_POOL"
"""Environment variable that names another pool for `annotate_adhoc`."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def check_name(name: str) -> None:
    """A corpus's name is part of DAGs' and objects' names.

    Raises:
        ConfigurationError: it is no such name.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"the file's name {name!r} names the corpus: lower-case letters, digits, - and _, at"
            " most 63; rename the file"
        )


def check_is_free(name: str) -> None:
    """A site's corpus shares its output with none of our own.

    Raises:
        ConfigurationError: the name is reserved.
    """
    if name in RESERVED:
        raise ConfigurationError(
            f"the name {name!r} is reserved: the DAG {RESERVED[name]} writes below it; rename the"
            " file"
        )


def adhoc_pool(environment: Mapping[str, str] = os.environ) -> str:
    """The pool of `annotate_adhoc`: its form cannot choose one, as Airflow's scheduler knows a
    task's pool before the run has values.
    """
    return environment.get(POOL_VARIABLE) or GPU_POOL
