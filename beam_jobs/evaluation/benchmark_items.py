"""A benchmark's items with what is wrong with them: nothing leaves the denominator."""

from __future__ import annotations

import dataclasses
from collections import Counter

from af3core.errors import ConfigurationError
from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.benchmark_files import BenchmarkData, Data
from af3core.evaluation.item import Fault, Item, Listing


def list_items(benchmark: Benchmark, data: Data, limit: int = 0) -> Listing:
    """The items with unique ids, and their faults: the publisher's, and those found here.

    Args:
        limit: the first so many items; 0 is all.

    Raises:
        BenchmarkData: the files are not as published, or hold no items.
    """
    try:
        listing = benchmark.read(data)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise BenchmarkData(
            f"{data.address}: not as published ({type(error).__name__}: {error}); {benchmark.title}"
            f" needs {benchmark.files}"
        ) from error
    if not listing.items:
        raise BenchmarkData(f"{data.address}: no items; {benchmark.title} needs {benchmark.files}")
    items = listing.items[:limit] if limit else listing.items
    unique, faults = _unique(items)
    kept = {item.item_id for item in unique}
    faults += [fault for fault in listing.faults if fault.item_id in kept]
    missing = _missing_sounds(unique, data)
    for item in unique:
        faults += [
            Fault(item.item_id, f"{key}: there is no such sound") for key in missing[item.item_id]
        ]
        faults += _wrong_answer(item)
    return Listing(tuple(unique), tuple(faults))


def data_of(benchmark: Benchmark, address: str) -> Data:
    """The data at an address, or that which comes with the package.

    Raises:
        ConfigurationError: none was given, or nothing lies there.
    """
    if benchmark.embedded is not None:
        return Data(str(benchmark.embedded))
    if not address:
        raise ConfigurationError(f"--data is missing: {benchmark.title} needs {benchmark.files}")
    data = Data(address)
    if not data.keys:
        raise ConfigurationError(
            f"--data {address}: nothing there; {benchmark.title} needs {benchmark.files}"
        )
    return data


def _unique(items: tuple[Item, ...]) -> tuple[list[Item], list[Fault]]:
    """Ids that came before get a number; both rows count."""
    seen: Counter[str] = Counter()
    unique, faults = [], []
    for item in items:
        seen[item.item_id] += 1
        if (count := seen[item.item_id]) > 1:
            renamed = f"{item.item_id}#{count}"
            faults.append(Fault(renamed, f"{item.item_id}: this id stands {count} times"))
            item = dataclasses.replace(item, item_id=renamed)
        unique.append(item)
    return unique, faults


def _missing_sounds(items: list[Item], data: Data) -> dict[str, list[str]]:
    return {
        item.item_id: [
            sound.key for sound in item.sounds if sound.key and sound.key not in data.keys
        ]
        for item in items
    }


def _wrong_answer(item: Item) -> list[Fault]:
    if not item.options or not item.answers:
        return []
    if any(answer in item.options for answer in item.answers):
        return []
    return [Fault(item.item_id, f"the answer {item.answers[0]!r} is not among the options")]
