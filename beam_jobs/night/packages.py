"""Objects of an archive that are one recording: the OP-Atom files of one material package.

Such a file holds one track of a programme; those with the same package in one folder belong
together. Files whose name ends in .mxf are looked at, their headers alone.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from af3core.audio.mxf_package import AtomFile, read_atom
from af3core.errors import StorageError
from af3core.storage.address import is_bucket, split_object
from beam_jobs.night.folder_listing import FoundObject
from schemas.identity import configuration_hash
from schemas.object_names import path_of_text
from schemas.records import ObjectPart

PICTURE = "picture of an OP-Atom package"
COPY = "further copy of a track of an OP-Atom package"
_SUFFIX = ".mxf"
_READERS = 16


def joined_packages(objects: Iterator[FoundObject]) -> Iterator[FoundObject]:
    """The objects, those of one package as one; MXF comes last, when all of it is known.

    An OP-Atom file without sound is passed over, and so is a further copy of a track. Where the
    header of one of a folder's files cannot be read now, all its tracks wait: a package that lacks
    one is another recording.
    """
    by_folder: dict[str, list[FoundObject]] = defaultdict(list)
    for found in objects:
        is_mxf = found.name.lower().endswith(_SUFFIX)
        if is_mxf and not found.passed_over:
            by_folder[found.name.rpartition("/")[0]].append(found)
        else:
            yield found
    with ThreadPoolExecutor(_READERS, "packages") as readers:
        for folder in sorted(by_folder):
            found_there = by_folder.pop(folder)
            yield from _of_folder(found_there, list(readers.map(_read, found_there)))


def _read(found: FoundObject) -> AtomFile | str | None:
    """What the file says of its package; the reason where it cannot be read, as text."""
    if found.unreadable:
        return found.unreadable
    try:
        if is_bucket(found.uri):
            store, key = split_object(found.uri)
            with store.open(key) as file:
                return read_atom(file)
        with path_of_text(found.uri).open("rb") as file:
            return read_atom(file)
    except FileNotFoundError:
        return None  # removed since the listing: whoever reads it whole says so
    except (OSError, StorageError) as error:
        return getattr(error, "strerror", None) or str(error)


def _of_folder(
    found: Sequence[FoundObject], read: Sequence[AtomFile | str | None]
) -> Iterator[FoundObject]:
    must_wait = any(isinstance(said, str) for said in read)
    packages: dict[str, dict[tuple[str, ...], FoundObject]] = defaultdict(dict)
    pairs = zip(found, read, strict=True)
    for one, said in sorted(pairs, key=lambda pair: pair[0].uri):
        if not isinstance(said, AtomFile):
            yield one
        elif not said.has_sound:
            yield dataclasses.replace(one, passed_over=PICTURE)
        elif must_wait:
            yield _waiting(one)
        elif said.sources in packages[said.package]:
            yield dataclasses.replace(one, passed_over=COPY)
        else:
            packages[said.package][said.sources] = one
    for parts in packages.values():
        yield _joined(list(parts.values()))


def _waiting(found: FoundObject) -> FoundObject:
    reason = "another MXF of its folder cannot be read"
    return dataclasses.replace(found, size_bytes=-1, modified_ns=0, unreadable=reason)


def _joined(found: Sequence[FoundObject]) -> FoundObject:
    first = found[0]
    if len(found) == 1:
        return first
    parts = tuple(
        ObjectPart(one.uri, one.size_bytes, one.generation, one.modified_ns) for one in found
    )
    return dataclasses.replace(
        first,
        size_bytes=sum(part.size_bytes for part in parts),
        updated=max((one.updated for one in found if one.updated), default=None),
        generation=_generation(parts),
        modified_ns=max(part.modified_ns for part in parts),
        parts=parts,
    )


def _generation(parts: Sequence[ObjectPart]) -> str:
    """One state of all of a bucket's objects; files have none."""
    if not parts[0].version:
        return ""
    return configuration_hash([[part.uri, part.version] for part in parts])
