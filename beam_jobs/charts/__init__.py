"""Charts as SVG text: to be put into a page as they are; the page's style may colour them anew."""

from beam_jobs.charts.bars import counts
from beam_jobs.charts.histogram import distribution
from beam_jobs.charts.night_series import NightHours, hours_by_night

__all__ = ["NightHours", "counts", "distribution", "hours_by_night"]
