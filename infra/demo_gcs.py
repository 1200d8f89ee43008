"""`make demo-gcs`: the demo night with archive and results in buckets of this machine."""

from __future__ import annotations

import os
import subprocess
import sys

from af3core.nano.demo_archive import ARCHIVE
from af3core.storage.address import open_store
from beam_jobs.framework.process import exit_code_of
from infra.local_buckets import VARIABLE, serving

SOURCE, OUT = "gs://demo-archive/radio", "gs://demo-lake/annotated"
_TRANSCRIPTS = """
SELECT start_ms // 1000 AS second, text FROM transcripts WHERE text <> ''
ORDER BY recording_id, start_ms LIMIT 5
"""


def main() -> int:
    """Upload the demo archive, annotate it, ask the tables and the index."""
    with serving(["demo-archive", "demo-lake"]) as address:
        os.environ[VARIABLE] = address
        print(f"{VARIABLE}={address}")
        store = open_store(SOURCE)
        for path in sorted(p for p in ARCHIVE.rglob("*") if p.is_file()):
            store.write(path.relative_to(ARCHIVE).as_posix(), path.read_bytes())
        for command in (
            ["annotate", SOURCE, "--out", OUT, "--corpus", "demo"],
            ["query", "--out", OUT, _TRANSCRIPTS],
            ["index", "--out", OUT, "--corpus", "demo"],
            ["search", "--out", OUT, "a storm at sea", "--limit", "3"],
        ):
            print(f"\n$ af3 {' '.join(' '.join(command).split())}", flush=True)
            done = subprocess.run([sys.executable, "-m", "beam_jobs", *command])
            if done.returncode:
                return done.returncode
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_code_of(main))
