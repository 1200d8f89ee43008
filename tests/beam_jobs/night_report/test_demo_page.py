"""The page of the demo night: its figures, its segments, and that it needs nothing else."""

from __future__ import annotations

import re
import shutil
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import av
import pytest
from PIL import Image

from beam_jobs.cli import main
from tests.beam_jobs.demo import GIVEN, demo_night
from tests.beam_jobs.night_report.seen import Seen, page_of, read_page

LARGEST_BYTES = 4_000_000


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    copy = tmp_path_factory.mktemp("report") / "out"
    shutil.copytree(demo_night(shared), copy)
    return copy


@pytest.fixture(scope="module")
def page(out: Path) -> Seen:
    assert main(["report", "--out", str(out), *GIVEN]) == 0
    return read_page(page_of(out, "demo", "demo"))


def test_the_hours_of_the_night(page: Seen) -> None:
    assert page.after("Hours", 13) == [
        *("In", "0:22 h", "8 recordings"),
        *("Annotated", "0:22 h", "100 %"),
        *("Skipped", "0 h", "0 %"),
        *("Failed", "0 h", "0 %"),
        "Nothing was skipped, and nothing failed while it was annotated.",
    ]
    assert page.after("demo", 2) == ["21 November 2026, run", "demo"]
    assert page.after("Against the night before", 1) == [
        "Of this corpus no earlier night is published."
    ]
    assert page.after("Segments and answers", 1) == ["525 answers, 4 with a flag (0.8 %)."]


def test_three_distributions_and_the_hours_of_each_corpus_are_drawn(page: Seen) -> None:
    assert len(page.all("svg")) == 4
    assert page.after("Corpus", 11) == [
        *("nights", "in", "annotated", "skipped", "failed"),
        *("demo", "1", "0:22 h", "0:22 h", "0 h", "0 h"),
    ]
    for text in (
        "75 values, median 17.4 s",
        "525 values, median −0.0085",
        "Answers by flag",
        "no_speech",
    ):
        assert text in page.texts


def test_ten_least_certain_and_ten_other_segments_with_all_that_was_said(page: Seen) -> None:
    assert page.after("The least certain", 1) == ["10 segments"]
    assert page.after("A sample", 1) == ["10 segments"]
    assert len(page.all("article")) == 20
    classes = [attributes.get("class", "") for attributes in page.all("div")]
    kinds = [name.removesuffix(" least") for name in classes if name.startswith("said ")]
    assert kinds == ["said caption", "said transcript", *["said answer"] * 5] * 20
    assert sum(name.endswith(" least") for name in classes) == 10
    labels = [attributes["aria-label"] for attributes in page.all("audio")]
    assert labels[0] == "history_evening.mp3, 9:03 to 9:20"
    assert len(set(labels)) == 20
    assert page.after("history_evening.mp3", 9) == [
        "9:03 to 9:20",
        "Caption",
        "A telephone, then a man speaking about history, then a bell,"
        " then a man speaking about history.",
        "caption: log-probability −0.001",
        "Transcript",
        "fifty medieval white fortress reports from bucharest some medieval princess will be greedy"
        " because laura excavated it friday every ancient museum will be romantic because dominic"
        " besieged it april",
        "transcript: log-probability −0.015",
        "Is there music in the audio?",
        "No.",
    ]


def test_each_segment_can_be_heard_and_seen(page: Seen) -> None:
    pictures, sounds = page.all("img"), page.all("audio")
    assert len(pictures) == len(sounds) == 20
    for picture, sound in zip(pictures, sounds, strict=True):
        assert picture["alt"] == f"Spectrogram of {sound['aria-label']}"
        with Image.open(BytesIO(_content(picture["src"], "image/png"))) as image:
            assert image.size == (640, 112)
        with av.open(BytesIO(_content(sound["src"], "audio/webm")), "r") as container:
            [stream] = container.streams.audio
            assert (stream.codec_context.name, stream.codec_context.layout.name) == (
                "opus",
                "mono",
            )
            first, last = re.findall(r"(\d+):(\d\d)", sound["aria-label"])
            length_s = _seconds(last) - _seconds(first)
            assert container.duration is not None
            assert container.duration / av.time_base == pytest.approx(length_s, abs=1.1)


def test_the_page_needs_nothing_else(out: Path) -> None:
    path = page_of(out, "demo", "demo")
    text = path.read_text("utf-8")
    assert set(re.findall(r"https?://[^\"' <]+", text)) == {"http://www.w3.org/2000/svg"}
    seen = Seen(text)
    loaded = [a["src"] for _, a in seen.elements if "src" in a]
    assert len(loaded) == 40
    assert all(address.startswith("data:") for address in loaded)
    assert [a["href"] for a in seen.all("link")] == ["data:,"]
    assert not seen.all("script")
    assert set(re.findall(r"url\((.)", text)) == {"#"}
    assert path.stat().st_size < LARGEST_BYTES


def test_the_same_tables_give_the_same_page(out: Path, page: Seen) -> None:
    path = page_of(out, "demo", "demo")
    before = path.read_bytes()
    path.unlink()
    assert main(["report", "--out", str(out), *GIVEN]) == 0
    assert path.read_bytes() == before


def test_a_clip_that_is_gone_is_said_in_its_place(out: Path, page: Seen, tmp_path: Path) -> None:
    copy = tmp_path / "out"
    shutil.copytree(out, copy)
    shutil.rmtree(copy / "clips")
    assert main(["report", "--out", str(copy), *GIVEN]) == 0
    seen = read_page(page_of(copy, "demo", "demo"))
    assert (len(seen.all("article")), len(seen.all("audio")), len(seen.all("img"))) == (20, 0, 0)
    gone = [text for text in seen.texts if text.startswith("No sound: clips/")]
    assert len(gone) == 20
    assert gone[0].endswith(
        f": the clip is gone; cut its recording again: af3 retry --recording ID --out {copy}"
        f" --corpus demo, af3 segment --out {copy} --corpus demo"
    )


def _content(address: str, kind: str) -> bytes:
    head, _, content = address.partition(",")
    assert head == f"data:{kind};base64"
    return b64decode(content, validate=True)


def _seconds(clock: tuple[str, str]) -> int:
    return 60 * int(clock[0]) + int(clock[1])
