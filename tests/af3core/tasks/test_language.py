"""The language of texts, as long as a segment's and shorter."""

from __future__ import annotations

import pytest

from af3core.tasks.language import UNKNOWN, Language, identify_language
from tests.af3core.tasks.declared_texts import declared_texts

SPOKEN = {
    "en": "Good evening, and welcome to the news of the day.",
    "de": "Guten Abend und herzlich willkommen zu den Nachrichten.",
    "fr": "Bonsoir et bienvenue aux informations de la soirée.",
    "es": "Buenas noches y bienvenidos a las noticias del día.",
    "it": "Buonasera e benvenuti al telegiornale di questa sera.",
    "pt": "Boa noite e bem-vindos às notícias do dia.",
    "nl": "Goedenavond en welkom bij het nieuws van vandaag.",
    "pl": "Dobry wieczór, witamy państwa w wieczornych wiadomościach.",
    "ru": "Добрый вечер, в эфире вечерние новости.",
    "uk": "Добрий вечір, в ефірі вечірні новини.",
    "el": "Καλησπέρα σας και καλώς ήρθατε στις ειδήσεις.",
    "tr": "İyi akşamlar, günün haberlerine hoş geldiniz.",
    "ar": "مساء الخير وأهلا بكم في نشرة الأخبار",
    "he": "ערב טוב וברוכים הבאים למהדורת החדשות",
    "hi": "शुभ संध्या, आज के समाचारों में आपका स्वागत है",
    "ta": "மாலை வணக்கம், இன்றைய செய்திகளுக்கு வரவேற்கிறோம்",
    "ml": "ശുഭ സായാഹ്നം, ഇന്നത്തെ വാർത്തകളിലേക്ക് സ്വാഗതം",
    "ka": "საღამო მშვიდობისა, მოგესალმებით დღის ახალ ამბებში",
    "th": "สวัสดีตอนเย็นค่ะ ยินดีต้อนรับสู่ข่าววันนี้",
    "ja": "こんばんは、今日のニュースをお伝えします。",
    "zh": "大家晚上好，欢迎收看今天的新闻联播。",
    "ko": "안녕하십니까, 오늘의 뉴스를 전해 드리겠습니다.",
}


@pytest.mark.parametrize(("code", "text"), SPOKEN.items(), ids=SPOKEN)
def test_a_sentence_is_of_its_language(code: str, text: str) -> None:
    found = identify_language(text)
    assert found.code == code
    assert 0.5 <= found.probability <= 1.0


@pytest.mark.parametrize("text", ["", "...", "1999", "Mmm."])
def test_what_is_too_short_is_of_none(text: str) -> None:
    assert identify_language(text) == UNKNOWN == Language("", 0.0)


def test_texts_of_segments_are_of_their_language() -> None:
    """The judges' languages that are among the classifier's."""
    codes = {
        "pes": "fa", "ben": "bn", "hin": "hi", "nep": "ne", "kat": "ka",
        "guj": "gu", "pan": "pa", "kor": "ko", "heb": "he", "kan": "kn", "khm": "km",
        "lao": "lo", "ita": "it", "tgl": "tl", "mal": "ml", "mya": "my", "sin": "si",
        "tam": "ta", "tel": "te", "tha": "th", "hye": "hy", "sme": "se",
    }  # fmt: skip
    judged = [each for each in declared_texts() if each.language in codes]
    assert len(judged) >= 20
    found = {each.language: identify_language(each.text).code for each in judged}
    wrong = {language: code for language, code in found.items() if codes[language] != code}
    assert wrong == {}
