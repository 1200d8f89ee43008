"""Clips by byte ranges and pictures of segments, from a folder and from a bucket."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from tests.beam_jobs.browse.served import Site, served
from tests.beam_jobs.demo import browsed_night
from tests.storage_server import BUCKET_PARAM, bucket_with

REEL = "218d54029586124a44971d56"
RATE_HZ = 16_000


@pytest.fixture(scope="module")
def night(shared: Path) -> Path:
    return browsed_night(shared)


@pytest.fixture(scope="module", params=["folder", BUCKET_PARAM])
def site(request: pytest.FixtureRequest, night: Path) -> Iterator[Site]:
    if request.param == "folder":
        with served(night) as site:
            yield site
        return
    kept = [path for name in ("tables", "clips") for path in (night / name).rglob("*")]
    with bucket_with(night, kept, "nights/demo") as address, served(address) as site:
        yield site


@pytest.fixture
def reel(site: Site) -> dict[str, Any]:
    """The page of a recording of 51 s."""
    page: dict[str, Any] = site.json(f"/api/recording/{REEL}")
    return page


@pytest.fixture
def clip(night: Path) -> bytes:
    """The one clip of the recording."""
    [path] = (night / "clips" / REEL).rglob("*.flac")
    return path.read_bytes()


def test_the_whole_clip(site: Site, reel: dict[str, Any], clip: bytes) -> None:
    reply = site.ask(reel["clips"][0]["url"])
    assert (reply.status, reply.headers["content-type"]) == (200, "audio/flac")
    assert reply.headers["accept-ranges"] == "bytes"
    assert reply.body == clip


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-999", 0, 1_000),
        ("bytes=1000-1999", 1_000, 2_000),
        ("bytes=400000-", 400_000, None),
        ("bytes=-500", -500, None),
        ("bytes=0-99999999", 0, None),
        ("bytes=300000-700000", 300_000, 700_001),
    ],
)
def test_a_part_is_that_part(
    site: Site, reel: dict[str, Any], clip: bytes, wanted: str, start: int, end: int | None
) -> None:
    reply = site.ask(reel["clips"][0]["url"], {"Range": wanted})
    part = clip[start:end]
    first = start % len(clip)
    assert reply.status == 206
    assert reply.headers["content-range"] == f"bytes {first}-{first + len(part) - 1}/{len(clip)}"
    assert reply.headers["content-length"] == str(len(part))
    assert reply.body == part


def test_parts_put_together_are_heard_as_the_clip(
    site: Site, reel: dict[str, Any], clip: bytes
) -> None:
    """As a player fetches them: the start, then what comes after."""
    url = reel["clips"][0]["url"]
    first = site.ask(url, {"Range": "bytes=0-65535"})
    rest = site.ask(url, {"Range": "bytes=65536-", "If-Range": first.headers["etag"]})
    heard, rate_hz = soundfile.read(io.BytesIO(first.body + rest.body), dtype="float32")
    expected, _ = soundfile.read(io.BytesIO(clip), dtype="float32")
    assert rate_hz == RATE_HZ
    segment = reel["segments"][1]["audio"]
    part = slice(int(segment["start_s"] * RATE_HZ), int(segment["end_s"] * RATE_HZ))
    assert np.array_equal(heard[part], expected[part])
    assert np.abs(heard[part]).max() > 0.05


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=99999999-999999999", "bytes=-0"])
def test_a_range_outside_is_416(site: Site, reel: dict[str, Any], clip: bytes, wanted: str) -> None:
    reply = site.ask(reel["clips"][0]["url"], {"Range": wanted})
    assert reply.status == 416
    assert reply.headers["content-range"] == f"bytes */{len(clip)}"
    assert reply.error == f"range {wanted}: the clip has {len(clip)} bytes"


@pytest.mark.parametrize("wanted", ["bytes=1-0", "bytes=0-1,5-9", "seconds=1-2", "bytes=a-b"])
def test_what_is_no_range_gets_the_whole(
    site: Site, reel: dict[str, Any], clip: bytes, wanted: str
) -> None:
    reply = site.ask(reel["clips"][0]["url"], {"Range": wanted})
    assert (reply.status, len(reply.body)) == (200, len(clip))


def test_a_range_of_another_state_gets_the_whole(
    site: Site, reel: dict[str, Any], clip: bytes
) -> None:
    reply = site.ask(
        reel["clips"][0]["url"], {"Range": "bytes=0-9", "If-Range": '"an earlier state"'}
    )
    assert (reply.status, len(reply.body)) == (200, len(clip))


def test_headers_alone(site: Site, reel: dict[str, Any], clip: bytes) -> None:
    reply = site.ask(reel["clips"][0]["url"], method="HEAD")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["content-length"] == str(len(clip))


def test_a_spectrogram_is_a_picture_of_the_size(site: Site, reel: dict[str, Any]) -> None:
    [hit] = [
        hit
        for hit in site.json("/api/search")["hits"]
        if hit["segment_id"] == reel["segments"][0]["segment_id"]
    ]
    reply = site.ask(f"{hit['spectrogram']}?width=320&height=64")
    assert (reply.status, reply.headers["content-type"]) == (200, "image/png")
    with Image.open(io.BytesIO(reply.body)) as picture:
        assert (picture.format, picture.size) == ("PNG", (320, 64))
        assert len(set(picture.convert("L").tobytes())) > 30
    again = site.ask(
        f"{hit['spectrogram']}?width=320&height=64", {"If-None-Match": reply.headers["etag"]}
    )
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize("size", ["width=15", "width=99999", "height=0", "height=513", "width=a"])
def test_a_size_that_is_none_is_refused(site: Site, reel: dict[str, Any], size: str) -> None:
    segment = reel["segments"][0]["segment_id"]
    reply = site.ask(f"/spectrogram/demo/2026-11-21/{REEL}/{segment}.png?{size}")
    assert reply.status == 400
    assert size.partition("=")[0] in reply.error


@pytest.mark.parametrize(
    "path",
    [
        "/audio/demo/2026-11-21/{reel}/0123456789abcdef01234567.flac",
        "/audio/demo/2026-11-20/{reel}/{clip}.flac",
        "/audio/other/2026-11-21/{reel}/{clip}.flac",
        "/audio/demo/2026-11-21/0123456789abcdef01234567/{clip}.flac",
        "/audio/demo/2026-11-21/{reel}/{clip}.wav",
        "/audio/demo/2026-11-21/{reel}/..%2f{clip}.flac",
        "/audio/demo/2026-11-21/{reel}/../{clip}.flac",
        "/audio/demo/2026-11-21/%2e%2e/{clip}.flac",
        "/audio/../2026-11-21/{reel}/{clip}.flac",
        "/audio/%2e%2e%2fdemo/2026-11-21/{reel}/{clip}.flac",
        "/audio//etc/passwd",
        "/audio/demo/2026-11-21/{reel}/%00.flac",
        "/audio/demo/2026-11-21/{reel}/{clip}%00.flac",
        "/spectrogram/demo/2026-11-21/{reel}/0123456789abcdef01234567.png",
        "/spectrogram/demo/2026-11-21/{reel}/%2e%2e.png",
        "/spectrogram/demo/../{reel}/{clip}.png",
    ],
)
def test_only_what_the_tables_name_is_served(site: Site, reel: dict[str, Any], path: str) -> None:
    reply = site.ask(path.format(reel=REEL, clip=reel["clips"][0]["clip_id"]))
    assert reply.status == 404
    assert reply.error
