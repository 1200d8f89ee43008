"""How a plan and a removal of what nothing names (`af3 clean`) never miss each other.

A removal takes the claim, looks at what is named, and then removes; a plan is written, and then
this looks for the claim. Whoever is first, the other sees it: either the removal knows the plan, or
the plan waits the seconds that the removal takes, and its jobs find what is left.
"""

from __future__ import annotations

from af3core.storage.store import Store
from schemas.layout import REMOVAL_CLAIM_KEY


def wait_for_removal(store: Store) -> None:
    """To be called once plans are written, before anything is read that they name. One request
    where nothing is removed.
    """
    if any(store.stamps([REMOVAL_CLAIM_KEY])):
        with store.claim(REMOVAL_CLAIM_KEY):
            pass
