"""Sentences that a model writes whatever it hears: the same one over unlike sounds of a day.

The same sentence, spoken again, takes about the same time, and the same sound (a jingle) measures
the same. A sentence over speech of very different lengths, or in a good part of all transcripts
over sounds of which none is like another, was not heard. Models whose encoder is Whisper's have
sentences that they were trained on in silence (subtitles' last lines): of these less is enough.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

STOCK_PHRASE = "stock_phrase"
"""The flag."""
LONGEST_PHRASE = 160
"""Characters of the longest text that is compared: longer ones are no stock phrases."""

_MANY_LENGTHS = 3
_LENGTH_FACTOR, _LENGTH_MS = 2.0, 1_000
_MANY_SOUNDS = 8
_MANY_OF_ALL = 0.1
_FEW_SOUNDS, _FEW_RECORDINGS = 3, 2
_ALIKE_MS, _ALIKE_SHARE, _ALIKE_LUFS = 500, 0.15, 3.0

_CREDITS = re.compile(r"\bamara org\b|dimatorzok|mbc 뉴스 [가-힣 ]{2,8}입니다|明镜与点点")
_SAID_IN_SILENCE = """\
thank you for watching
thanks for watching
thank you so much for watching
thank you very much for watching
please subscribe to my channel
don t forget to like and subscribe
see you in the next video
i ll see you in the next video
merci d avoir regardé cette vidéo
merci d avoir regardé
vielen dank fürs zuschauen
vielen dank für s zuschauen
danke fürs zuschauen
gracias por ver el video
gracias por ver
obrigado por assistir
grazie per la visione
grazie per aver guardato il video
bedankt voor het kijken
dziękuję za uwagę
дякую за перегляд
спасибо за просмотр
продолжение следует
i̇zlediğiniz için teşekkür ederim
abone olmayı unutmayın
ご視聴ありがとうございました
ご清聴ありがとうございました
次の動画でお会いしましょう
チャンネル登録お願いします
시청해주셔서 감사합니다
시청해 주셔서 감사합니다
구독과 좋아요 부탁드립니다
谢谢大家
谢谢观看
感谢观看
請不吝點贊 訂閱 轉發 打賞支持明鏡與點點欄目
请不吝点赞 订阅 转发 打赏支持明镜与点点栏目
字幕由amara org社区提供
شكرا للمشاهدة
اشتركوا في القناة
cảm ơn các bạn đã theo dõi
hẹn gặp lại các bạn trong những video tiếp theo
"""
"""Reported of Whisper on silence and noise: openai/whisper discussions 679 and 928, McCloudS/subgen
issue 21, amicalhq/amical issue 71, Vexa-ai/vexa issue 155 and pull request 619."""


class Sighting(NamedTuple):
    """A short transcript, and how its segment measures; `is_flagged` where it is doubted already.

    `phrase` is its text as `phrase_of` gives it.
    """

    phrase: str
    recording_id: str
    speech_ms: int
    loudness_lufs: float | None
    spectral_centroid_hz: float | None
    is_flagged: bool


def phrase_of(text: str) -> str:
    """A text for comparing, without case and punctuation; empty where it is too long for a phrase,
    or has no letters.
    """
    if len(text) > LONGEST_PHRASE:
        return ""
    kept = " "
    for sign in text.lower():
        is_mark = kept[-1] != " " and unicodedata.category(sign)[0] == "M"
        kept += sign if is_mark or sign.isalnum() else " "
    return " ".join(kept.split())


def stock_phrases(sightings: Iterable[Sighting], spoken: int) -> frozenset[str]:
    """The stock phrases of a day.

    Args:
        sightings: all short transcripts of the day.
        spoken: how many transcripts of the day have text.
    """
    by_phrase: defaultdict[str, list[Sighting]] = defaultdict(list)
    for sighting in sightings:
        by_phrase[sighting.phrase].append(sighting)
    return frozenset(p for p, those in by_phrase.items() if _is_stock(p, those, spoken))


def _is_stock(phrase: str, those: Sequence[Sighting], spoken: int) -> bool:
    if _CREDITS.search(phrase):
        return True
    if len(those) < _FEW_SOUNDS:
        return False
    if phrase in _known_phrases() and _unlike_sounds(those, _FEW_SOUNDS) >= _FEW_SOUNDS:
        return True
    if len({each.recording_id for each in those}) < _FEW_RECORDINGS:
        return False
    if _lengths(those) >= _MANY_LENGTHS:
        return True
    is_common = len(those) >= _MANY_OF_ALL * spoken
    return is_common and _unlike_sounds(those, _MANY_SOUNDS) >= _MANY_SOUNDS


def _lengths(those: Iterable[Sighting]) -> int:
    """How many times of speech there are, each twice the one before, and a second more."""
    found, last_ms = 0, 0.0
    for speech_ms in sorted(each.speech_ms for each in those):
        if not found or speech_ms >= max(_LENGTH_FACTOR * last_ms, last_ms + _LENGTH_MS):
            found, last_ms = found + 1, speech_ms
    return found


def _unlike_sounds(those: Iterable[Sighting], enough: int) -> int:
    """How many sounds there are of which none is like another; not more than `enough`."""
    found: list[Sighting] = []
    for each in those:
        if not any(_are_alike(each, other) for other in found):
            found.append(each)
            if len(found) >= enough:
                break
    return len(found)


def _are_alike(one: Sighting, other: Sighting) -> bool:
    if abs(one.speech_ms - other.speech_ms) > max(_ALIKE_MS, _ALIKE_SHARE * one.speech_ms):
        return False
    loud, other_loud = one.loudness_lufs, other.loudness_lufs
    if loud is not None and other_loud is not None and abs(loud - other_loud) > _ALIKE_LUFS:
        return False
    hz, other_hz = one.spectral_centroid_hz, other.spectral_centroid_hz
    return hz is None or other_hz is None or abs(hz - other_hz) <= _ALIKE_SHARE * max(hz, other_hz)


@cache
def _known_phrases() -> frozenset[str]:
    return frozenset(map(phrase_of, _SAID_IN_SILENCE.splitlines()))
