"""How an English word sounds, in the phones of CMU's dictionary: for words that it lacks.

espeak-ng says the word, and its phones are those of the dictionary but for their names
(espeak-ng/docs/phonemes.md; CMUdict's ARPAbet).
"""

from __future__ import annotations

from af3core.speech.espeak_library import PHONE, speak_text

_VOICE, _WORDS_PER_MINUTE, _PITCH = "en-us", 160, 50

_VOWELS = {
    "a": "AE", "aa": "AE", "a#": "AH", "A:": "AA", "A": "AA", "A@": "AA R", "0": "AA", "0#": "AA",
    "O:": "AO", "O": "AO", "O2": "AO", "O@": "AO R", "o@": "AO R", "aI": "AY", "aI@": "AY AH",
    "aI3": "AY ER", "aU": "AW", "aU@": "AW ER", "OI": "OY", "oU": "OW", "oU#": "OW", "E": "EH",
    "e@": "EH R", "E@": "EH R", "eI": "EY", "I": "IH", "I#": "IH", "I2": "IH", "i": "IY",
    "i:": "IY", "i@": "IH R", "i@3": "IH R", "U": "UH", "u": "UW", "u:": "UW", "U@": "UH R",
    "V": "AH", "@": "AH", "@2": "AH", "@5": "AH", "@L": "AH L", "3": "ER", "3:": "ER", "IR": "IH R",
    "VR": "AH R",
}  # fmt: skip
_CONSONANTS = {
    "p": "P", "b": "B", "t": "T", "t#": "T", "t2": "T", "*": "T", "d": "D", "d#": "D", "k": "K",
    "g": "G", "f": "F", "v": "V", "T": "TH", "D": "DH", "s": "S", "z": "Z", "z#": "Z", "S": "SH",
    "Z": "ZH", "h": "HH", "tS": "CH", "dZ": "JH", "m": "M", "n": "N", "n-": "AH N", "N": "NG",
    "l": "L", "r": "R", "r-": "R", "w": "W", "w#": "W", "j": "Y", "x": "K",
}  # fmt: skip
_PHONES = _VOWELS | _CONSONANTS


def pronounce(word: str) -> str:
    """The phones of a word by spaces, such as `AA M L AH T`; empty where it says nothing."""
    spoken = speak_text(_VOICE, word, _WORDS_PER_MINUTE, _PITCH)
    names = [event.name.decode(errors="replace") for event in spoken.events if event.kind == PHONE]
    phones = [_PHONES.get(name.strip("',%=|_;")) for name in names]
    return " ".join(phone for phone in phones if phone)
