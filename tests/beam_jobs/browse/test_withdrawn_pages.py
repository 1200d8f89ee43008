"""The page of a recording that is withdrawn: gone with its sound, and from all that is counted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from af3core.storage.address import store_at
from beam_jobs.framework.ledger import Ledger
from tests.beam_jobs.browse.served import Site, served
from tests.beam_jobs.small_night import DAY, make_archive, night
from tests.beam_jobs.tombstones import restore, tombstone, withdraw
from tests.made_once import made_once
from tests.storage_server import BUCKET_PARAM, bucket_with


@pytest.fixture(scope="module")
def made(shared: Path, untrained: Path) -> Path:
    def make(folder: Path) -> None:
        night(make_archive(folder / "arc"), folder / "out", untrained)

    return made_once(shared, "withdrawn-pages", make) / "out"


@pytest.fixture(params=["folder", BUCKET_PARAM])
def address(request: pytest.FixtureRequest, made: Path, tmp_path: Path) -> Iterator[str]:
    if request.param == "folder":
        yield str(shutil.copytree(made, tmp_path / "out"))
        return
    with bucket_with(made, made.rglob("*"), "nights/withdrawn") as bucket:
        yield bucket


def recordings(site: Site) -> list[str]:
    [corpus] = site.json("/api/about")["corpora"]
    [(counted,)] = site.sql("SELECT count(*) FROM recordings").json["rows"]
    [night] = site.json("/api/corpus/default")["nights"]
    newest = site.json("/api/search")["hits"]
    assert corpus["recordings"] == counted == night["recordings"] == len(newest)
    return sorted(hit["recording_id"] for hit in newest)


def test_a_withdrawn_recording_is_gone_from_every_page_at_once(address: str) -> None:
    store = store_at(address)
    plan = Ledger(store).stored_manifest("default", DAY)
    assert plan is not None
    every = sorted(r.recording_id for r in plan.recordings)
    [long] = [r for r in plan.recordings if r.uri.endswith("long.mp3")]
    name = long.recording_id
    with served(address) as site:
        assert recordings(site) == every
        page = site.json(f"/api/recording/{name}?corpus=default")
        audio = page["clips"][0]["url"]
        segment = page["segments"][0]["segment_id"]
        picture = f"/spectrogram/default/{DAY}/{name}/{segment}.png"
        subtitles = f"/subtitles/{name}.vtt?corpus=default"
        for path in (audio, picture, subtitles):
            assert site.ask(path).status == 200, path

        withdraw(store, plan, "long.mp3")
        assert recordings(site) == [other for other in every if other != name]
        words = f"/api/recording/{name}/words?segment={segment}"
        for path in (audio, picture, subtitles, words, f"/api/recording/{name}"):
            reply = site.ask(path)
            assert (reply.status, reply.error) == (410, f"recording {name}: withdrawn"), path
        # whoever knows the name of its clip and takes another recording's is told nothing either
        other = next(each for each in every if each != name)
        assert site.ask(audio.replace(name, other)).status == 404
        counted = site.sql(f"SELECT count(*) FROM segments WHERE recording_id = '{name}'")
        assert counted.json["rows"] == [[0]]

        restore(store, tombstone("default", name, long.content_sha256))
        assert recordings(site) == every
        assert site.ask(audio).status == 200
