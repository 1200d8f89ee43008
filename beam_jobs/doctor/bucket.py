"""A bucket: credentials and rights, by reading and by one small object that is removed again."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

from af3core.errors import StorageError
from af3core.storage.bucket import BucketStore
from af3core.storage.bucket_client import (
    TIMEOUT_S,
    bucket_of,
    download_range,
    retry,
    split_address,
    translate_errors,
)
from af3core.storage.folder import CLAIMS
from beam_jobs.doctor.folder import clock_finding
from schemas.findings import Finding

CLOCK_FAILING_S = 300.0
"""Google refuses a service account's token beyond some minutes."""
_DATA = b"written by af3 doctor, which removes it\n"


def readable_bucket(address: str) -> Iterator[Finding]:
    """List the prefix, and read a byte of its first object.

    Raises:
        ConfigurationError: no such bucket, or no credentials.
        AccessDenied: names the role that is missing.
    """
    bucket, prefix = split_address(address)
    with translate_errors(address):
        listed = bucket_of(bucket).list_blobs(
            prefix=prefix or None, max_results=100, timeout=TIMEOUT_S, retry=retry()
        )
        first = next((blob for blob in listed if blob.size), None)
        if first is not None:
            download_range(first, 0, 1)
    if first is None:
        remedy = "correct SOURCE, or bring recordings there"
        yield Finding("source", "warning", f"{address} can be listed and is empty", remedy)
    else:
        yield Finding("source", "ok", f"{address} can be listed and read")


def writable_bucket(address: str) -> Iterator[Finding]:
    """Create an object, find it, be refused to create it again, remove it; and the bucket's clock.

    Raises:
        ConfigurationError: no such bucket, or no credentials.
        AccessDenied: names the role that is missing.
        StorageError: the bucket keeps no preconditions, or gave no answer.
    """
    bucket, prefix = split_address(address)
    store = BucketStore(bucket, prefix)
    key = f"{CLAIMS}doctor-{uuid.uuid4().hex}"
    begun_s = time.time()
    if not store.create(key, _DATA):
        raise StorageError(f"{address}: an object that nobody made is there; try again")
    try:
        between_s = (begun_s + time.time()) / 2
        with translate_errors(address):
            made = bucket_of(bucket).get_blob(prefix + key, timeout=TIMEOUT_S, retry=retry())
        if store.create(key, b"again") or store.read(key) != _DATA:
            raise StorageError(f"{address}: preconditions are not kept; use Cloud Storage itself")
    finally:
        store.delete(key)
    yield Finding("results", "ok", f"{address} can be listed, written, read and removed from")
    if made is not None and made.time_created is not None:
        ahead_s = made.time_created.timestamp() - between_s
        yield clock_finding(ahead_s, "the bucket's clock", CLOCK_FAILING_S)
