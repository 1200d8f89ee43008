"""Outputs of this product: marked, told from archives, and kept apart from the recordings.

An output holds clips and spoken descriptions, which must never be taken for recordings.
"""

from __future__ import annotations

import os
from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.near_names import nearest
from af3core.storage.address import is_bucket, store_at
from af3core.storage.bucket_client import SCHEME, split_address
from af3core.storage.listing import holds_anything
from af3core.storage.store import Store
from schemas.layout import (
    OUTPUT_FOLDERS,
    OUTPUT_MARKER,
    OUTPUT_MARKER_KEY,
    OUTPUT_SIGNS,
    UNMARKED_OUTPUT,
    is_output,
)
from schemas.object_names import path_of_text, text_of_path


def mark_output(store: Store) -> None:
    """Mark an output, unless it is; one request where it is. Of several jobs at once one does."""
    if not store.exists([OUTPUT_MARKER_KEY])[0]:
        store.create(OUTPUT_MARKER_KEY, OUTPUT_MARKER)


def is_output_at(address: str) -> bool:
    """Whether an output lies at an address: by its marker or, before 0.3.0, by its folders."""
    if not is_bucket(address):
        folder = path_of_text(address)
        return is_output({name for name in OUTPUT_SIGNS if os.path.exists(folder / name)})
    store = store_at(address)
    is_marked = store.exists([OUTPUT_MARKER_KEY])[0]
    return is_marked or all(holds_anything(store.address(name)) for name in UNMARKED_OUTPUT)


def check_output(store: Store) -> None:
    """See that results lie at an address, of a night or of an evaluation; one request.

    Raises:
        ConfigurationError: there are none.
    """
    if not {name.rstrip("/") for name in store.folders("")} & set(OUTPUT_FOLDERS):
        out = store.address("").rstrip("/")
        raise ConfigurationError(
            f"--out {out}: no results there; {near_output(out)}name the folder that nights or"
            " evaluations were written to"
        )


def check_apart(source: str, out: str) -> None:
    """See that no result can be taken for a recording.

    Results below the archive are passed over by its listing; recordings beside the folders of an
    output are none of its results.

    Raises:
        ConfigurationError: SOURCE is `--out`, is an output, or lies in a folder of one's results.
    """
    place = _place(source)
    if place == _place(out):
        raise ConfigurationError(
            f"SOURCE {source} is --out too, and results would be taken for recordings; name another"
            " folder with --out"
        )
    within = ""
    for folder in _with_parents(place):
        if within in ("", *OUTPUT_FOLDERS) and is_output_at(folder):
            where = f"lies among the results of af3 in {folder}" if within else "holds them"
            raise ConfigurationError(
                f"SOURCE {source}: results of af3 are no recordings, and it {where}; name the"
                " folder of the recordings"
            )
        within = folder.rpartition("/")[2]


def no_tables(out: str) -> ConfigurationError:
    """That an address holds no tables, with the output of nearly that name beside it, if any."""
    return ConfigurationError(
        f"--out {out}: no tables there; {near_output(out)}name the folder that af3 annotate wrote"
        " to"
    )


def near_output(out: str) -> str:
    """`did you mean X? `, where an output of nearly that name lies beside a folder; else empty."""
    if is_bucket(out):
        return ""
    folder = Path(out).absolute()
    try:
        beside = [entry.name for entry in os.scandir(folder.parent) if entry.is_dir()]
    except OSError:
        return ""
    others = (name for name in beside if name != folder.name)
    near = nearest(
        folder.name, (n for n in others if is_output_at(text_of_path(folder.parent / n)))
    )
    return f"did you mean {folder.parent / near}? " if near else ""


def _place(address: str) -> str:
    """The folder, prefix or recording itself, links resolved."""
    if not is_bucket(address):
        return text_of_path(os.path.realpath(path_of_text(address)))
    bucket, prefix = split_address(address)
    return f"{SCHEME}{bucket}/{prefix}".rstrip("/")


def _with_parents(place: str) -> list[str]:
    """A folder or prefix and all above it, the innermost first."""
    if not is_bucket(place):
        path = Path(place)
        return [str(path), *map(str, path.parents)]
    bucket, prefix = split_address(place)
    parts = prefix.strip("/").split("/") if prefix else []
    above = ["/".join(parts[:count]) for count in range(len(parts), -1, -1)]
    return [f"{SCHEME}{bucket}/{part}".rstrip("/") for part in above]
