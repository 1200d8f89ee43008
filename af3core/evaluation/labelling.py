"""Sounds that are given one of a data set's labels, as the first Audio Flamingo was asked."""

from __future__ import annotations

from af3core.evaluation.item import Item

LABELLING_SOURCE = (
    "Audio Flamingo 1's foundation/data/data.py: its question, all labels in alphabetical order;"
    " AF3's form for label sets is not published"
)
QUESTION_SOURCE = (
    "Audio Flamingo 1's inference examples: \"Please answer this question: ...\"; AF3's form for"
    " open questions is not published"
)


def among_labels(item: Item) -> str:
    """The question with its labels as a list."""
    listed = "".join(f"\n - {label}." for label in item.options)
    return f"{item.question}\nOPTIONS:{listed}"


def as_a_question(item: Item) -> str:
    """An open question; one for yes or no names both."""
    options = "".join(f"\n{option}." for option in item.options)
    listed = f"\nOPTIONS:{options}" if options else ""
    return f"Please answer this question: {item.question}{listed}"
