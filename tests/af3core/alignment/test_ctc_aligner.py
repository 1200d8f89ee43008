"""A CTC model of transformers: the embedded one, in the files that any checkpoint has."""

from __future__ import annotations

import functools
import json
import shutil
from pathlib import Path
from random import Random

import numpy as np
import pytest

from af3core.alignment.align import align
from af3core.alignment.aligner_registry import aligner_identity, load_aligner
from af3core.alignment.ctc_aligner import CtcAligner
from af3core.alignment.ctc_checkpoint import find_ctc_checkpoint
from af3core.alignment.text_words import words_of_text
from af3core.errors import ConfigurationError
from af3core.nano.ctc_model import VOCABULARY, new_ctc_model
from af3core.nano.ctc_training import spoken_scene, train_ctc
from schemas.options.derive import NANO_CTC
from tests.af3core.alignment.demo_words import (
    Stretch,
    on_music,
    on_noise,
    stretches,
    with_wrong_words,
)
from tests.media import spoken


@functools.cache
def known() -> list[Stretch]:
    return [*list(stretches("cooking_show.opus"))[:2], *list(stretches("reel_17.wav"))[:1]]


@pytest.mark.parametrize(
    ("changed", "most_ms"), [(lambda s: s, 150), (on_noise, 200), (on_music, 250)]
)
def test_words_start_where_they_are_spoken(changed: object, most_ms: int) -> None:
    assert callable(changed)
    aligner = load_aligner(NANO_CTC)
    errors: list[int] = []
    for stretch in map(changed, known()):
        found = align(stretch.samples, stretch.words, aligner)
        pairs = zip(found, stretch.starts_ms, strict=True)
        errors += [abs(word.start_ms - start_ms) for word, start_ms in pairs]
    assert len(errors) == 113
    assert np.median(errors) <= 50
    assert np.percentile(errors, 95) <= most_ms


def test_wrong_words_are_doubted_and_right_ones_are_not() -> None:
    aligner, random = load_aligner(NANO_CTC), Random(1)
    doubted: dict[bool, list[bool]] = {True: [], False: []}
    for stretch in known():
        changed = with_wrong_words(stretch, random)
        found = align(changed.samples, changed.words, aligner)
        for word, is_wrong in zip(found, changed.is_wrong, strict=True):
            doubted[is_wrong].append("low_alignment" in word.flags)
    assert np.mean(doubted[True]) >= 3 * np.mean(doubted[False])


def test_what_a_model_lacks_is_passed_over_as_a_star() -> None:
    aligner = load_aligner(NANO_CTC)
    assert aligner is not None
    known_word, accented, foreign = words_of_text("storm café 谢")
    assert [aligner.unknown_characters(w) for w in (known_word, accented, foreign)] == [
        "",
        "",
        "谢",
    ]
    text = "the storm will be 谢 loud tomorrow because the river flooded this garden in london"
    words = align(spoken(), words_of_text(text), aligner)
    assert words[4].flags == ("script_unknown",)
    assert words[3].end_ms <= words[4].start_ms <= words[4].end_ms <= words[5].start_ms
    assert {word.method for word in words} == {"ctc", "interpolation"}


def test_its_name_and_revision_are_those_of_its_files(tmp_path: Path) -> None:
    found = find_ctc_checkpoint(NANO_CTC)
    copy = Path(shutil.copytree(found.folder, tmp_path / "mine"))
    assert aligner_identity(str(copy)).revision == found.revision
    assert aligner_identity(str(copy)).name == "mine"
    settings = json.loads((copy / "vocab.json").read_text())
    (copy / "vocab.json").write_text(json.dumps(settings | {"ä": len(settings)}))
    assert find_ctc_checkpoint(str(copy)).revision != found.revision


def test_a_folder_that_holds_no_model_is_said(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ConfigurationError, match=r"no whole CTC checkpoint"):
        CtcAligner(find_ctc_checkpoint(str(tmp_path)))


def test_the_training_writes_what_transformers_reads(tmp_path: Path) -> None:
    train_ctc(tmp_path / "small", hours=0.004, minutes=0.01)
    aligner = CtcAligner(find_ctc_checkpoint(str(tmp_path / "small")))
    assert len(aligner.place(spoken(), words_of_text("the storm will be loud"))) == 5
    assert sum(weight.numel() for weight in new_ctc_model().parameters()) < 5_000_000


def test_frames_have_the_letters_of_their_word() -> None:
    letters = {number: token for token, number in VOCABULARY.items()}
    random = Random(3)
    scene = next(s for s in (spoken_scene(random) for _ in range(50)) if s.text)
    text = "".join(letters[token] for token in scene.text)
    heard, before = "", ""
    for token in (letters[int(frame)] for frame in scene.frames):
        heard += token if token != before and len(token) == 1 else ""
        before = token
    assert heard.strip("|").split("|")[:3] == text.split("|")[:3]
