"""A CTC model of transformers, in the files that any checkpoint has: a small one, made here."""

from __future__ import annotations

import json
import shutil
import sys
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pytest

from af3core.alignment.align import align
from af3core.alignment.aligner_registry import aligner_identity, load_aligner
from af3core.alignment.ctc_aligner import CtcAligner, confidence
from af3core.alignment.ctc_checkpoint import find_ctc_checkpoint
from af3core.alignment.ctc_path import best_path, emissions
from af3core.alignment.text_words import words_of_text
from af3core.errors import ConfigurationError
from af3core.nano import ctc_training
from af3core.nano.ctc_model import VOCABULARY, new_ctc_model
from af3core.nano.ctc_training import spoken_scene, train_ctc
from tests.media import WORDS, spoken


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the training writes it, after a step or two: its times are not those of the words."""
    folder = tmp_path_factory.mktemp("ctc") / "small"
    train_ctc(folder, hours=0.004, minutes=0.01)
    return folder


def test_all_words_have_places_in_order(checkpoint: Path) -> None:
    words = words_of_text(WORDS)
    found = align(spoken(), words, load_aligner(str(checkpoint)))
    assert len(found) == len(words) == 14
    assert {word.method for word in found} == {"ctc"}
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(found))
    assert all(0 <= (word.confidence or 0) <= 1 for word in found)


def with_vocabulary(checkpoint: Path, folder: Path, signs: str) -> CtcAligner:
    """The same model with other signs in place of its first letters."""
    shutil.copytree(checkpoint, folder)
    tokens = json.loads((folder / "vocab.json").read_text("utf-8"))
    for old, new in zip("abcdefghijklmnopqrstuvwxyz", signs, strict=False):
        tokens[new] = tokens.pop(old)
    (folder / "vocab.json").write_text(json.dumps(tokens), "utf-8")
    return CtcAligner(find_ctc_checkpoint(str(folder)))


def test_confidence_is_how_near_a_word_is_to_what_is_heard_without_a_text() -> None:
    silent, one, two = (0.9, 0.05, 0.05), (0.1, 0.8, 0.1), (0.1, 0.1, 0.8)
    frames = np.log(np.array([silent, one, silent, two, two, silent], np.float32))
    sure = {}
    for text in ([1, 2], [1, 1], [2, 2]):
        heard = emissions(frames, text, blank=0)
        path = best_path(heard, text)
        assert path is not None
        start, end = path.spans[0].start, path.spans[-1].end
        sure[tuple(text)] = confidence(heard, path, start, end)
    assert sure[1, 2] == pytest.approx(1.0)  # the silence within it is none of its frames
    assert sure[1, 1] < 0.5
    assert sure[2, 2] < 0.5


RUSSIAN = "абвгдежзийклмнопрстухчшьюя"


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("привет", ""),
        ("Ёлка", ""),  # without its marks
        ("hello", "helo"),
        ("谢", "谢"),
        ("สวัสดี", "สวัดี"),
        ("नमस्ते", "नमस्ते"),
        ("καλά", "καλά"),
        ("1984", "1984"),
        ("привет-world", "world"),
        ("50%", "50"),
    ],
)
def test_characters_that_a_model_lacks_are_those_of_the_text(
    checkpoint: Path, tmp_path: Path, text: str, unknown: str
) -> None:
    aligner = with_vocabulary(checkpoint, tmp_path / "russian", RUSSIAN)
    found = [aligner.unknown_characters(word) for word in words_of_text(text)]
    assert "".join(dict.fromkeys("".join(found))) == unknown


def test_a_mixed_text_falls_back_by_word(checkpoint: Path, tmp_path: Path) -> None:
    aligner = with_vocabulary(checkpoint, tmp_path / "russian", RUSSIAN)
    found = align(spoken(), words_of_text("буря будет hello громкой 1984 завтра 谢 река"), aligner)
    lacking = [at for at, word in enumerate(found) if word.flags == ("script_unknown",)]
    assert lacking == [2, 4, 6]
    assert [found[at].method for at in lacking] == ["interpolation"] * 3
    assert all(found[at].method == "ctc" for at in (0, 1, 3, 5, 7))
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(found))


def test_other_scripts_are_romanised_for_a_model_of_latin_letters(checkpoint: Path) -> None:
    pytest.importorskip("uroman")
    aligner = CtcAligner(find_ctc_checkpoint(str(checkpoint)))
    text = "Привет мир 谢谢 नमस्ते გამარჯობა 안녕"
    assert [aligner.unknown_characters(word) for word in words_of_text(text)] == [""] * 7
    assert {word.method for word in align(spoken(), words_of_text(text), aligner)} == {"ctc"}
    assert " uroman " in aligner_identity(str(checkpoint)).revision


def test_what_a_model_lacks_is_passed_over_as_a_star(checkpoint: Path, tmp_path: Path) -> None:
    aligner = with_vocabulary(checkpoint, tmp_path / "german", "")
    aligner._is_latin = False  # as of one without q: nothing is romanised for it
    words = words_of_text("storm café 谢")
    assert [aligner.unknown_characters(word) for word in words] == ["", "", "谢"]
    text = "the storm will be 谢 loud tomorrow because the river flooded this garden in london"
    found = align(spoken(), words_of_text(text), aligner)
    assert found[4].flags == ("script_unknown",)
    assert found[3].end_ms <= found[4].start_ms <= found[4].end_ms <= found[5].start_ms
    assert {word.method for word in found} == {"ctc", "interpolation"}


def test_its_name_and_revision_are_those_of_its_files(checkpoint: Path, tmp_path: Path) -> None:
    known = aligner_identity(str(checkpoint))
    copy = Path(shutil.copytree(checkpoint, tmp_path / "mine"))
    assert (known.name, aligner_identity(str(copy)).name) == ("small", "mine")
    assert aligner_identity(str(copy)).revision == known.revision
    tokens = json.loads((copy / "vocab.json").read_text())
    (copy / "vocab.json").write_text(json.dumps(tokens | {"ä": len(tokens)}))
    assert find_ctc_checkpoint(str(copy)).revision != known.revision


def test_a_folder_that_holds_no_model_is_said(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(ConfigurationError, match="no whole CTC checkpoint"):
        CtcAligner(find_ctc_checkpoint(str(tmp_path)))


def test_it_is_small() -> None:
    assert sum(weight.numel() for weight in new_ctc_model().parameters()) == 922_878


def test_a_training_goes_on_where_an_earlier_one_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ctc_training, "_SAVE_EVERY_MIN", 0.0)
    monkeypatch.setattr(ctc_training, "_PRINT_EVERY", 1)
    monkeypatch.setattr(ctc_training, "save_ctc_model", lambda *_: sys.exit("ended"))
    with pytest.raises(SystemExit):
        train_ctc(tmp_path, hours=0.004, minutes=0.005)
    assert {path.name for path in tmp_path.iterdir()} == {"training.pt", "scenes.npz"}
    steps = capsys.readouterr().out.count("  step ")
    monkeypatch.undo()
    monkeypatch.setattr(ctc_training, "_PRINT_EVERY", 1)
    train_ctc(tmp_path, hours=0.004, minutes=0.015)
    shown = capsys.readouterr().out
    assert f"  step {steps + 1}  letters" in shown
    assert "  step 1  " not in shown
    assert "scenes" not in shown
    assert {"model.safetensors", "vocab.json"} < {path.name for path in tmp_path.iterdir()}
    assert not (tmp_path / "training.pt").exists()


def test_a_state_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "training.pt").write_bytes(b"no state")
    with pytest.raises(ConfigurationError, match="no state of this training"):
        train_ctc(tmp_path, hours=0.004, minutes=0.005)


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
