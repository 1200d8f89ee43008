"""Word errors of a transcript."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from af3core.evaluation.item import Item
from af3core.evaluation.score import Score
from af3core.tasks.transcripts import read_transcript

_ENGLISH = "en"
_WITHOUT_SPACES = frozenset(("zh", "yue", "ja", "th", "lo", "my"))
"""Languages whose letters Whisper's figures count (Radford et al. 2022, appendix C; Cantonese is
ours)."""


def score_word_errors(items: Sequence[Item], predictions: Sequence[str]) -> list[Score]:
    """Substitutions, deletions and insertions, over the words of the reference.

    AF3's framing is taken off, and both texts go through Whisper's English normaliser; those of an
    item whose group `language` is another through its normaliser of all languages, which counts
    letters where no spaces part words. A reference without words after that has weight 0, and each
    word said is an error. Of several references the nearest counts. An answer that says that there
    is no speech has no words only where the reference has none.

    Source: Open ASR Leaderboard (Whisper's normaliser, errors summed over all items); the paper
    of Audio Flamingo 3 names no normaliser.
    """
    scores = []
    for item, prediction in zip(items, predictions, strict=True):
        normal = _normaliser(dict(item.groups).get("language", _ENGLISH))
        references = [normal(answer) for answer in item.answers or ("",)]
        said = normal(read_transcript(prediction, hears_speech=any(references)))
        counted = [_errors(reference, said) for reference in references]
        errors, words = min(counted, key=lambda pair: pair[0] / max(pair[1], 1))
        scores.append(Score(float(errors), float(words), read_as=said))
    return scores


def _errors(reference: str, said: str) -> tuple[int, int]:
    """Errors, and words of the reference."""
    import jiwer

    words = len(reference.split())
    if not words:
        return len(said.split()), 0
    found = jiwer.process_words(reference, said)
    return found.substitutions + found.deletions + found.insertions, words


def _normaliser(language: str) -> Callable[[str], str]:
    if language in ("", _ENGLISH):
        return _english()
    return _of_all_languages(language in _WITHOUT_SPACES)


@cache
def _english() -> Callable[[str], str]:
    from whisper_normalizer.english import EnglishTextNormalizer

    normaliser: Callable[[str], str] = EnglishTextNormalizer()
    return normaliser


@cache
def _of_all_languages(is_by_letters: bool) -> Callable[[str], str]:
    from whisper_normalizer.basic import BasicTextNormalizer

    normaliser: Callable[[str], str] = BasicTextNormalizer(split_letters=is_by_letters)
    return normaliser
