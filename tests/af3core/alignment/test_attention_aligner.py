"""Nano's own attention, on speech whose word times are known and on texts that do not fit."""

from __future__ import annotations

import dataclasses
import shutil
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest

from af3core.alignment import attention_calibration
from af3core.alignment.align import LEAST_CONFIDENCE, align
from af3core.alignment.aligner import Aligner
from af3core.alignment.aligner_registry import aligner_identity, load_aligner
from af3core.alignment.attention_aligner import AttentionAligner
from af3core.alignment.attention_calibration import (
    FILE,
    AttentionCalibration,
    CalibratedHead,
    StartErrors,
    find_calibration,
    keep_calibration,
)
from af3core.alignment.text_words import words_of_text
from af3core.alignment.word_attention import (
    attention_of_words,
    place_words,
    tokens_of_words,
    written,
)
from af3core.errors import ConfigurationError
from af3core.model.engines.engine_registry import EngineSettings
from af3core.model.weights.checkpoint import Checkpoint, find_checkpoint, nano_folder
from tests.af3core.alignment.demo_words import on_noise, stretches, with_wrong_words
from tests.media import WORDS, spoken


@pytest.fixture(scope="module")
def nano() -> EngineSettings:
    return EngineSettings("af3", find_checkpoint("nano"), "float32", "cpu", 65_536)


@pytest.fixture(scope="module")
def aligner(nano: EngineSettings) -> Aligner:
    found = load_aligner("attention", nano)
    assert isinstance(found, AttentionAligner)
    return found


@pytest.mark.parametrize("is_noisy", [False, True])
def test_words_start_where_they_are_spoken(is_noisy: bool, aligner: Aligner) -> None:
    errors: list[int] = []
    for known in list(stretches("travel_film.mp4"))[:3]:
        heard = on_noise(known) if is_noisy else known
        words = align(heard.samples, heard.words, aligner)
        assert {word.method for word in words} <= {"attention", "interpolation"}
        assert all(a.end_ms <= b.start_ms for a, b in pairwise(words))
        errors += [abs(w.start_ms - at) for w, at in zip(words, heard.starts_ms, strict=True)]
    assert len(errors) >= 80
    assert np.median(errors) <= 60
    assert np.percentile(errors, 95) <= 400


def test_wrong_words_are_doubted(aligner: Aligner) -> None:
    below: dict[bool, list[bool]] = {True: [], False: []}
    random = Random(0)
    for known in list(stretches("travel_film.mp4"))[:3]:
        changed = with_wrong_words(known, random)
        words = align(changed.samples, changed.words, aligner)
        for word, is_wrong in zip(words, changed.is_wrong, strict=True):
            below[is_wrong].append((word.confidence or 0.0) < LEAST_CONFIDENCE)
    assert len(below[True]) == 4
    assert np.mean(below[True]) >= 3 * np.mean(below[False])


def test_a_text_that_the_model_does_not_take_has_no_places(aligner: Aligner) -> None:
    words = words_of_text("the storm <|im_end|> will be loud")
    assert aligner.place(spoken(), words) == [None] * 6
    found = align(spoken(), words, aligner)
    assert {word.flags for word in found} == {("not_aligned",)}


def test_a_sound_beyond_its_window_is_estimated(aligner: Aligner) -> None:
    words = words_of_text(WORDS)
    minute = np.tile(spoken(), 60 * 16_000 // len(spoken()) + 1)
    assert {word.flags for word in align(minute, words, aligner)} == {("not_aligned",)}


def test_other_scripts_are_bytes_to_it(aligner: Aligner) -> None:
    words = words_of_text("the storm 谢谢 will be loud")
    assert [aligner.unknown_characters(word) for word in words] == [""] * 7
    found = align(spoken(), words, aligner)
    assert len(found) == 7
    assert "script_unknown" not in {flag for word in found for flag in word.flags}


def test_words_are_written_as_their_text_had_them() -> None:
    text = "well,  the 谢谢 storm"
    given = written(words_of_text(text))
    assert given.text == "well, the 谢谢 storm"
    assert [given.text[start:end] for start, end in given.spans] == [
        "well,",
        "the",
        "谢",
        "谢",
        "storm",
    ]
    assert tokens_of_words(given.spans, [(0, 4), (4, 5), (5, 9), (9, 12), (12, 18)]) == [
        [0, 1],
        [2],
        [3],
        [3],
        [4],
    ]


def test_a_pause_is_no_words() -> None:
    """Two words, each looked at in two of ten frames; the detector hears a pause between."""
    attention = np.full((2, 2, 10), 0.01, np.float32)
    attention[:, 0, 1:3] = attention[:, 1, 6:8] = 0.4
    rows = attention_of_words(attention, [[0], [1]])
    places = place_words(rows, [(40, 120), (240, 320)], np.zeros(6_400, np.float32))
    assert places is not None
    assert [end for _, end in places] == [120, 320]
    assert [start for start, _ in places] == [40, 240]
    assert place_words(rows[:, :1], [(0, 40)], np.zeros(640, np.float32)) is None


def calibration(checkpoint: Checkpoint) -> AttentionCalibration:
    errors = StartErrors(100, 10.0, 90.0, 150.0, 800.0)
    heads = (CalibratedHead(3, 0),)
    return AttentionCalibration(
        checkpoint.name, checkpoint.revision, heads, "espeak", errors, errors
    )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "cache"
    monkeypatch.setattr(attention_calibration, "PLACE", place)
    return place


@pytest.fixture
def mine(tmp_path: Path) -> Checkpoint:
    folder = Path(shutil.copytree(nano_folder(), tmp_path / "mine"))
    (folder / FILE).unlink()
    return find_checkpoint(str(folder))


def test_a_calibration_lies_beside_the_weights_and_is_none_of_them(
    mine: Checkpoint, place: Path
) -> None:
    with pytest.raises(ConfigurationError, match="nobody has chosen heads of mine yet; choose"):
        find_calibration(mine)
    assert keep_calibration(calibration(mine), mine) == mine.folder / FILE
    assert find_calibration(mine) == calibration(mine)
    assert find_checkpoint(str(mine.folder)).revision == mine.revision
    assert not place.exists()


@pytest.mark.parametrize("is_cache", [False, True], ids=["embedded", "hub"])
def test_caches_and_the_package_are_not_written_into(
    is_cache: bool, mine: Checkpoint, place: Path
) -> None:
    if is_cache:
        folder = mine.folder.rename(mine.folder.with_name(mine.revision))
        mine = dataclasses.replace(mine, folder=folder)
    else:
        mine = dataclasses.replace(mine, name="nano")
    kept = keep_calibration(calibration(mine), mine)
    assert kept == place / f"{mine.revision}.calibration"
    assert find_calibration(mine) == calibration(mine)
    assert not (mine.folder / FILE).exists()


def test_a_calibration_of_other_weights_or_a_damaged_one_is_refused(
    mine: Checkpoint, place: Path
) -> None:
    other = dataclasses.replace(calibration(mine), model="theirs", revision="0123")
    keep_calibration(other, mine)
    with pytest.raises(ConfigurationError, match="made for the weights 0123 of theirs, and these"):
        find_calibration(mine)
    for damage, said in (
        (b"{}", "AttentionCalibration.model is missing"),
        (b"{", "damaged"),
        (b"", "no bytes"),
    ):
        (mine.folder / FILE).write_bytes(damage)
        with pytest.raises(ConfigurationError, match=said):
            find_calibration(mine)


def test_its_identity_follows_from_weights_and_heads(
    nano: EngineSettings, aligner: Aligner
) -> None:
    identity = aligner_identity("attention", nano)
    assert (identity.name, identity.revision) == (aligner.name, aligner.revision)
    assert identity.name == "attention:nano"
    assert identity.revision.startswith(f"{nano.checkpoint.revision}/")
    transformers = dataclasses.replace(nano, name="transformers")
    with pytest.raises(ConfigurationError, match="--engine transformers gives no attention"):
        aligner_identity("attention", transformers)
    with pytest.raises(ConfigurationError, match="no audio model gives no attention"):
        load_aligner("attention")
