"""Whether a review belongs to a sample: only then does it say how good the rest is.

A person who corrects what looks wrong finds more errors than there are; one who goes through a
seeded draw does not.
"""

from __future__ import annotations

SAMPLE_REASON = "quality sample"
"""The reason of corrections that are made of answers which were drawn, as `af3 correct --reason`
and the review page write it."""


def is_sampled(reason: str) -> bool:
    """Whether a review is of an answer that was drawn, by its reason or else its batch's."""
    return reason.strip().casefold() == SAMPLE_REASON
