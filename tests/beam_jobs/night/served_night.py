"""A night of one short recording that a server is asked about."""

from __future__ import annotations

from pathlib import Path

from tests.beam_jobs.small_night import DAY, QUICK_TASKS, TOLERANT
from tests.chat_server import Server
from tests.media import spoken, write


def served_command(folder: Path, server: Server) -> list[str]:
    """The command of the night: the archive is `arc` below the folder, the results are in `out`."""
    write(folder / "arc" / DAY / "a.wav", spoken())
    tasks = folder / "tasks.yaml"
    tasks.write_text(QUICK_TASKS)
    command = ["annotate", str(folder / "arc"), "--out", str(folder / "out"), "--tasks", str(tasks)]
    return [
        *command,
        *TOLERANT,
        "--model",
        "af3",
        "--engine",
        "openai",
        "--endpoint",
        server.endpoint,
    ]
