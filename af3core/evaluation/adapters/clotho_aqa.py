"""ClothoAQA: questions on Clotho's sounds, each answered by three people (arXiv 2204.09634)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.benchmark_files import Data, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing
from af3core.evaluation.labelling import QUESTION_SOURCE, as_a_question
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.choices import score_choices
from af3core.evaluation.scorers.exact_match import score_exact

_BINARY = ("yes", "no")
_FILES = (
    "clotho_aqa_test.csv and the folder audio_files/ (Zenodo 6473207): file_name, QuestionText,"
    " answer; three rows a question"
)


def _questions(data: Data) -> Iterator[tuple[Item, list[str]]]:
    """Questions with their answers, the most frequent first, each as often as it was given."""
    key = data.find("clotho_aqa_test.csv")
    sounds = Sounds(data, key)
    answers: dict[tuple[str, str], list[str]] = {}
    for row in data.table(key):
        asked = (field(row, "file_name").strip(), field(row, "QuestionText").strip())
        answers.setdefault(asked, []).append(field(row, "answer").strip().lower())
    of_file: Counter[str] = Counter()
    for (file, question), given in answers.items():
        of_file[file] += 1
        by_frequency = tuple(answer for answer, _ in Counter(given).most_common())
        yield (
            Item(
                item_id=f"{file} {of_file[file]}",
                sounds=(sounds.by_path(f"audio_files/{file}"),),
                question=question,
                answers=by_frequency,
            ),
            given,
        )


def read_unanimous(data: Data) -> Listing:
    """Questions for yes or no on which all agree."""
    return Listing(
        tuple(
            Item(
                item_id=item.item_id,
                sounds=item.sounds,
                question=item.question,
                options=_BINARY,
                answers=item.answers,
                groups=(("says", given[0]),),
            )
            for item, given in _questions(data)
            if given[0] in _BINARY and len(set(given)) == 1
        )
    )


def read_non_binary(data: Data) -> Listing:
    """Questions that somebody answered by another word than yes or no."""
    return Listing(
        tuple(
            Item(
                item_id=item.item_id,
                sounds=item.sounds,
                question=item.question,
                answers=item.answers,
                groups=(("agreement", "all" if len(set(given)) == 1 else "some"),),
            )
            for item, given in _questions(data)
            if not set(given) <= set(_BINARY)
        )
    )


BENCHMARKS = (
    Benchmark(
        name="clotho-aqa-unanimous",
        title="ClothoAQA, yes or no, unanimous",
        files=f"{_FILES}; here the questions for yes or no on which all three agree",
        read=read_unanimous,
        prompt=as_a_question,
        metric=Metric("accuracy", score_choices),
        prompt_source=QUESTION_SOURCE,
        max_new_tokens=32,
    ),
    Benchmark(
        name="clotho-aqa-non-binary",
        title="ClothoAQA, one word",
        files=f"{_FILES}; here the questions not for yes or no; the word of any of the three is"
        " right, since no rule is published",
        read=read_non_binary,
        prompt=as_a_question,
        metric=Metric("accuracy", score_exact),
        prompt_source=QUESTION_SOURCE,
        max_new_tokens=32,
    ),
)
