"""What `af3 evaluate list` and `af3 evaluate compare` print."""

from __future__ import annotations

from collections.abc import Iterator

from af3core.errors import ConfigurationError
from af3core.evaluation.benchmark_registry import benchmarks
from af3core.evaluation.comparison_pages import as_html, as_markdown
from af3core.storage.address import store_at
from beam_jobs.evaluation.scored_figures import comparison_of
from beam_jobs.output.next_command import af3

COMPARISON = "evaluations/comparison"


def benchmark_lines() -> Iterator[str]:
    """Each benchmark with its metric, what its data must hold, and whose script is followed."""
    for benchmark in benchmarks().values():
        judged = ", by a judge" if benchmark.metric.judging else ""
        yield f"{benchmark.name:<28} {benchmark.title}: {benchmark.metric.name}{judged}"
        yield f"    {benchmark.files}"
        if benchmark.metric.script:
            yield f"    official script: {benchmark.metric.script}"


def write_comparison(out: str) -> Iterator[str]:
    """All evaluations below an address as Markdown, which is also kept there, as HTML too.

    Raises:
        ConfigurationError: there are none.
    """
    if not out:
        raise ConfigurationError("--out is missing: name the folder of the evaluations")
    store = store_at(out)
    comparison = comparison_of(store)
    if comparison is None:
        raise ConfigurationError(f"--out {out}: no evaluations there; run {af3('evaluate')} first")
    markdown = as_markdown(comparison)
    store.write(f"{COMPARISON}.md", markdown.encode())
    store.write(f"{COMPARISON}.html", as_html(comparison).encode())
    yield markdown
    yield f"written: {store.address(COMPARISON)}.md and .html"
