"""An archive of one recording without a declared length, and decoders that misbehave over it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from af3core.audio.ffmpeg_program import ffmpeg_binary
from beam_jobs.cli import main
from tests.beam_jobs.small_night import DAY

_NOISE = ("-f", "lavfi", "-i", "anoisesrc=d=60:r=16000:a=0.1", "-c:a", "flac", "-f", "flac")
LENGTH_MS = 60_000


def make_streamed_archive(folder: Path) -> Path:
    """A minute of noise as FLAC, as it comes out of a pipe: FFmpeg could not go back and say how
    long it is.
    """
    path = folder / "arc" / DAY / "stream.flac"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        command = [ffmpeg_binary(), "-loglevel", "error", *_NOISE, "pipe:"]
        subprocess.run(command, stdout=file, check=True)
    return folder / "arc"


def take_for_decoder(folder: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in FFmpeg's place, with the real one as `$FFMPEG`; it runs where it has nothing to
    decode.
    """
    script = folder / "decoder.sh"
    asked = 'case "$*" in *-version*) exec $FFMPEG "$@";; esac'
    script.write_text(f"#!/bin/bash\nFFMPEG={ffmpeg_binary()}\n{asked}\n{body}\n")
    script.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(script))


def discover(archive: Path) -> int:
    """The job's exit code; results lie beside the archive, in `out`."""
    return main(["discover", str(archive), "--out", str(archive.parent / "out")])


def segment(archive: Path, *options: str) -> int:
    return main(["segment", "--out", str(archive.parent / "out"), *options])


def cut_ms(out: Path) -> list[int]:
    """Lengths of what is cut."""
    entries = sorted((out / "ledger" / "segment").rglob("*.json"))
    return [json.loads(entry.read_text())["decoded_duration_ms"] for entry in entries]
