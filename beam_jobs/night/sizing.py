"""What an archive of so many hours needs: GPUs, cores, storage, requests, money. Pure arithmetic.

`plan` estimates a night with `gpu_hours`; `af3 plan --hours` sizes any archive with `size`.
infra/README.md says where each figure comes from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from schemas.options.night import Budget

MS_PER_HOUR = 3_600_000
CPU_RATE = 300.0
"""Seconds of audio that one core decodes, cuts and measures in a second (tests/benchmarks)."""
CLIP_H, SEGMENT_S = 1 / 6, 25.0
RECORDINGS_PER_HOUR = 2.0
"""Broadcasts of half an hour."""

PER_RECORDING = (11, 14)
PER_CLIP = (4, 4)
PER_SHARD = (18, 14)
"""Requests of classes A (uploads, listings) and B (downloads, metadata), from discover to publish;
counted at a storage server by tests/beam_jobs/night/test_sizing.py."""

CLIP_BYTES_PER_HOUR = 65_000_000
LEDGER_BYTES_PER_HOUR = 1_200_000
TABLE_BYTES_PER_HOUR = 100_000
MANIFEST_BYTES_PER_RECORDING = 600
"""As the demo archive with its seven tasks; longer answers add to ledger and tables."""

CLASS_A_PRICE, CLASS_B_PRICE = 0.005 / 1000, 0.0004 / 1000
STORAGE_PRICE = 0.020
"""A GB and month, standard class in one region (cloud.google.com/storage/pricing, US lists)."""
CORE_PRICE = 0.05
"""A core with its memory for an hour, rounded up from list prices."""

REQUEST_S = 0.05
PAGE_S, PAGE_OBJECTS = 0.3, 1000
CONNECTIONS = 32
BUCKET_REQUESTS_PER_S = 5000
"""What a bucket takes at once before it has split its range of names
(cloud.google.com/storage/docs/request-rate: 1,000 writes, 5,000 reads)."""
MAX_MANIFEST_BYTES = 100_000_000


@dataclass(frozen=True)
class Bottleneck:
    """Something that the work uses up; `share` 1 is all that one unit of it gives in the window."""

    name: str
    share: float
    remedy: str


@dataclass(frozen=True)
class Size:
    """What an archive needs; money in the currency of the prices, storage a month."""

    hours: float
    window_h: float
    recordings: int
    clips: int
    segments: int
    gpu_hours: float
    core_hours: float
    class_a: int
    class_b: int
    clip_gb: float
    ledger_gb: float
    table_gb: float
    gpu_cost: float
    core_cost: float
    request_cost: float
    storage_cost_a_month: float
    bottlenecks: tuple[Bottleneck, ...]

    @property
    def gpus(self) -> int:
        """How many are done within the window."""
        return max(1, math.ceil(self.gpu_hours / self.window_h))

    @property
    def cores(self) -> int:
        return max(1, math.ceil(self.core_hours / self.window_h))

    @property
    def cost_once(self) -> float:
        return self.gpu_cost + self.core_cost + self.request_cost


def gpu_hours(audio_ms: int, rate: float) -> float:
    """Hours of one GPU for audio at `rate` seconds of audio a second."""
    return audio_ms / MS_PER_HOUR / rate


def size(hours: float, window_h: float, rate: float, budget: Budget, days: int = 1) -> Size:
    """Size an archive of `hours` that is to be annotated within `window_h`.

    Args:
        hours: of audio.
        window_h: in which all of it is to be done.
        rate: seconds of audio per second of GPU.
        budget: prices.
        days: archive days over which the hours spread.
    """
    recordings = math.ceil(hours * RECORDINGS_PER_HOUR)
    clips = max(recordings, math.ceil(hours / CLIP_H))
    class_a, class_b = (
        recordings * PER_RECORDING[k] + clips * PER_CLIP[k] + days * PER_SHARD[k] for k in (0, 1)
    )
    on_gpus = gpu_hours(round(hours * MS_PER_HOUR), rate)
    on_cores = hours / CPU_RATE
    gigabytes = [
        hours * each / 1e9
        for each in (CLIP_BYTES_PER_HOUR, LEDGER_BYTES_PER_HOUR, TABLE_BYTES_PER_HOUR)
    ]
    return Size(
        hours=hours,
        window_h=window_h,
        recordings=recordings,
        clips=clips,
        segments=math.ceil(hours * 3600 / SEGMENT_S),
        gpu_hours=on_gpus,
        core_hours=on_cores,
        class_a=class_a,
        class_b=class_b,
        clip_gb=gigabytes[0],
        ledger_gb=gigabytes[1],
        table_gb=gigabytes[2],
        gpu_cost=on_gpus * budget.gpu_price,
        core_cost=on_cores * CORE_PRICE,
        request_cost=class_a * CLASS_A_PRICE + class_b * CLASS_B_PRICE,
        storage_cost_a_month=sum(gigabytes) * STORAGE_PRICE,
        bottlenecks=_bottlenecks(
            recordings, clips, class_a + class_b, on_gpus, on_cores, window_h, days
        ),
    )


def _bottlenecks(
    recordings: int,
    clips: int,
    requests: int,
    on_gpus: float,
    on_cores: float,
    window_h: float,
    days: int,
) -> tuple[Bottleneck, ...]:
    """What runs out first comes first."""
    window_s = window_h * 3600
    listing_s = recordings / PAGE_OBJECTS * PAGE_S
    missing_s = (3 * recordings + clips) * REQUEST_S / CONNECTIONS
    assembling_s = (2 * recordings + clips) / days * REQUEST_S / CONNECTIONS
    plan_bytes = recordings / days * MANIFEST_BYTES_PER_RECORDING
    found = (
        Bottleneck("GPUs", on_gpus / window_h, "more of them: parts in the corpus file"),
        Bottleneck("cores that decode and cut", on_cores / window_h, "more CPU workers"),
        Bottleneck(
            "requests to one bucket",
            requests / window_s / BUCKET_REQUESTS_PER_S,
            "buckets split their names by themselves as load grows; a bucket per corpus",
        ),
        Bottleneck(
            "listing the archive",
            listing_s / window_s,
            "objects in many folders, which are listed at once; a corpus per collection",
        ),
        Bottleneck(
            "one process that finds what is missing",
            missing_s / window_s,
            "backfills by archive day instead of one interval",
        ),
        Bottleneck(
            "one process that assembles a day's shard", assembling_s / window_s, "more shards"
        ),
        Bottleneck(
            "the plan of one day, which is one object",
            plan_bytes / MAX_MANIFEST_BYTES,
            "a corpus per collection, so that a day's plan stays below 100 MB",
        ),
    )
    return tuple(sorted(found, key=lambda bottleneck: bottleneck.share, reverse=True))


def lines(sized: Size, rate_basis: str) -> list[str]:
    """The size for people, one subject a line."""
    first, second = sized.bottlenecks[:2]
    return [
        f"audio       {sized.hours:,.0f} h in about {sized.recordings:,} recordings,"
        f" {sized.clips:,} clips, {sized.segments:,} segments",
        f"GPUs        {sized.gpus:,} for {sized.window_h:g} h: {sized.gpu_hours:,.1f} GPU hours"
        f" {rate_basis}",
        f"cores       {sized.cores:,} for {sized.window_h:g} h: {sized.core_hours:,.1f} core hours"
        f" at {CPU_RATE:g}x real time",
        f"storage     {sized.clip_gb:,.1f} GB of clips, {sized.ledger_gb:,.2f} GB of ledger,"
        f" {sized.table_gb:,.3f} GB of tables",
        f"requests    {sized.class_a:,} of class A, {sized.class_b:,} of class B",
        f"cost once   {sized.cost_once:,.2f}: GPUs {sized.gpu_cost:,.2f},"
        f" cores {sized.core_cost:,.2f}, requests {sized.request_cost:,.2f}",
        f"a month     {sized.storage_cost_a_month:,.2f} for storage",
        f"bottleneck  {_bottleneck_text(first)}",
        f"the next    {_bottleneck_text(second)}",
    ]


def _bottleneck_text(bottleneck: Bottleneck) -> str:
    return f"{bottleneck.name}, {bottleneck.share:.3g} of one; remedy: {bottleneck.remedy}"
