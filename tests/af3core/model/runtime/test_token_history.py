"""An answer's tokens are those that were added for its slot."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from af3core.model.runtime.token_history import TokenHistory

LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=30)


@given(LENGTHS, st.integers(1, 4))
def test_answers_come_back_whole_however_slots_are_used(lengths: list[int], slots: int) -> None:
    history = TokenHistory(slots)
    waiting = list(enumerate(lengths))
    running: dict[int, tuple[int, int]] = {}
    written: dict[int, list[int]] = {}
    while waiting or running:
        for slot in range(slots):
            if slot not in running and waiting:
                running[slot] = waiting.pop(0)
                history.begin(slot, running[slot][1])
        chosen = np.array(sorted(running))
        ids = np.array([100 * running[s][0] + len(written.get(s, [])) for s in chosen], np.int32)
        history.add(chosen, ids, -ids.astype(np.float32))
        for slot, token in zip(chosen.tolist(), ids.tolist(), strict=True):
            written.setdefault(slot, []).append(token)
            if len(written[slot]) == running[slot][1]:
                assert history.of(slot) == (written[slot], [-float(t) for t in written[slot]])
                del running[slot], written[slot]
