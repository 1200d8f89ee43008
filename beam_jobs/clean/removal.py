"""Removing what nothing names: a few seconds at a time, each behind another look at the names.

claim ──► names again ──► a batch, in the states that were listed ──► … ──► claim given back
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from af3core.storage.concurrency import map_concurrently
from af3core.storage.folder import FolderStore
from af3core.storage.store import Store
from beam_jobs.clean.inventory import Amount, Inventory, Name, Unnamed
from beam_jobs.clean.names import cuts_that_stay
from beam_jobs.clean.object_kinds import KINDS, Kind
from schemas import layout

TURN_S = 5.0
"""How long objects are removed before others that wait have their turn; less than a claim lasts."""
_PAUSE_S = 2.5
"""Between two turns: whoever waits for the claim looks at it every second."""


class Remover:
    """Removes what an inventory holds as unnamed.

    Args:
        store: of the output.
        inventory: with the order in which objects go.
        look: gives what is named that was not at the last look.
        turn_s: how long a turn takes at most, but for its last batch.
    """

    def __init__(
        self,
        store: Store,
        inventory: Inventory,
        look: Callable[[], Iterable[Name]],
        turn_s: float = TURN_S,
    ) -> None:
        self._store, self._inventory, self._look = store, inventory, look
        self._turn_s = turn_s
        self.removed: defaultdict[Kind, Amount] = defaultdict(lambda: Amount(0, 0))

    def run(self) -> None:
        """Remove all of it; what is named by now, changed or claimed stays.

        A cut goes before its clips, and the sheet of an export before its shards: killed in
        between, nothing names what is gone.

        Raises:
            Af3Error: the storage is in trouble, or refuses. What is removed by then is consistent.
        """
        for kind in KINDS:
            place: int | None = 0
            while place is not None and self._inventory.unnamed(kind, place):
                with self._store.claim(layout.REMOVAL_CLAIM_KEY):
                    place = self._turn(kind, place)
                if place is not None:
                    time.sleep(_PAUSE_S)

    def _turn(self, kind: Kind, place: int) -> int | None:
        """Remove objects behind a place for a while; gives the last one's, or None at the end."""
        self._inventory.add_names(self._look())
        begun = time.monotonic()
        # one that was stopped for long has lost its turn, and looks again
        while time.monotonic() - begun < self._turn_s:
            batch = self._inventory.unnamed(kind, place)
            if not batch:
                return None
            self._remove(kind, batch)
            place = batch[-1].place
        return place

    def _remove(self, kind: Kind, batch: Sequence[Unnamed]) -> None:
        if kind == "export":
            for owner, objects in groupby(batch, key=lambda each: each.owner):
                self._remove_export(owner, list(objects))
        elif kind == "index":
            with self._store.try_claim(layout.claim_key("index", "search")) as is_held:
                if is_held:
                    self._release(kind, batch)
        else:
            left = self._release(kind, batch)
            if kind == "cut":
                self._inventory.add_names(cuts_that_stay(self._store, left))

    def _remove_export(self, folder: str, objects: Sequence[Unnamed]) -> None:
        """Unless somebody exports there now, or did since it was listed."""
        with self._store.try_claim(layout.export_claim_key(folder)) as is_held:
            if not is_held:
                return
            for _, of_part in groupby(objects, key=lambda each: each.part):
                if self._release("export", list(of_part)):
                    self._inventory.add_names([Name("export", folder)])
                    return

    def _release(self, kind: Kind, objects: Sequence[Unnamed]) -> list[str]:
        """Remove objects in the states that were listed; gives the keys of those that are there
        still, in another.
        """
        gone = map_concurrently(self._release_one, objects)
        removed = [each for each, is_gone in zip(objects, gone, strict=True) if is_gone]
        before = self.removed[kind]
        size_bytes = sum(each.size_bytes for each in removed)
        self.removed[kind] = Amount(before.objects + len(removed), before.size_bytes + size_bytes)
        others = [e.key for e, is_gone in zip(objects, gone, strict=True) if not is_gone]
        there = self._store.exists(others)
        return [key for key, is_there in zip(others, there, strict=True) if is_there]

    def _release_one(self, each: Unnamed) -> bool:
        """Remove an object, and the folders that it leaves empty."""
        is_gone = self._store.release(each.key, each.stamp)
        if is_gone and isinstance(self._store, FolderStore):
            self._store.remove_empty_folders([each.key])
        return is_gone
