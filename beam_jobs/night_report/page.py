"""The page: all that is in it, put into the template."""

from __future__ import annotations

import functools
import importlib.resources
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import duckdb
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from af3core import __version__
from af3core.storage.address import store_at
from beam_jobs.charts import counts, distribution, hours_by_night
from beam_jobs.night_report import wording
from beam_jobs.night_report.changes import Changes, compare, nights_before
from beam_jobs.night_report.chosen import ShownSegment, least_certain, sampled
from beam_jobs.night_report.figures import (
    NightFigures,
    logprobs,
    night_figures,
    segment_lengths_s,
)
from beam_jobs.night_report.media import SPECTROGRAM_PX, Media, segment_media
from beam_jobs.night_report.nights import (
    NIGHTS,
    CorpusNights,
    corpora_by_night,
    first_of_last,
    most_hours,
)
from beam_jobs.night_report.published import Published, find_published
from beam_jobs.night_report.run_facts import PublishingRun, RunFacts, publishing_runs
from beam_jobs.progress import clock

SHOWN_SEGMENTS = 10
SHOWN_CORPORA = 12
_PACKAGE = "beam_jobs.night_report"


@dataclass(frozen=True)
class Charts:
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
    charts: Charts
    changes: Changes | None
    corpora: tuple[tuple[CorpusNights, Markup | None], ...]
    least_certain: tuple[tuple[ShownSegment, Media], ...]
    sampled: tuple[tuple[ShownSegment, Media], ...]
    runs: tuple[PublishingRun, ...]


def night_report(out: str, run: RunFacts) -> str:
    """The page of a run's interval as HTML that needs nothing else.

    The same tables, clips and facts of the run give the same text.

    Args:
        out: folder or gs:// of the tables and clips.
        run: the run that makes it.
    """
    published = find_published(out, run.corpus)
    dates = published.dates(run.since, run.until)
    with closing(published.night(dates)) as night:
        figures = night_figures(night)
        doubtful = least_certain(night, SHOWN_SEGMENTS)
        seed = "/".join((run.corpus, *dates[:1], *dates[-1:]))
        drawn = sampled(night, seed, SHOWN_SEGMENTS, [each.segment_id for each in doubtful])
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


def _charts(night: duckdb.DuckDBPyConnection, figures: NightFigures) -> Charts:
    return Charts(
        lengths=_svg(distribution(segment_lengths_s(night), "Length of annotated segments", "s")),
        logprobs=_svg(distribution(logprobs(night), "Mean log-probability of answers", "")),
        flags=_svg(counts(figures.flags, "Answers by flag")),
    )


def _changes(published: Published, dates: tuple[str, ...], now: NightFigures) -> Changes | None:
    earlier = published.dates("", dates[0])[:-1] if dates else ()
    before = nights_before(dates, earlier)
    if not before:
        return None
    with closing(published.night(before)) as night:
        return compare(now, night_figures(night), before)


def _corpora(
    published: Published, dates: tuple[str, ...]
) -> tuple[tuple[CorpusNights, Markup | None], ...]:
    """All corpora, the largest with their charts on one scale."""
    if not dates:
        return ()
    with closing(published.recordings(first_of_last(NIGHTS, dates[-1]), dates[-1])) as recordings:
        corpora = corpora_by_night(recordings)
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
        "amount": wording.amount,
        "clock": clock,
        "cost": wording.cost,
        "count": wording.count,
        "day": wording.day,
        "days": wording.days,
        "file_name": wording.file_name,
        "hours": wording.hours,
        "logprob": wording.logprob,
        "number": wording.number,
        "share": wording.share,
        "share_of": wording.share_of,
    }
    environment.filters |= words
    return environment
