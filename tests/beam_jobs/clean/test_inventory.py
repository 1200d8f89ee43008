"""What is listed less what is named, against the same rule in Python; memory stays bounded."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.clean.inventory import Amount, Listed, Name, open_inventory
from beam_jobs.clean.object_kinds import KINDS, Kind

OWNERS, PARTS = ("a", "b", "c"), ("", "x", "y")
NAMES = st.builds(Name, st.sampled_from(KINDS), st.sampled_from(OWNERS), st.sampled_from(PARTS))
OBJECTS = st.tuples(
    st.sampled_from(KINDS), st.sampled_from(OWNERS), st.sampled_from(PARTS[1:]), st.booleans()
)


@given(objects=st.lists(OBJECTS, max_size=12), first=st.lists(NAMES), then=st.lists(NAMES))
@settings(max_examples=60, deadline=None)
def test_nothing_that_is_named_or_young_goes(
    objects: list[tuple[Kind, str, str, bool]], first: list[Name], then: list[Name]
) -> None:
    """Of a clip that a published row names, its recording and cut are a name: it never goes."""
    with open_inventory() as inventory:
        inventory.add_listed(
            Listed(KINDS.index(kind), owner, part, str(number), "s", 10, is_old)
            for number, (kind, owner, part, is_old) in enumerate(objects)
        )
        inventory.add_names(first)
        found = inventory.decide()
        assert sum(amount.objects for amount in found.values()) == len(_unnamed(objects, first))
        inventory.add_names(then)  # a second look
        going = {each.key for kind in KINDS for each in inventory.unnamed(kind, 0)}
    assert going == {str(number) for number in _unnamed(objects, [*first, *then])}


def _unnamed(objects: list[tuple[Kind, str, str, bool]], names: list[Name]) -> list[int]:
    return [
        number
        for number, (kind, owner, part, is_old) in enumerate(objects)
        if is_old and not {Name(kind, owner, part), Name(kind, owner)} & set(names)
    ]


def test_they_go_in_order_and_are_counted_by_kind() -> None:
    with open_inventory() as inventory:
        rows = [("clip", "a", "x", "2"), ("cut", "a", "x", "1"), ("cut", "a", "y", "3")]
        inventory.add_listed(
            Listed(KINDS.index(kind), owner, part, key, "s", 10, True)
            for kind, owner, part, key in rows
        )
        assert inventory.decide() == {"cut": Amount(2, 20), "clip": Amount(1, 10)}
        cuts = inventory.unnamed("cut", 0)
        assert [each.key for each in cuts] == ["1", "3"]
        assert inventory.unnamed("cut", cuts[-1].place) == []


def test_a_million_objects_fit_into_bounded_memory() -> None:
    """Measured in a process of its own: what is held does not grow with the objects."""
    code = """
import resource
from beam_jobs.clean.inventory import Listed, Name, open_inventory
def id_of(number): return f"{number * 7919 % 10**24:024x}"
with open_inventory() as inventory:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    inventory.add_listed(
        Listed(1, id_of(n // 6), "1b" * 12, f"clips/{id_of(n // 6)}/{n}.flac", str(n), 1, True)
        for n in range(MANY))
    inventory.add_names(Name("clip", id_of(n), "1b" * 12) for n in range(0, MANY // 6, 2))
    found = inventory.decide()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(found["clip"].objects, grown // 1024)
"""
    many = 300_000
    done = subprocess.run(
        [sys.executable, "-c", code.replace("MANY", str(many))],
        capture_output=True,
        text=True,
        check=True,
    )
    objects, grown_mib = map(int, done.stdout.split())
    assert objects == many // 2
    assert grown_mib < 300
