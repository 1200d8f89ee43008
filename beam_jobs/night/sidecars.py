"""The XMP file beside a recording: `news.wav.xmp`, else `news.xmp`.

What a listing has is taken, nothing else is asked for; hidden files, links out of the archive and
what else is passed over for what it is are no sidecars.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from af3core.audio.stamped_dates import sidecar_day
from af3core.errors import StorageError, UnreadableObject
from af3core.storage.address import is_bucket, split_object
from beam_jobs.night.folder_listing import FoundObject
from schemas.object_names import path_of_text

_SUFFIX = ".xmp"


def with_sidecars(found: Sequence[FoundObject]) -> Iterator[FoundObject]:
    """The same objects, in their order, each with the address of its sidecar.

    Args:
        found: all objects of a folder or of a whole archive.
    """
    sidecars = {
        one.name[: -len(_SUFFIX)]: one.uri
        for one in found
        if _is_sidecar(one) and not one.passed_over
    }
    for one in found:
        folder, slash, own = one.name.rpartition("/")
        stem = f"{folder}{slash}{own.rpartition('.')[0] or own}"
        sidecar = "" if _is_sidecar(one) else sidecars.get(one.name) or sidecars.get(stem, "")
        yield dataclasses.replace(one, sidecar=sidecar) if sidecar else one


def _is_sidecar(found: FoundObject) -> bool:
    return found.name.lower().endswith(_SUFFIX)


def day_of_sidecar(found: FoundObject) -> str | None:
    """The day that an object's sidecar names, as YYYY-MM-DD; None where it has none, or that names
    none.

    Raises:
        UnreadableObject: it is there and cannot be read now: another day would be a guess.
    """
    if not found.sidecar:
        return None
    store, key = split_object(found.sidecar) if is_bucket(found.sidecar) else (None, "")
    try:
        with store.open(key) if store else path_of_text(found.sidecar).open("rb") as file:
            return sidecar_day(file)
    except FileNotFoundError as error:
        if not is_bucket(found.sidecar) and path_of_text(found.sidecar).is_symlink():
            raise UnreadableObject(
                f"{found.sidecar}: its link leads nowhere; mend or remove the link"
            ) from error
        return None  # removed since the listing
    except (OSError, StorageError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UnreadableObject(
            f"{found.sidecar}: cannot be read ({why}); check its permissions"
        ) from error
