"""Word errors of a transcript."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from af3core.evaluation.item import Item
from af3core.evaluation.score import Score
from af3core.tasks.transcripts import read_transcript


def score_word_errors(items: Sequence[Item], predictions: Sequence[str]) -> list[Score]:
    """Substitutions, deletions and insertions, over the words of the reference.

    AF3's framing is taken off, and both texts go through Whisper's English normaliser. A reference
    without words after that has weight 0, and each word said is an error. Of several references
    the nearest counts. An answer that says that there is no speech has no words only where the
    reference has none.

    Source: Open ASR Leaderboard (Whisper's normaliser, errors summed over all items); the paper
    of Audio Flamingo 3 names no normaliser.
    """
    normal = _normaliser()
    scores = []
    for item, prediction in zip(items, predictions, strict=True):
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


@cache
def _normaliser() -> Callable[[str], str]:
    from whisper_normalizer.english import EnglishTextNormalizer

    normaliser: Callable[[str], str] = EnglishTextNormalizer()
    return normaliser
