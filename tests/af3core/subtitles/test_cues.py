"""Subtitles obey the rules whatever is said: no overlap, no line too wide, none too long shown."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.subtitles.cue import Cue, SpokenWord
from af3core.subtitles.cues import make_cues
from af3core.subtitles.line_rules import ALPHABETS, CHINESE, JAPANESE, rules_for
from af3core.subtitles.subtitle_files import subtitle_text


def spoken(text: str, start_ms: int = 0, word_ms: int = 300) -> list[SpokenWord]:
    """Words one after the other, each of the same length."""
    return [
        SpokenWord(word, start_ms + at * word_ms, start_ms + (at + 1) * word_ms)
        for at, word in enumerate(text.split())
    ]


def signs(text: str, sign_ms: int = 200) -> list[SpokenWord]:
    """Each character a word, without spaces."""
    return [
        SpokenWord(sign, at * sign_ms, (at + 1) * sign_ms, after_space=False)
        for at, sign in enumerate(text)
    ]


def shown(cues: list[Cue]) -> list[tuple[str, ...]]:
    return [cue.lines for cue in cues]


def test_a_sentence_is_broken_at_its_clauses() -> None:
    text = (
        "When the storm came in from the sea, the keeper went up to the lamp and lit it. He stayed"
        " there until the morning, and nobody knew."
    )
    assert shown(make_cues(spoken(text))) == [
        ("When the storm came in from the sea,", "the keeper went up to the lamp and lit it."),
        ("He stayed there until the morning,", "and nobody knew."),
    ]


def test_a_pause_ends_a_subtitle_and_the_time_is_that_of_its_words() -> None:
    words = [*spoken("good evening", 500), *spoken("here is the news", 4000)]
    assert make_cues(words) == [
        Cue(500, 1500, ("good evening",), words=tuple(words[:2])),
        Cue(4000, 5200, ("here is the news",), words=tuple(words[2:])),
    ]


def test_a_quick_text_stays_as_long_as_it_is_read() -> None:
    [cue] = make_cues(spoken("an extraordinarily incomprehensible word", 0, 100))
    assert (cue.start_ms, cue.end_ms) == (0, round(1000 * 40 / 17))


def test_two_frames_stand_between_subtitles() -> None:
    text = " ".join(["seven words are said in this sentence."] * 6)
    for fps, gap_ms in ((25.0, 80), (24.0, 84), (50.0, 40)):
        cues = make_cues(spoken(text), fps=fps)
        gaps = {after.start_ms - before.end_ms for before, after in itertools.pairwise(cues)}
        assert gaps == {gap_ms}, fps


def test_chinese_and_japanese_have_their_own_widths() -> None:
    chinese = make_cues(signs("今天下午海边会有很大的风暴请大家注意安全不要出门谢谢收听我们的节目"))
    assert max(len(line) for cue in chinese for line in cue.lines) <= 16
    assert "".join(line for cue in chinese for line in cue.lines).startswith("今天下午海边")
    japanese = make_cues(signs("きょうのごごはうみべであらしになりますのでごちゅういください"))
    assert max(len(line) for cue in japanese for line in cue.lines) <= 13
    assert rules_for("今天 with some Latin") == ALPHABETS
    assert (rules_for("今天下午"), rules_for("今日はカメラ")) == (CHINESE, JAPANESE)
    assert JAPANESE.width("ＡＢ") == 2
    assert JAPANESE.width("AB") == 1


def test_doubt_is_marked_where_it_is_asked_for() -> None:
    words = [SpokenWord(w, 300 * at, 300 * at + 300, is_doubtful=True) for at, w in enumerate("ab")]
    assert make_cues(words)[0].is_doubtful
    assert shown(make_cues(words)) == [("a b",)]
    assert shown(make_cues(words, mark_doubt=True)) == [("[?] a b",)]


def test_a_word_wider_than_a_line_is_cut() -> None:
    cues = make_cues([SpokenWord("x" * 100, 0, 5000)])
    assert [len(line) for cue in cues for line in cue.lines] == [42, 42, 16]


def test_a_word_is_cut_between_letters_and_not_before_their_marks() -> None:
    lines = [
        line for cue in make_cues([SpokenWord("x" + "कि" * 30, 0, 5000)]) for line in cue.lines
    ]
    assert lines == ["x" + "कि" * 20, "कि" * 10]


def test_a_word_of_a_loop_is_cut_at_once() -> None:
    """A model that loops writes some thousand letters without a space."""
    lines = [line for cue in make_cues([SpokenWord("ha" * 4200, 0, 9000)]) for line in cue.lines]
    assert lines == ["ha" * 21] * 200


def test_a_dash_before_another_speaker_has_room_in_its_line() -> None:
    long = "the keeper went up to the lamp and lit it."
    words = [dataclasses.replace(word, speaker="Ann") for word in spoken(long)]
    assert shown(make_cues(words)) == [(long,)]
    words += [dataclasses.replace(word, speaker="Bob") for word in spoken(long, 10_000)]
    text = subtitle_text(make_cues(words), "srt")
    assert max(map(len, text.splitlines())) <= 42
    assert "- the keeper" in text


def test_speakers_take_turns_whose_words_were_heard_apart() -> None:
    """Channels that are cut by themselves have segments of the same half minute."""
    asking = [*spoken("who goes there", 0), *spoken("then come in", 20_000)]
    answering = [*spoken("a friend", 1_000), *spoken("thank you", 26_000)]
    words = [dataclasses.replace(word, speaker="Ann") for word in asking]
    words += [dataclasses.replace(word, speaker="Bob") for word in answering]
    assert [(cue.start_ms, cue.speaker, *cue.lines) for cue in make_cues(words)] == [
        (0, "Ann", "who goes there"),
        (1_080, "Bob", "a friend"),
        (20_000, "Ann", "then come in"),
        (26_000, "Bob", "thank you"),
    ]


def test_an_answer_within_ends_a_subtitle_and_speech_at_the_same_time_does_not() -> None:
    asking = [*spoken("are you there", 0), *spoken("good", 1_700)]
    for answer_ms, lines in ((1_100, ["are you there", "yes", "good"]), (500, None)):
        words = [dataclasses.replace(word, speaker="Ann") for word in asking]
        words += [SpokenWord("yes", answer_ms, answer_ms + 400, speaker="Bob")]
        expected = lines or ["are you there good", "yes"]
        assert [" ".join(cue.lines) for cue in make_cues(words)] == expected


def test_nothing_said_is_nothing_shown() -> None:
    assert make_cues([]) == []


def text_of(lines: Iterable[str]) -> str:
    """All signs but spaces."""
    return "".join("".join(lines).split())


WORDS = st.lists(
    st.tuples(
        st.text(
            st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1, max_size=60
        )
        | st.sampled_from(["the", "storm,", "came.", "谢谢", "これは", "สวัสดี", "a"]),
        st.integers(0, 3000),
        st.integers(0, 9000),
        st.booleans(),
        st.booleans(),
        st.sampled_from(["", "", "", "Ann"]),
    ),
    max_size=40,
)


@given(WORDS, st.booleans(), st.sampled_from([12.5, 24.0, 25.0, 60.0]))
@settings(max_examples=120, deadline=None)
def test_the_limits_hold_for_any_words(
    drawn: list[tuple[str, int, int, bool, bool, str]], mark_doubt: bool, fps: float
) -> None:
    words, now_ms = [], 0
    for text, pause_ms, length_ms, after_space, doubtful, speaker in drawn:
        now_ms += pause_ms
        words.append(SpokenWord(text, now_ms, now_ms + length_ms, after_space, doubtful, speaker))
    cues = make_cues(words, fps=fps, mark_doubt=mark_doubt)
    rules = rules_for("".join(text for text, *_ in drawn))
    gap_ms = 2000 / fps
    for cue in cues:
        assert 1 <= len(cue.lines) <= 2
        assert 1000 <= cue.end_ms - cue.start_ms <= 7000
        widest = max(rules.width(line) for line in cue.lines)
        assert widest <= rules.line_width or len(cue.lines[0].removeprefix("[?] ")) <= 1
        assert text_of(cue.lines).removeprefix("[?]") == text_of(word.text for word in cue.words)
        assert {word.speaker for word in cue.words} == {cue.speaker}
        assert cue.start_ms >= cue.words[0].start_ms
    for before, after in itertools.pairwise(cues):
        assert after.start_ms - before.end_ms >= gap_ms
        # longer than it takes to read and to say only where it is a second
        to_read = sum(map(rules.width, (before.lines[0].removeprefix("[?] "), *before.lines[1:])))
        read_ms = 1000 * to_read / rules.characters_per_s
        said_ms = max(word.end_ms for word in before.words) - before.start_ms
        assert before.end_ms - before.start_ms <= max(1000, read_ms + 1, said_ms)
        # read too fast only where the next one's words come before
        is_quick = before.end_ms - before.start_ms < min(read_ms - 1, 7000)
        assert not is_quick or before.end_ms + gap_ms + 1 >= after.words[0].start_ms
    for speaker in ("", "Ann"):
        said = text_of(text for text, *_, of in drawn if of == speaker)
        mine = ["".join(cue.lines).removeprefix("[?] ") for cue in cues if cue.speaker == speaker]
        assert text_of(mine) == said


ENGLISH = st.lists(
    st.sampled_from("a the storm keeper, lighthouse went. and in came sea! up by".split()),
    min_size=2,
    max_size=60,
)


@given(ENGLISH, st.integers(120, 700))
@settings(max_examples=60, deadline=None)
def test_no_word_of_steady_speech_stands_alone(drawn: list[str], word_ms: int) -> None:
    for cue in make_cues(spoken(" ".join(drawn), 0, word_ms)):
        assert len(cue.words) > 1
        assert all(" " in line or len(line) >= 4 for line in cue.lines) or len(cue.words) < 4


@pytest.mark.parametrize("end_ms", [2_000, 2_400])
def test_the_last_subtitle_ends_with_its_recording(end_ms: int) -> None:
    [cue] = make_cues(spoken("a long and winding last word", 1_500, 50), end_ms)
    assert cue.end_ms == end_ms
    assert cue.end_ms - cue.start_ms >= 900
