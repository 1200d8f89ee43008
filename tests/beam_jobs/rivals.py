"""Two writers of the same objects: one is stopped at a chosen point, the other works meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from af3core.storage.bucket import BucketStore
from af3core.storage.folder import FolderStore
from tests.storage_server import BUCKET, BUCKET_PARAM, bucket

STORES = ("folder", BUCKET_PARAM)


@contextmanager
def out_in(store: str, folder: Path) -> Iterator[str]:
    """An empty output folder, or an empty prefix of a bucket of a real server."""
    if store == "folder":
        yield str(folder / "nights" / "out")
    else:
        with bucket():
            yield f"gs://{BUCKET}/nights/out"


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, other: Callable[[], object]
) -> list[int]:
    """Once, after the first call of a function, let another writer do its work; counts calls."""
    real, calls = getattr(module, name), [0]

    def with_another(*args: Any, **kwargs: Any) -> Any:
        result = real(*args, **kwargs)
        calls[0] += 1
        if calls[0] == 1:
            other()
        return result

    monkeypatch.setattr(module, name, with_another)
    return calls


@contextmanager
def claims_taken_over() -> Iterator[None]:
    """Every claim is had at once, as if its holder were stopped for longer than a lease."""
    with pytest.MonkeyPatch.context() as patch:
        for kind in (FolderStore, BucketStore):
            patch.setattr(kind, "claim", lambda _store, _key, room=None: room or nullcontext())
            patch.setattr(kind, "try_claim", lambda _store, _key: nullcontext(True))
        yield
