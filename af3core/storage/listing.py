"""All objects below a prefix of a bucket, with what a listing tells of each."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from af3core.storage.bucket_client import (
    REQUESTS_OF_A_CALL,
    SCHEME,
    TIMEOUT_S,
    bucket_of,
    retry,
    split_address,
    translate_errors,
)
from schemas.layout import OUTPUT_MARKER_KEY, is_output, outputs_among

if TYPE_CHECKING:
    from google.cloud.storage import Blob

_SPREAD = 2 * REQUESTS_OF_A_CALL
"""Prefixes that keep all connections busy; no deeper level is looked for then."""
_DEEPEST = 3
_FIELDS = "items(name,generation,size,updated),prefixes,nextPageToken"


@dataclass(frozen=True)
class ListedObject:
    """One object; `name` is relative to the listed address."""

    uri: str
    name: str
    generation: str
    size_bytes: int
    updated: datetime.datetime


def list_objects(address: str, outputs: list[str] | None = None) -> Iterator[ListedObject]:
    """The objects below gs://BUCKET/PREFIX, sorted by name as they come; those of outputs of this
    product (`schemas.layout.is_output`) left out.

    A listing is a chain of pages of 1,000 names: below the first level with enough prefixes each
    is listed by itself, at once. No object is asked about alone.

    Args:
        outputs: prefixes of outputs relative to the address, each with its slash, filled on the
            way.

    Raises:
        ConfigurationError: no such bucket.
        AccessDenied: no right to list it.
        StorageError: no answer in the time for trying again.
    """
    bucket, root = split_address(address)
    met = outputs if outputs is not None else []
    with translate_errors(address), ThreadPoolExecutor(REQUESTS_OF_A_CALL, "listing") as threads:
        pending: list[ListedObject | Future[_Listed]] = []
        for entry in _levels(bucket, root, met):
            if isinstance(entry, str):
                pending.append(threads.submit(_list_prefix, bucket, root, entry))
            else:
                pending.append(entry)
        for item in pending:
            if isinstance(item, ListedObject):
                yield item
                continue
            listed = item.result()
            met += listed.outputs
            yield from listed.objects


def holds_anything(address: str) -> bool:
    """Whether a bucket's prefix can be listed and holds an object; one request.

    Raises:
        ConfigurationError: no such bucket.
        AccessDenied: no right to list it.
    """
    bucket, root = split_address(address)
    with translate_errors(address):
        found = bucket_of(bucket).list_blobs(
            prefix=root or None, max_results=1, timeout=TIMEOUT_S, retry=retry()
        )
        return any(True for _ in found)


def find_object(address: str) -> ListedObject | None:
    """One object by its address, or None where there is none."""
    bucket, prefix = split_address(address)
    with translate_errors(address):
        blob = bucket_of(bucket).get_blob(prefix.rstrip("/"), timeout=TIMEOUT_S, retry=retry())
    folder = prefix.rstrip("/").rpartition("/")[0]
    return _to_listed_object(blob, bucket, f"{folder}/" if folder else "") if blob else None


class _Listed(NamedTuple):
    """What a prefix holds, and the outputs among it that are left out."""

    objects: list[ListedObject]
    outputs: list[str]


def _levels(bucket: str, root: str, outputs: list[str]) -> list[ListedObject | str]:
    """Objects and prefixes (in their order) of the first level that has enough of them."""
    entries: list[ListedObject | str] = [root]
    for _ in range(_DEEPEST):
        if sum(isinstance(entry, str) for entry in entries) >= _SPREAD:
            break
        deeper: list[ListedObject | str] = []
        for entry in entries:
            deeper += _level(bucket, root, entry, outputs) if isinstance(entry, str) else [entry]
        if not any(isinstance(entry, str) for entry in deeper):
            return deeper
        entries = deeper
    return entries


def _level(bucket: str, root: str, prefix: str, outputs: list[str]) -> list[ListedObject | str]:
    pages = bucket_of(bucket).list_blobs(
        prefix=prefix or None, delimiter="/", fields=_FIELDS, timeout=TIMEOUT_S, retry=retry()
    )
    objects = [_to_listed_object(blob, bucket, root) for blob in pages]
    below = {str(name) for name in pages.prefixes}
    here = prefix.removeprefix(root)
    names = {found.name.removeprefix(here) for found in objects}
    if is_output(names | {name.removeprefix(prefix) for name in below}):
        outputs.append(here)
        return []
    found: list[ListedObject | str] = [*objects, *below]
    return sorted(found, key=lambda entry: entry if isinstance(entry, str) else root + entry.name)


def _list_prefix(bucket: str, root: str, prefix: str) -> _Listed:
    pages = bucket_of(bucket).list_blobs(
        prefix=prefix or None, fields=_FIELDS, timeout=TIMEOUT_S, retry=retry()
    )
    objects = []
    for blob in pages:
        if blob.name == f"{prefix}{OUTPUT_MARKER_KEY}":
            return _Listed([], [prefix.removeprefix(root)])  # its clips need no listing
        objects.append(_to_listed_object(blob, bucket, root))
    outputs = outputs_among(found.name for found in objects)
    if outputs:
        below = tuple(outputs)
        objects = [found for found in objects if not found.name.startswith(below)]
    return _Listed(objects, outputs)


def _to_listed_object(blob: Blob, bucket: str, root: str) -> ListedObject:
    return ListedObject(
        uri=f"{SCHEME}{bucket}/{blob.name}",
        name=str(blob.name).removeprefix(root),
        generation=str(blob.generation),
        size_bytes=int(blob.size),
        updated=blob.updated,
    )
