"""Lines of scripts without spaces end with a word, and begin with no mark."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.alignment.text_words import words_of_text
from af3core.subtitles import break_places as module
from af3core.subtitles.break_places import BreakPlaces, break_places
from af3core.subtitles.cue import SpokenWord
from af3core.subtitles.cues import make_cues

SIGN_MS = 200


def lines_of_text(text: str) -> list[str]:
    """The lines of its subtitles, each sign as long as the others."""
    words = [
        SpokenWord(
            word.text.strip(),
            SIGN_MS * at,
            SIGN_MS * (at + 1),
            text[word.start_char - 1 : word.start_char].isspace(),
        )
        for at, word in enumerate(words_of_text(text))
    ]
    return [line for cue in make_cues(words) for line in cue.lines]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            "今天下午海边会有很大的风暴，请大家注意安全。不要出门，谢谢收听我们的天气预报节目。",
            [
                "今天下午海边会有很大的风暴，",
                "请大家注意安全。",
                "不要出门，",
                "谢谢收听我们的天气预报节目。",
            ],
        ),
        (
            "今日の午後は、海辺で嵐になりますので「ご注意」ください。東京タワーへ行きました。",
            [
                "今日の午後は、",
                "海辺で嵐になります",
                "ので「ご注意」ください。",
                "東京タワーへ行きました。",
            ],
        ),
        (
            "วันนี้อากาศดีมากเราจะไปเที่ยวทะเลกันกับครอบครัวและเพื่อนของเราที่มาจากต่างประเทศ",
            ["วันนี้อากาศดีมากเราจะไปเที่ยวทะเลกันกับ", "ครอบครัวและเพื่อนของเราที่มาจากต่างประเทศ"],
        ),
        (
            "ສະບາຍດີຕອນເຊົ້າທຸກຄົນມື້ນີ້ອາກາດດີຫຼາຍພວກເຮົາຈະໄປທ່ຽວທະເລກັບຄອບຄົວ",
            ["ສະບາຍດີຕອນເຊົ້າທຸກຄົນມື້ນີ້ອາກາດດີຫຼາຍພວກເຮົາຈະ", "ໄປທ່ຽວທະເລກັບຄອບຄົວ"],
        ),
        (
            "សួស្តីអ្នកទាំងអស់គ្នាថ្ងៃនេះអាកាសធាតុល្អណាស់យើងនឹងទៅលេងសមុទ្រជាមួយគ្រួសារ",
            [
                "សួស្តីអ្នកទាំងអស់គ្នាថ្ងៃនេះ",
                "អាកាសធាតុល្អណាស់យើងនឹងទៅលេងសមុទ្រ",
                "ជាមួយគ្រួសារ",
            ],
        ),
        (
            "ယနေ့ရာသီဥတုကောင်းပါသည်ကျွန်တော်တို့မိသားစုနှင့်အတူပင်လယ်ကမ်းခြေသို့သွားပါမည်",
            ["ယနေ့ရာသီဥတုကောင်းပါသည်ကျွန်တော်တို့", "မိသားစုနှင့်အတူပင်လယ်ကမ်းခြေသို့သွားပါမည်"],
        ),
    ],
    ids=["Chinese", "Japanese", "Thai", "Lao", "Khmer", "Burmese"],
)
def test_no_word_is_parted(text: str, lines: list[str]) -> None:
    assert lines_of_text(text) == lines


def test_a_mark_that_stands_alone_begins_no_line() -> None:
    text = "On lui a demandé encore une fois s'il voulait : non ! Et il est parti."
    words = [SpokenWord(part, 300 * at, 300 * at + 300) for at, part in enumerate(text.split(" "))]
    lines = [line for cue in make_cues(words) for line in cue.lines]
    assert lines == ["On lui a demandé encore une fois", "s'il voulait : non ! Et il est parti."]


def test_without_icu_words_may_be_parted_and_marks_not() -> None:
    assert sorted(_without_icu("你好，世界！").allowed) == [1, 3, 4]
    assert sorted(_without_icu("「コー」ヒー").allowed) == [4]
    assert sorted(_without_icu("ไปเที่ยว").allowed) == [2, 6, 7]
    assert sorted(_without_icu("ឥឡូវ").allowed) == [1, 3]
    assert sorted(_without_icu("non ! « oui »").allowed) == [6]


def _without_icu(text: str) -> BreakPlaces:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "has_dictionaries", lambda: False)
        return break_places.__wrapped__(text)


SIGNS = "今天海边的风暴，。！？「」（）ーきょうはゃっカタワあア、waves 12% สวัสดีเที่ยวครับๆ ទ្រជាមួយ ယနေ့"


@given(st.text(st.sampled_from(SIGNS), min_size=1, max_size=120))
@settings(max_examples=150, deadline=None)
@pytest.mark.parametrize("with_icu", [True, False])
def test_no_line_of_any_text_begins_with_a_mark_that_ends_one(with_icu: bool, text: str) -> None:
    text = " ".join(text.split())
    places = break_places.__wrapped__(text) if with_icu else _without_icu(text)
    for at in places.allowed:
        assert 0 < at < len(text)
        assert text[at] not in "，。！？」）、ー "
        assert text[at - 1] not in "「（"
