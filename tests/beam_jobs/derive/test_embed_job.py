"""`af3 embed`: unit vectors of segments and captions, made once, on a disk and in a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from beam_jobs.derive import embed_job
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.run_night import run_night
from tests.beam_jobs.small_night import make_archive, night, rows, settings_of
from tests.faulty_network import Network, between, every
from tests.storage_server import BUCKET, bucket, found_at, server_address, upload

ARCHIVE = f"gs://{BUCKET}/archive"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_archive(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def out(archive: Path, untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("night") / "out"
    night(archive, folder, untrained)
    return folder


@pytest.fixture
def network(archive: Path) -> Iterator[Network]:
    with bucket(), between(server_address()) as network:
        upload(archive, sorted(archive.rglob("*")), "archive")
        with found_at(network.address):
            yield network


def test_every_annotated_segment_has_its_vectors(archive: Path, out: Path, untrained: Path) -> None:
    settings = settings_of(archive, out, untrained, job="embed")
    first = embed_job.run(settings)
    found = rows(out, "embeddings")
    captions = {row["segment_id"]: row["text"] for row in rows(out, "captions")}
    assert {row["segment_id"]: row["caption"] for row in found} == captions
    assert first.facts == {
        "captions": sum(map(bool, captions.values())),
        "segments": len(found),
        "sounds": len(found),
        "made_now": 2,
        "failures": 0,
    }
    for row in found:
        assert len(row["audio_embedding"]) == 256
        assert np.linalg.norm(row["audio_embedding"]) == pytest.approx(1.0, abs=1e-6)
        assert row["audio_model"] == f"{settings.checkpoint.name}@{settings.checkpoint.revision}"
        assert row["text_model"].startswith("all-MiniLM-L6-v2@")
        assert row["caption_embedding"] is None or len(row["caption_embedding"]) == 384

    again = embed_job.run(settings_of(archive, out, untrained, job="embed"))
    assert again.facts == first.facts | {"made_now": 0}
    assert rows(out, "embeddings") == found


def test_a_served_model_gives_no_states(out: Path) -> None:
    served = ["--engine", "openai", "--endpoint", "http://127.0.0.1:9/v1", "--model", "served"]
    done = embed_job.run(settings_for("embed", "--out", out, *served))
    assert done.facts["failures"] == done.facts.get("sounds", 0) == 0
    for row in rows(out, "embeddings"):
        assert row["audio_embedding"] is None
        assert row["audio_model"] == ""


def test_a_clip_that_is_gone_waits_and_is_tried_again(
    archive: Path, untrained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run_night(settings_of(archive, out, untrained))
    clip = sorted((out / "clips").rglob("*.flac"))[0]
    kept = clip.read_bytes()
    clip.unlink()
    done = embed_job.run(settings_of(archive, out, untrained, job="embed"))
    assert (done.facts["failures"], done.waiting) == (0, {"ClipMissing": 1})
    assert len({row["recording_id"] for row in rows(out, "embeddings")}) == 1
    clip.write_bytes(kept)
    embed_job.run(settings_of(archive, out, untrained, job="embed"))
    assert len({row["recording_id"] for row in rows(out, "embeddings")}) == 2


@pytest.mark.storage_server
def test_in_a_bucket_over_a_bad_network_a_clip_is_fetched_once(
    network: Network, archive: Path, out: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed_job.run(settings_of(archive, out, untrained, job="embed"))
    local = rows(out, "embeddings")
    away = f"gs://{BUCKET}/nights/out"
    night(ARCHIVE, away, untrained)
    before = network.downloads("nights/out/clips/")
    embed_job.run(settings_of(ARCHIVE, away, untrained, job="embed"))
    clips = {row["clip_id"] for row in local}
    assert network.downloads("nights/out/clips/") - before == len(clips)
    assert rows(away, "embeddings") == local

    monkeypatch.setattr("af3core.storage.bucket_client.RETRY_FIRST_S", 0.05)
    network.faults = every({"503": 5, "cut answer": 4, "cut upload": 3})
    embed_job.run(settings_of(ARCHIVE, away, untrained, job="embed"))
    assert rows(away, "embeddings") == local
