"""What a job needs, looked at before any work: packages, FFmpeg, the device, rights.

Weights are looked at where they are found (`af3core.model.weights.checkpoint`), and an address of a
bucket where it is read (`settings`). `af3 doctor` looks at more, and writes to find out.
"""

from __future__ import annotations

import argparse
import functools
import os
import uuid
from collections.abc import Sequence
from pathlib import Path

from af3core.audio.ffmpeg_program import check_ffmpeg
from af3core.errors import AccessDenied
from af3core.installation import require_extra
from af3core.model.cuda import check_device
from af3core.storage.address import is_bucket, store_at
from af3core.storage.folder import CLAIMS
from beam_jobs.framework.gpu_processes import chosen_places
from beam_jobs.framework.settings import JobSettings
from schemas.jobs import Job
from schemas.object_names import path_of_text

_HERE = ("DirectRunner", "FnApiRunner", "BundleBasedDirectRunner", "SwitchingDirectRunner")
"""Beam's runners that do the work in this process, or in children of it."""


def check_packages(job: Job) -> None:
    """Raise where packages are missing without which no run of the job succeeds.

    Raises:
        ConfigurationError: names them and the command that installs them.
    """
    for extra in ("jobs", *job.extras):
        require_extra(extra, f"af3 {job.name}")


def check_needs(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> None:
    """Raise where the job could not do its work on this machine; nothing is written.

    What workers of another machine have is not looked at here.

    Raises:
        ConfigurationError: FFmpeg or the device is missing.
        DecoderSilent: FFmpeg gives no answer.
        AccessDenied: this user or account may not write the results, or not read the archive.
        StorageError: the bucket gave no answer.
    """
    chosen_places(settings, works_here=works_here(beam_arguments))
    if works_here(beam_arguments):
        if settings.job.decodes:
            check_ffmpeg()
        if settings.asks_model and settings.engine.name != "openai":
            check_device(settings.engine.device)
    if settings.job.needs_source and not is_bucket(settings.source):
        check_readable(path_of_text(settings.source))
    check_writable(settings.out)


def works_here(beam_arguments: Sequence[str]) -> bool:
    """Whether Beam's runner does the work in this process, or in children of it."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--runner", default="")
    runner = parser.parse_known_args(list(beam_arguments))[0].runner
    return not runner or runner in _HERE


def check_readable(path: Path) -> None:
    """Raise where this user may not list the folder, or read the file.

    Raises:
        AccessDenied: names it.
    """
    wanted = os.R_OK | os.X_OK if path.is_dir() else os.R_OK
    if not has_rights(path, wanted):
        raise AccessDenied(f"SOURCE {path}: permission denied; give this user the right to read it")


@functools.lru_cache(maxsize=16)
def check_writable(address: str) -> None:
    """Raise where results cannot be written, asked once a process. Nothing is written.

    A folder is asked by its rights; where it is not there yet, the one that it will lie in. A
    bucket is asked by one request to delete an object of a name that nobody has: it answers that
    there is none, or that this account may not. Unlike `testIamPermissions` of the bucket, that
    counts rights on a prefix too (cloud.google.com/storage/docs/access-control/iam-conditions).

    Raises:
        AccessDenied: names the folder, or the role that is missing.
        StorageError: the bucket gave no answer.
    """
    if is_bucket(address):
        store_at(address).delete(f"{CLAIMS}rights-{uuid.uuid4().hex}")
        return
    for folder in _written_folders(Path(address)):
        if not has_rights(folder, os.W_OK | os.X_OK):
            raise AccessDenied(
                f"--out {address}: this user may not write in {folder}; give it the right, or"
                " choose another folder"
            )


def _written_folders(out: Path) -> list[Path]:
    """Those that every night writes in, or the nearest one above that is there."""
    if out.is_dir():
        return [folder for folder in (out, out / "ledger") if folder.is_dir()]
    return [next(parent for parent in out.absolute().parents if parent.exists())]


def has_rights(path: Path, wanted: int) -> bool:
    """Whether this process may, by its effective user."""
    return os.access(path, wanted, effective_ids=os.access in os.supports_effective_ids)
