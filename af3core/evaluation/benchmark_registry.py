"""The benchmarks by name."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from af3core.errors import ConfigurationError
from af3core.evaluation import adapters
from af3core.evaluation.benchmark import Benchmark


@functools.cache
def benchmarks() -> dict[str, Benchmark]:
    """Every adapter's BENCHMARKS, by name, sorted."""
    names = sorted(module.name for module in pkgutil.iter_modules(adapters.__path__))
    modules = [importlib.import_module(f"{adapters.__name__}.{name}") for name in names]
    found = [benchmark for module in modules for benchmark in module.BENCHMARKS]
    return {each.name: each for each in sorted(found, key=lambda each: each.name)}


def benchmark_named(name: str) -> Benchmark:
    """One benchmark.

    Raises:
        ConfigurationError: there is none of that name.
    """
    if name not in (known := benchmarks()):
        raise ConfigurationError(f"benchmark {name!r}: unknown; known are {', '.join(known)}")
    return known[name]
