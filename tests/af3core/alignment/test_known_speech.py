"""Recordings with labels of their words, cut into stretches."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.alignment.known_speech import KnownSpeech, SpokenWord, split, stretches
from af3core.alignment.labelled_folder import labelled_speech
from af3core.errors import ConfigurationError
from tests.media import spoken, write

SILENCE = np.zeros(16_000 * 60, np.float32)


def test_a_recording_is_cut_at_its_longest_pause() -> None:
    words = [SpokenWord(ms, ms + 900, "la") for ms in range(0, 50_000, 1_000)]
    words = [
        w if w.start_ms < 20_000 else SpokenWord(w.start_ms + 500, w.end_ms + 500, "la")
        for w in words
    ]
    found = list(stretches("song", SILENCE, words))
    assert [len(each.words) for each in found] == [20, 25, 5]
    assert found[1].times_ms[0] == (300, 1200)
    assert len(found[1].samples) == 16 * (24_900 + 600)


def test_signs_of_a_word_share_its_time_and_marks_are_none() -> None:
    spoken_words = [
        SpokenWord(500, 900, "谢谢"),
        SpokenWord(900, 950, "—"),
        SpokenWord(1000, 1300, "dr."),
    ]
    (found,) = stretches("thanks", SILENCE, spoken_words)
    assert [word.text for word in found.words] == ["谢", "谢", "dr."]
    assert found.times_ms == ((300, 500), (500, 700), (800, 1100))


@given(st.lists(st.tuples(st.integers(0, 9_000), st.integers(1, 3_000)), max_size=30))
def test_no_word_is_lost_and_none_is_twice(steps: list[tuple[int, int]]) -> None:
    words, at = [], 0
    for pause, length in steps:
        words.append(SpokenWord(at + pause, at + pause + length, "la"))
        at += pause + length
    found = list(stretches("song", SILENCE, words))
    assert sum(len(each.words) for each in found) == len(words)
    for each in found:
        assert len(each.words) == len(each.times_ms)
        assert all(a[1] <= b[0] for a, b in pairwise(each.times_ms))
        assert len(each.words) == 1 or each.times_ms[-1][1] <= 25_300


def of(*recordings: str) -> list[KnownSpeech]:
    return [KnownSpeech(name, SILENCE, (), ()) for name in recordings]


def test_a_third_is_held_out_by_recording_where_there_are_some() -> None:
    chosen, held = split(of("a", "a", "b", "c", "c", "d"))
    assert [each.recording for each in held] == ["c", "c"]
    assert [each.recording for each in chosen] == ["a", "a", "b", "d"]
    chosen, held = split(of("a", "a", "a", "b", "b", "b"))
    assert ([e.recording for e in chosen], [e.recording for e in held]) == (
        list("aabb"),
        list("ab"),
    )


def test_a_folder_is_read_by_names(tmp_path: Path) -> None:
    write(tmp_path / "deep" / "one.flac", spoken())
    write(tmp_path / "two.wav", spoken())
    write(tmp_path / "nobody.wav", spoken())
    (tmp_path / "all.ctm").write_text("one 1 0.2 0.3 storm\ntwo 1 0.1 0.1 a\n")
    found = list(labelled_speech(tmp_path))
    assert [(each.recording, each.words[0].text) for each in found] == [
        ("one", "storm"),
        ("two", "a"),
    ]
    assert len(found[0].samples) == 16 * 800


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "no words; it is to hold recordings and, for each, a TextGrid of its name"),
        ({"a.ctm": "gone 1 0 1 the\n"}, "a.ctm: there is no recording gone below"),
        (
            {"a.wav": "", "a.ctm": "a 1 0 1 the\n", "b.ctm": "a 1 0 1 the\n"},
            "b.ctm: a is labelled in another file too",
        ),
        ({"a.wav": "", "a.mp3": ""}, "has the same name; labels go by it"),
    ],
)
def test_a_folder_that_is_none_is_said(files: dict[str, str], said: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        list(labelled_speech(tmp_path))
    assert said in str(caught.value)
    with pytest.raises(ConfigurationError, match="there is no such folder"):
        list(labelled_speech(tmp_path / "gone"))


def test_labels_beyond_the_end_of_a_recording_are_said(tmp_path: Path) -> None:
    write(tmp_path / "one.wav", spoken())
    (tmp_path / "one.ctm").write_text("one 1 0.2 0.3 storm\none 1 60 0.3 loud\n")
    with pytest.raises(
        ConfigurationError, match=r"'loud' is labelled at 60\.0 s, and the recording"
    ):
        list(labelled_speech(tmp_path))
