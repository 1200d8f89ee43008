"""Weights: whole on this machine, or to be fetched from where they lie."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from af3core.errors import ConfigurationError
from af3core.installation import install_command
from af3core.model.weights.completeness import INDEX, check_weight_files
from af3core.model.weights.family import CONFIG
from af3core.model.weights.think_pair import check_base, check_options, in_words_of_think_model
from af3core.storage.address import is_bucket, store_at
from af3core.storage.bucket_client import (
    TIMEOUT_S,
    bucket_of,
    retry,
    split_address,
    translate_errors,
)
from beam_jobs.doctor.model_choice import ModelChoice
from schemas.findings import Finding

_ASK_S = 20.0
THINKING = "thinking"
"""What the findings of `--think-model` are called."""


def weights(choice: ModelChoice) -> Iterator[Finding]:
    """Nothing is loaded, and nothing fetched.

    Raises:
        ConfigurationError: a file is missing, cut short or another, or there is no such model.
    """
    if is_bucket(choice.model):
        yield _in_bucket(choice.model)
        return
    folder = choice.folder_here()
    try:
        if folder is not None:
            found = check_weight_files(choice.model, folder)
            said = f"{choice.model}: {found.files} files, {found.size_bytes / 1e9:.2f} GB,"
            yield Finding("weights", "ok", f"{said} whole by their headers")
            return
    except ConfigurationError:
        if not choice.is_hub_id:
            raise
    yield _on_hub(choice)


def think_weights(choice: ModelChoice) -> Iterator[Finding]:
    """Those of `--think-model`, and whether they make a pair with the model.

    Raises:
        ConfigurationError: as `weights`, or they are no pair.
    """
    check_options(choice.engine, choice.think_model, choice.think_model_revision)
    thinking = choice.thinking
    if thinking is None:
        return
    folder = choice.folder_here()
    if folder is not None:
        check_base(choice.model, folder, thinking.model)
    with in_words_of_think_model():
        yield from (replace(found, check=THINKING) for found in weights(thinking))


def _in_bucket(address: str) -> Finding:
    bucket, prefix = split_address(address)
    with translate_errors(f"--model {address}"):
        blobs = bucket_of(bucket).list_blobs(prefix=prefix, timeout=TIMEOUT_S, retry=retry())
        sizes = {blob.name.removeprefix(prefix): int(blob.size) for blob in blobs}
    wanted = {CONFIG}
    if INDEX in sizes:
        index = json.loads(store_at(address).read(INDEX) or b"{}")
        wanted |= set(index.get("weight_map", {}).values())
    shards = [name for name in sizes if name.endswith(".safetensors") and "/" not in name]
    absent = sorted(name for name in wanted if not sizes.get(name))
    if absent or not shards:
        missing = absent[0] if absent else "*.safetensors"
        raise ConfigurationError(f"--model {address}: {missing} is missing; copy it there in full")
    size_gb = sum(sizes[name] for name in shards) / 1e9
    said = (
        f"{address}: {len(shards)} files, {size_gb:.2f} GB, fetched once by a machine's first job"
    )
    return Finding("weights", "ok", said)


def _on_hub(choice: ModelChoice) -> Finding:
    try:
        from huggingface_hub import HfApi
    except ImportError:
        said = f"{choice.model} is no folder here, and huggingface-hub is missing"
        return Finding("weights", "failed", said, install_command("model"))
    try:
        info = HfApi().model_info(
            choice.model, revision=choice.model_revision, timeout=_ASK_S, files_metadata=True
        )
    except Exception as error:  # the hub's and its client's errors have no common kind
        said = f"{choice.model}: not on this machine, and the hub says {type(error).__name__}"
        remedy = "check the name, the network and your access to it, or give a folder that holds it"
        return Finding("weights", "failed", said, remedy)
    sizes = [file.size or 0 for file in info.siblings or () if ".safetensors" in file.rfilename]
    said = f"{choice.model}: not on this machine; the first job fetches {sum(sizes) / 1e9:.1f} GB"
    return Finding("weights", "warning", said, "let a job fetch it before the night")
