"""LanceDB without its client of a catalogue: the same module, and nothing of the client is left."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

CODE = """
import json, sys
from beam_jobs.search.lancedb_import import import_lancedb
first = import_lancedb()
left = [n for n in sys.modules if n.startswith(("lance_namespace_urllib3", "overrides"))]
import lancedb
database = lancedb.connect(sys.argv[1])
database.create_table("words", [{"word": "storm", "vector": [1.0, 0.0]}])
[row] = database.open_table("words").search([1.0, 0.1]).to_list()
from lance_namespace_urllib3_client.models import ListTablesResponse
tables = sorted(database.list_tables(limit=10).tables)
real = hasattr(ListTablesResponse, "model_fields")
print(json.dumps([first is lancedb, left, tables, row["word"], real]))
"""


def test_it_works_and_others_get_the_whole(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CODE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True, [], ["words"], "storm", True]
