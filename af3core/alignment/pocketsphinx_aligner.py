"""PocketSphinx: an English acoustic model in a wheel, on a CPU, some 25 times faster than speech.

Two passes over a sound: the words as the one path of a grammar, with silence and noise between
them; then their phones along that path, for what each frame says of its phone. Where no path goes
through all words, one that leaves some out says which; those have no place. Words that CMU's
dictionary lacks are pronounced by espeak-ng. It is trained on US English: other languages are heard
as what English sounds they are like, and get little confidence.
"""

from __future__ import annotations

import functools
import math
import threading
import unicodedata
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from af3core.alignment.aligner import Method, Placed
from af3core.alignment.pronunciation import pronounce
from af3core.alignment.spoken_form import spoken_form
from af3core.alignment.text_words import TextWord
from af3core.audio import SAMPLE_RATE_HZ
from af3core.audio.clip_file import as_pcm
from af3core.errors import ConfigurationError
from af3core.installation import install_command
from af3core.model.request import Waveform
from schemas.options.derive import POCKETSPHINX

_PACKAGE = "pocketsphinx"
_FRAME_MS = 10
_BEAMS = ((1e-64, 1e-48), (1e-200, 1e-150))
"""Of phones and words. Its own are 1e-48 and 7e-29. Where wrong words of a text end every path, the
search is done again with the wide ones, which take twice the time."""
_SEARCH, _NOTHING = "words", "(NULL)"
_LEFT_OUT = 1e-20
"""Likelihood of an arc that leaves a word out."""
_MOST_LEFT_OUT = 0.5
"""Share of a text's words. Where more are left out it is the text of another sound: what little
fits is there by chance."""

_EVEN_SCORE, _SCORE_WIDTH = -70.0, 8.0
"""Mean score of a frame at which a word is as likely wrong as right, and how fast that turns: on
sentences of nano's voices with a tenth of the words replaced (`tests/benchmarks/alignment.py`)."""


class PocketsphinxAligner:
    """The embedded English model.

    Raises:
        ConfigurationError: the package is missing.
    """

    method: Method = "pocketsphinx"
    name = POCKETSPHINX
    languages = frozenset(("en",))
    longest_ms = None

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._decoders: list[Any] = []

    @functools.cached_property
    def revision(self) -> str:
        """The package's version: its model comes with it."""
        try:
            return version(_PACKAGE)
        except PackageNotFoundError as error:
            raise _without_package(error) from error

    def unknown_characters(self, word: TextWord) -> str:
        letters = unicodedata.normalize("NFKD", "".join(spoken_form(word.normal)))
        unknown = [sign for sign in letters if sign.isalpha() and not sign.isascii()]
        return "".join(dict.fromkeys(unknown))

    def place(self, samples: Waveform, words: Sequence[TextWord]) -> list[Placed | None]:
        with self._turn:
            if not self._decoders:
                self._decoders = [_new_decoder(*beams) for beams in _BEAMS]
            return self._place(samples, words)

    def _place(self, samples: Waveform, words: Sequence[TextWord]) -> list[Placed | None]:
        tokens: list[str] = []
        owners: list[int] = []
        for number, word in enumerate(words):
            spoken = () if self.unknown_characters(word) else spoken_form(word.normal)
            if spoken and all(self._is_known(token) for token in spoken):
                tokens += spoken
                owners += [number] * len(spoken)
        pcm, spans = as_pcm(samples).tobytes(), list[Placed]()
        for decoder in self._decoders if tokens else ():
            spans = spans or _spans(decoder, pcm, tokens)
        if tokens and not spans:
            lost = {owners[at] for at in _left_out(self._decoders[-1], pcm, tokens)}
            is_text = len(lost) <= _MOST_LEFT_OUT * len(words)
            heard = [at for at, owner in enumerate(owners) if is_text and owner not in lost]
            owners = [owners[at] for at in heard]
            spans = _spans(self._decoders[-1], pcm, [tokens[at] for at in heard]) if heard else []
        places: list[Placed | None] = [None] * len(words)
        for owner, span in zip(owners, spans, strict=False):
            places[owner] = _joined(places[owner], span)
        return places

    def _is_known(self, token: str) -> bool:
        if self._decoders[0].lookup_word(token) is None:
            phones = pronounce(token)
            if not phones:
                return False
            for decoder in self._decoders:
                decoder.add_word(token, phones, True)
        return True


def _spans(decoder: Any, pcm: bytes, tokens: Sequence[str]) -> list[Placed]:
    """Of each token; none of any where no path reaches the end."""
    _search(decoder, pcm, [(at, at + 1, 1.0, token) for at, token in enumerate(tokens)])
    found = [s for s in decoder.seg() or () if not _is_filler(s.word)]
    if len(found) != len(tokens):
        return []
    frames = [(segment.start_frame, segment.end_frame + 1) for segment in found]
    scores = _frame_scores(decoder, pcm)
    if len(scores) != len(tokens):
        scores = [-math.inf] * len(tokens)
    return [
        Placed(start * _FRAME_MS, end * _FRAME_MS, _confidence(score))
        for (start, end), score in zip(frames, scores, strict=True)
    ]


def _left_out(decoder: Any, pcm: bytes, tokens: Sequence[str]) -> list[int]:
    """Numbers of the tokens that the best path leaves out where it may; all where it ends nowhere.

    To leave one out is so unlikely that only what ends every other path is worth it.
    """
    spoken = [(at, at + 1, 1.0, token) for at, token in enumerate(tokens)]
    _search(decoder, pcm, [*spoken, *((at, at + 1, _LEFT_OUT) for at in range(len(tokens)))])
    found = [s.word for s in decoder.seg() or () if s.word == _NOTHING or not _is_filler(s.word)]
    if len(found) != len(tokens):
        return list(range(len(tokens)))
    return [at for at, word in enumerate(found) if word == _NOTHING]


def _search(decoder: Any, pcm: bytes, arcs: Sequence[tuple[Any, ...]]) -> None:
    """Hear a sound along a grammar, whose states are numbered and whose last is where it ends."""
    last = max(arc[1] for arc in arcs)
    decoder.add_fsg(_SEARCH, decoder.create_fsg(_SEARCH, 0, last, list(arcs)))
    decoder.activate_search(_SEARCH)
    _hear(decoder, pcm)


def _frame_scores(decoder: Any, pcm: bytes) -> list[float]:
    """The mean score of a frame of each token, along its phones; none where they do not fit."""
    try:
        decoder.set_alignment()
        _hear(decoder, pcm)
        return [
            word.score / max(1, word.duration)
            for word in decoder.get_alignment()
            if not _is_filler(word.name)
        ]
    except RuntimeError:  # it cannot lay phones along a path of words that are too short
        return []


def _hear(decoder: Any, pcm: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()


def _is_filler(word: str) -> bool:
    """Silence, noise, and the marks of a path's ends."""
    return word.startswith(("<", "[", "+", "("))


def _confidence(score: float) -> float:
    return 1 / (1 + math.exp(min(50.0, (_EVEN_SCORE - score) / _SCORE_WIDTH)))


def _joined(before: Placed | None, token: Placed) -> Placed:
    """A word of several tokens: from the first to the last, as sure as the least sure."""
    if before is None:
        return token
    return Placed(before.start_ms, token.end_ms, min(before.confidence, token.confidence))


def _new_decoder(beam: float, word_beam: float) -> Any:
    try:
        from pocketsphinx import Decoder
    except ImportError as error:
        raise _without_package(error) from error
    return Decoder(
        lm=None,
        samprate=SAMPLE_RATE_HZ,
        loglevel="FATAL",
        bestpath=False,
        beam=beam,
        pbeam=beam,
        wbeam=word_beam,
    )


def _without_package(error: Exception) -> ConfigurationError:
    return ConfigurationError(
        f"--aligner {POCKETSPHINX}: a package is missing ({error}): {install_command('align')}"
    )
