"""`af3 doctor`: the checks that its options ask for, side by side, as lines or as JSON."""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Callable, Iterator

from af3core.storage.address import is_bucket
from beam_jobs.doctor import airflow, bucket, decoder, device, folder, installation, limits
from beam_jobs.doctor.check import LOCAL_S, REMOTE_S, Check, run_checks
from beam_jobs.doctor.model_choice import ModelChoice
from beam_jobs.doctor.served_model import accepted, server
from beam_jobs.doctor.weights import THINKING, think_weights, weights
from beam_jobs.framework.process import say
from schemas.findings import Finding, exit_code_of

DESCRIPTION = """\
Look at this machine, its packages, the model and the storage: a line each, with the remedy.
SOURCE, --out and the model's options say what else is looked at. Exit code 0: nothing failed."""

_READING_S = 600.0
"""To read a folder's weights for their identity."""


def run_doctor(known: argparse.Namespace) -> int:
    """Print what was found; 0, or 1 where a check failed."""
    findings = run_checks(list(checks_of(known)))
    code = exit_code_of(findings)
    if known.json:
        found = {"exit_code": code, "findings": [finding.to_json() for finding in findings]}
        say([json.dumps(found, indent=1, ensure_ascii=False)])
    else:
        say([finding.line() for finding in findings])
    return code


def checks_of(known: argparse.Namespace) -> Iterator[Check]:
    """The checks that these options ask for."""
    yield Check("interpreter", installation.interpreter)
    yield Check("packages", installation.packages)
    yield Check("ffmpeg", decoder.decoder)
    yield Check("open files", limits.descriptors)
    yield Check("disk", functools.partial(limits.disk, known.out))
    yield from _model_checks(known)
    if known.source:
        yield _stored("source", known.source, bucket.readable_bucket, folder.readable_folder)
    if known.out:
        yield _stored("results", known.out, bucket.writable_bucket, folder.writable_folder)
    yield Check("airflow", airflow.airflow, airflow.PATIENCE_S + LOCAL_S)


def _model_checks(known: argparse.Namespace) -> Iterator[Check]:
    choice = ModelChoice(
        model=known.model,
        model_revision=known.model_revision,
        engine=known.engine,
        dtype=known.dtype,
        device=known.device,
        batch_tokens=known.batch_tokens,
        endpoint=known.endpoint or "",
        server=known.server,
        prompt_form=known.prompt_form,
        think_model=known.think_model,
        think_model_revision=known.think_model_revision,
    )
    if choice.think_model or choice.think_model_revision:
        yield Check(THINKING, functools.partial(think_weights, choice), REMOTE_S)
    if choice.engine == "openai":
        yield Check("server", functools.partial(server, choice), REMOTE_S)
    else:
        yield Check("weights", functools.partial(weights, choice), REMOTE_S)
        yield Check("device", functools.partial(device.device, choice), REMOTE_S)
    if known.accepted_in:
        yield Check("accepted", functools.partial(accepted, choice, known.accepted_in), _READING_S)


Look = Callable[[str], Iterator[Finding]]


def _stored(name: str, address: str, in_bucket: Look, in_folder: Look) -> Check:
    """What a bucket or a folder is asked; a wrong scheme is a finding too."""

    def look() -> Iterator[Finding]:
        return in_bucket(address) if is_bucket(address) else in_folder(address)

    return Check(name, look, REMOTE_S)
