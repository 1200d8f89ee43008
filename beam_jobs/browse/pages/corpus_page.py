"""The page of a corpus: nights, newest recordings, charts."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

from beam_jobs.browse.data.archive_tables import ArchiveTables, partition_of_key
from beam_jobs.browse.data.lru import LruCache
from beam_jobs.browse.http.refusal import Refusal
from beam_jobs.browse.pages.answer_panels import ANSWERED
from beam_jobs.browse.pages.corpora import FLAG_DAYS, Corpora, newest_days
from beam_jobs.night.sizing import MS_PER_HOUR
from schemas.identity import configuration_hash

_SAMPLED_ROWS = 100_000
"""A histogram of more values looks the same."""
_KEPT_BYTES = 8 << 20
_ANSWERS = " UNION ALL ".join(f"SELECT mean_logprob, flags FROM {table}" for table in ANSWERED)
_SAMPLE = f"USING SAMPLE reservoir({_SAMPLED_ROWS} ROWS) REPEATABLE (1)"
_LENGTHS = f"SELECT (end_ms - start_ms) / 1000 FROM segments {_SAMPLE}"
_LOGPROBS = f"SELECT mean_logprob FROM ({_ANSWERS}) WHERE mean_logprob IS NOT NULL {_SAMPLE}"
_FLAGS = (
    f"SELECT flag, count(*) FROM (SELECT unnest(flags) AS flag FROM ({_ANSWERS}))"
    " GROUP BY flag ORDER BY count(*) DESC, flag"
)
TITLES = {
    "hours": "Hours by night",
    "lengths": f"Segment lengths, newest {FLAG_DAYS} nights",
    "logprobs": f"Log-probability of answers, newest {FLAG_DAYS} nights",
    "flags": f"Flags on answers, newest {FLAG_DAYS} nights",
}
_READ = {"lengths": ("segments",), "logprobs": ANSWERED, "flags": ANSWERED}


def corpus_page(corpora: Corpora, name: str) -> dict[str, Any]:
    """What the page of a corpus shows.

    Raises:
        Refusal: there is no such corpus.
    """
    nights = corpora.nights(name)
    if not nights:
        raise _unknown(name)
    return {
        "name": name,
        "nights": [
            {
                "date": date,
                "recordings": night.recordings,
                "duration_ms": night.duration_ms,
                "annotated_ms": night.annotated_ms,
                "skipped_ms": night.skipped_ms,
                "failed_ms": night.failed_ms,
            }
            for date, night in nights
        ],
        "recordings": corpora.recordings(name),
        "charts": [
            {"title": title, "url": f"/charts/{name}/{chart}.svg"}
            for chart, title in TITLES.items()
            if _can_draw()
        ],
    }


class CorpusCharts:
    """Charts of corpora as SVG text, drawn once per state of what they show."""

    def __init__(self, tables: ArchiveTables, corpora: Corpora) -> None:
        self._tables = tables
        self._corpora = corpora
        self._drawn: LruCache[str] = LruCache(_KEPT_BYTES)

    def chart(self, name: str, chart: str) -> str:
        """A chart by its name.

        Raises:
            Refusal: there is no such corpus or chart.
        """
        nights = self._corpora.nights(name)
        if not nights:
            raise _unknown(name)
        if chart not in TITLES:
            raise Refusal(404, f"no chart {chart}; there are {', '.join(TITLES)}")
        if not _can_draw():
            raise Refusal(501, "charts need matplotlib: install this package with its extra browse")
        if chart == "hours":
            state = configuration_hash([name, chart, nights])
            return self._drawn.get(state, lambda: _draw_hours(nights))
        days = {partition_of_key(key) for key in self._tables.stamps(["recordings"], name)}
        stamps = self._tables.stamps_of_partitions(_READ[chart], newest_days(days, name))
        state = configuration_hash([name, chart, stamps, self._tables.hidden])
        return self._drawn.get(state, lambda: self._draw(chart, stamps))

    def _draw(self, chart: str, stamps: dict[str, str]) -> str:
        from beam_jobs.charts import counts, distribution

        sql = {"lengths": _LENGTHS, "logprobs": _LOGPROBS, "flags": _FLAGS}[chart]
        rows = self._tables.read(stamps, lambda connection: connection.execute(sql).fetchall())
        if chart == "flags":
            return counts([(flag, number) for flag, number in rows], TITLES[chart])
        unit = "s" if chart == "lengths" else ""
        return distribution([value for (value,) in rows], TITLES[chart], unit)


def _can_draw() -> bool:
    return importlib.util.find_spec("matplotlib") is not None


def _draw_hours(nights: Sequence[tuple[str, Any]]) -> str:
    from beam_jobs.charts import NightHours, hours_by_night

    return hours_by_night(
        [
            NightHours(
                date,
                night.annotated_ms / MS_PER_HOUR,
                night.skipped_ms / MS_PER_HOUR,
                night.failed_ms / MS_PER_HOUR,
            )
            for date, night in nights
        ]
    )


def _unknown(name: str) -> Refusal:
    return Refusal(404, f"corpus {name}: not in the tables")
