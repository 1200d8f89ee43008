"""The page: all that is in it, put into the template."""

from __future__ import annotations

import functools
import importlib.resources
from dataclasses import dataclass
from typing import Any

import duckdb
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from af3core import __version__
from af3core.storage.address import store_at
from beam_jobs.charts import counts, distribution, hours_by_night
from beam_jobs.framework.progress import clock
from beam_jobs.framework.views import translated_errors
from beam_jobs.night_report import number_format
from beam_jobs.night_report.changes import Changes, compare, nights_before
from beam_jobs.night_report.corpus_hours import (
    NIGHTS,
    CorpusNights,
    corpora_by_night,
    first_of_last,
    most_hours,
)
from beam_jobs.night_report.figures import (
    NightFigures,
    logprobs,
    night_figures,
    segment_lengths_s,
)
from beam_jobs.night_report.media import SPECTROGRAM_PX, Media, segment_media
from beam_jobs.night_report.published_tables import PublishedTables
from beam_jobs.night_report.run_facts import PublishingRun, RunFacts, publishing_runs
from beam_jobs.night_report.segment_samples import ShownSegment, least_certain, sample_segments

SHOWN_SEGMENTS = 10
SHOWN_CORPORA = 12
_PACKAGE = "beam_jobs.night_report"


@dataclass(frozen=True)
class ReportCharts:
    """SVG by what it shows."""

    lengths: Markup
    logprobs: Markup
    flags: Markup


@dataclass(frozen=True)
class Page:
    """All that the template shows; None where the interval has no tables."""

    run: RunFacts
    dates: tuple[str, ...]
    figures: NightFigures
    charts: ReportCharts
    changes: Changes | None
    corpora: tuple[tuple[CorpusNights, Markup | None], ...]
    least_certain: tuple[tuple[ShownSegment, Media], ...]
    sampled: tuple[tuple[ShownSegment, Media], ...]
    runs: tuple[PublishingRun, ...]


def night_report(published: PublishedTables, run: RunFacts) -> str:
    """The page of a run's interval as HTML that needs nothing else.

    The same tables, clips and facts of the run give the same text.

    Args:
        published: the tables; the clips lie beside them.
        run: the run that makes it.
    """
    out = published.out
    dates = published.dates(run.since, run.until)

    def ask(night: duckdb.DuckDBPyConnection) -> str:
        figures = night_figures(night)
        doubtful = least_certain(night, SHOWN_SEGMENTS)
        seed = "/".join((run.corpus, *dates[:1], *dates[-1:]))
        drawn = sample_segments(night, seed, SHOWN_SEGMENTS, [each.segment_id for each in doubtful])
        media = segment_media([*doubtful, *drawn], store_at(out))
        return _render(
            Page(
                run=run,
                dates=dates,
                figures=figures,
                charts=_charts(night, figures),
                changes=_changes(published, dates, figures),
                corpora=_corpora(published, dates),
                least_certain=tuple((each, media[each.segment_id]) for each in doubtful),
                sampled=tuple((each, media[each.segment_id]) for each in drawn),
                runs=publishing_runs(night),
            )
        )

    with translated_errors(out):
        return published.ask_night(dates, ask)


def _charts(night: duckdb.DuckDBPyConnection, figures: NightFigures) -> ReportCharts:
    return ReportCharts(
        lengths=_svg(distribution(segment_lengths_s(night), "Length of annotated segments", "s")),
        logprobs=_svg(distribution(logprobs(night), "Mean log-probability of answers", "")),
        flags=_svg(counts(figures.flags, "Answers by flag")),
    )


def _changes(
    published: PublishedTables, dates: tuple[str, ...], now: NightFigures
) -> Changes | None:
    earlier = published.dates("", dates[0])[:-1] if dates else ()
    before = nights_before(dates, earlier)
    if not before:
        return None
    figures = published.ask_night(before, night_figures)
    return compare(now, figures, before)


def _corpora(
    published: PublishedTables, dates: tuple[str, ...]
) -> tuple[tuple[CorpusNights, Markup | None], ...]:
    """All corpora, the largest with their charts on one scale."""
    if not dates:
        return ()
    first = first_of_last(NIGHTS, dates[-1])
    corpora = published.ask_recordings(first, dates[-1], corpora_by_night)
    shown, most_h = corpora[:SHOWN_CORPORA], most_hours(corpora[:SHOWN_CORPORA])
    charts = [_svg(hours_by_night(each.nights, each.corpus, most_h)) for each in shown]
    return tuple(zip(corpora, [*charts, *[None] * (len(corpora) - len(charts))], strict=True))


def _svg(text: str) -> Markup:
    """A chart: its texts from data are escaped already."""
    return Markup(text)  # noqa: S704


def _render(page: Page) -> str:
    css = importlib.resources.files(_PACKAGE).joinpath("report.css").read_text("utf-8")
    return (
        _environment()
        .get_template("report.html")
        .render(
            page=page,
            css=Markup(css),  # noqa: S704 (a file of this package)
            spectrogram=SPECTROGRAM_PX,
            nights=NIGHTS,
            software_version=__version__,
        )
    )


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(_PACKAGE, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words: dict[str, Any] = {
        "amount": number_format.amount,
        "clock": clock,
        "cost": number_format.cost,
        "count": number_format.count,
        "day": number_format.day,
        "days": number_format.days,
        "file_name": number_format.file_name,
        "hours": number_format.hours,
        "logprob": number_format.logprob,
        "number": number_format.number,
        "share": number_format.share,
        "share_of": number_format.share_of,
    }
    environment.filters |= words
    return environment
