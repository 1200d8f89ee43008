"""Which pages of the pool nobody holds."""

from __future__ import annotations

from collections.abc import Sequence

from af3core.model.network.kv_pool import SPARE_PAGE


class FreePages:
    """Pages to take and to give back, the spare one left out.

    Args:
        pages: of the pool.
    """

    def __init__(self, pages: int) -> None:
        self._free = [page for page in reversed(range(pages)) if page != SPARE_PAGE]
        self.total = len(self._free)

    def __len__(self) -> int:
        return len(self._free)

    def take(self, count: int) -> list[int]:
        """So many pages; the caller has seen that there are as many."""
        taken = self._free[len(self._free) - count :]
        del self._free[len(self._free) - count :]
        return taken

    def give_back(self, pages: Sequence[int]) -> None:
        """Pages that nobody reads any more."""
        self._free += pages
