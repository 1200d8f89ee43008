"""The work: Beam jobs over the ledger and the storage, by the stage of the work; `af3`."""

import importlib.util
import sys

from beam_jobs import modules_of_0_1

if importlib.util.find_spec("apitools") is None:
    # Beam imports its BigQuery source with itself. Without this package, of Beam's extra gcp, the
    # source is half there and warns in every process. Beam takes a source that cannot be imported
    # for absent, and no job reads this one.
    sys.modules.setdefault("apache_beam.io.gcp.bigquery", None)  # type: ignore[arg-type]

modules_of_0_1.install()
