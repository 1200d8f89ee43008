"""Several requests under way at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from af3core.storage.bucket_client import REQUESTS_OF_A_CALL

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_concurrently(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Requests for several items, REQUESTS_OF_A_CALL at once; results in order."""
    if len(items) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(REQUESTS_OF_A_CALL, len(items)), "storage") as threads:
        return list(threads.map(work, items))
