"""Transcripts whose segments are cut inside speech are heard together, each word once."""

from __future__ import annotations

from af3core.alignment.text_runs import WrittenText, runs_of, words_of_run

FIRST = WrittenText("transcript", "a", 0, 20_000, "We met the emperor")
SECOND = WrittenText("transcript", "b", 20_000, 40_000, "Emperor of Rome", starts_in_speech=True)
THIRD = WrittenText("transcript", "c", 40_000, 60_000, "Rome again")


def test_texts_without_a_pause_between_are_one_run() -> None:
    assert runs_of([SECOND, THIRD, FIRST]) == [[FIRST, SECOND], [THIRD]]
    assert runs_of([FIRST, SECOND], longest_ms=30_000) == [[FIRST], [SECOND]]


def test_a_word_of_both_sides_is_the_first_ones() -> None:
    words = words_of_run([FIRST, SECOND])
    assert [(word.text.segment_id, word.position, word.word.normal) for word in words] == [
        ("a", 0, "we"),
        ("a", 1, "met"),
        ("a", 2, "the"),
        ("a", 3, "emperor"),
        ("b", 1, "of"),
        ("b", 2, "rome"),
    ]
    assert [word.is_doubled for word in words] == [False, False, False, True, False, False]


def test_a_sign_of_both_sides_is_two() -> None:
    before = WrittenText("transcript", "a", 0, 20_000, "多谢")
    behind = WrittenText("transcript", "b", 20_000, 40_000, "谢谢", starts_in_speech=True)
    words = [word.word.text for word in words_of_run([before, behind])]
    assert words == ["多", "谢", "谢", "谢"]


def test_a_word_said_twice_across_a_pause_stays_twice() -> None:
    [_, alone] = runs_of([SECOND, THIRD])
    assert [word.word.text for word in words_of_run(alone)] == ["Rome", "again"]


def test_texts_of_other_tasks_of_whole_clips_and_beyond_a_gap_stand_alone() -> None:
    other = WrittenText("lyrics", "b", 20_000, 40_000, "x", starts_in_speech=True)
    whole = WrittenText("transcript", "", 0, 60_000, "all", starts_in_speech=True)
    later = WrittenText("transcript", "d", 45_000, 50_000, "y", starts_in_speech=True)
    assert runs_of([FIRST, other, whole, later]) == [[other], [FIRST], [later], [whole]]


def test_speech_without_end_is_cut() -> None:
    texts = [
        WrittenText("t", str(at), 20_000 * at, 20_000 * (at + 1), "x", starts_in_speech=True)
        for at in range(6)
    ]
    assert [len(run) for run in runs_of(texts)] == [4, 2]
