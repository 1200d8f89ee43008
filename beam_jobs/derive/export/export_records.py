"""One conversation about one or several sounds, and how a row of a table becomes it. Pure.

The form is that of AF3's released training code (its README): `id`, `sound`, `duration` and
`conversations` of `human` and `gpt`; a lone sound is named `<sound>` before the first words,
several are `<sound-1>`, `<sound-2>`, … wherever they are spoken of.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from af3core.audio import SAMPLES_PER_MS
from af3core.tasks.task import Task
from beam_jobs.derive.export.export_words import ExportWord
from beam_jobs.derive.export.reviewed_rows import ExportReview
from beam_jobs.framework.corrected_rows import has_corrected_flags, has_corrected_value
from schemas.correction_records import VALUE_KINDS
from schemas.identity import segment_id

Row = dict[str, Any]
Kind = Literal["answer", "pair", "thought", "dialogue"]
Speaker = Literal["human", "gpt"]
Corrected = Literal["", "value", "flags"]

A_PERSON = "a person"
"""Who made a corrected answer: an export names nobody."""
DIALOGUE = "dialogue"
"""What stands for the skill of a dialogue."""

_MARKER = re.compile(r"<sound-(\d+)>")


@dataclass(frozen=True)
class ExportSound:
    """A stretch of a clip; times count from the start of the clip."""

    sound_id: str
    recording_id: str
    clip_uri: str
    start_ms: int
    end_ms: int

    @property
    def file_name(self) -> str:
        return f"{self.sound_id}.flac"

    @property
    def duration_ms(self) -> int:
        return self.end_ms - self.start_ms

    @property
    def pcm_bytes(self) -> int:
        """Its size as 16-bit samples: twice to thrice that of its FLAC."""
        return 2 * SAMPLES_PER_MS * self.duration_ms


@dataclass(frozen=True)
class ExportRecord:
    """A conversation for training.

    Attributes:
        record_id: unique within an export.
        kind: what it was made from.
        skill: of a pair; the task of an answer; `dialogue`.
        made_by: the model that answered, `rules`, or the language model that wrote it.
        sounds: in the order in which the turns number them.
        turns: human and gpt in turn.
        words: of an answer that is a transcript, with their times; none where they are not known.
        corrected: what of an answer a person corrected.
        review: of an answer that a person confirmed or corrected.
    """

    record_id: str
    kind: Kind
    skill: str
    made_by: str
    sounds: tuple[ExportSound, ...]
    turns: tuple[tuple[Speaker, str], ...]
    words: tuple[ExportWord, ...] = ()
    corrected: Corrected = ""
    review: ExportReview | None = None

    @property
    def recordings(self) -> frozenset[str]:
        return frozenset(sound.recording_id for sound in self.sounds)

    @property
    def question_count(self) -> int:
        return sum(speaker == "human" for speaker, _ in self.turns)

    @property
    def sound_key(self) -> str:
        """Equal where two records hear the same; the name of a sample that holds them."""
        return "_".join(sound.sound_id for sound in self.sounds)

    @property
    def duration_s(self) -> float:
        return sum(sound.duration_ms for sound in self.sounds) / 1000

    def to_json(self, names: Sequence[str]) -> Row:
        """The record in AF3's form; `names` are those of its sounds' files."""
        known: Row = {
            "id": self.record_id,
            "skill": self.skill,
            "sound": list(names) if self.kind == DIALOGUE else names[0],
            "duration": self.duration_s,
            "conversations": [{"from": who, "value": text} for who, text in self.turns],
        }
        known |= {"review": self.review.to_json()} if self.review else {}
        return known | {"words": self.words_json()} if self.words else known

    def words_json(self) -> list[Row]:
        """The words, each with its time in seconds from the start of the sound."""
        return [word.to_json() for word in self.words]


def answer_record(
    row: Row, task: Task, segments: Mapping[str, Row], words: tuple[ExportWord, ...] = ()
) -> ExportRecord | None:
    """An answer of the night with its question; None without its clip.

    `segments` are rows by segment and by clip: any segment of a clip knows where the clip lies.
    """
    asked_of = row["segment_id"] or row["clip_id"]
    segment = segments.get(asked_of)
    if segment is None:
        return None
    by_person, review = has_corrected_value(row), row.get("review")
    is_by_person = by_person or (review is not None and review.kind in VALUE_KINDS)
    corrected: Corrected = "value" if by_person else "flags" if has_corrected_flags(row) else ""
    return ExportRecord(
        record_id=f"{asked_of}-{task.prompt_id}",
        kind="answer",
        skill=task.task_id,
        made_by=A_PERSON if is_by_person else row["model"],
        sounds=(_stretch(segment, row["start_ms"], row["end_ms"]),),
        turns=_question(task.prompt_text, _corrected_answer(row) if by_person else _answer(row)),
        words=words,
        corrected=corrected,
        review=review,
    )


def _answer(row: Row) -> str:
    return _with_thinking(row.get("thinking", ""), row["text"])


def _corrected_answer(row: Row) -> str:
    """What a person wrote, in the form in which the model answers; its thinking led elsewhere."""
    options = tuple(row.get("options") or ())
    choice: str = row.get("choice") or ""
    return _as_option(options, choice) if choice in options else str(row["text"])


def _as_option(options: tuple[str, ...], answer: str) -> str:
    """An option with its letter."""
    return f"({string.ascii_uppercase[options.index(answer)]}) {answer}"


def pair_record(row: Row, segments: Mapping[str, Row]) -> ExportRecord | None:
    """A pair in the form in which the model is asked; None without its clip.

    With `thinking` it has AF-Think's form: the question asks for it, and the answer follows it.
    """
    segment = segments.get(row["segment_id"] or row["clip_id"])
    if segment is None:
        return None
    options = tuple(row["options"])
    answer = row["answer"]
    if options:
        answer = _as_option(options, answer)
    thinking = row.get("thinking", "")
    task = Task("pair", "question", row["question"], options=options, thinking=bool(thinking))
    return ExportRecord(
        record_id=f"{row['pair_id']}-think" if thinking else row["pair_id"],
        kind="thought" if thinking else "pair",
        skill=row["skill"],
        made_by=row["thinking_by"] if thinking else row["made_by"],
        sounds=(_stretch(segment, row["start_ms"], row["end_ms"]),),
        turns=_question(task.prompt_text, _with_thinking(thinking, answer)),
    )


def dialogue_record(row: Row) -> ExportRecord:
    """A conversation about its sounds; those that no turn names stand before the first words."""
    sounds = tuple(
        ExportSound(
            sound_id=sound["segment_id"],
            recording_id=sound["recording_id"],
            clip_uri=sound["clip_uri"],
            start_ms=sound["start_ms"] - sound["clip_start_ms"],
            end_ms=sound["end_ms"] - sound["clip_start_ms"],
        )
        for sound in row["sounds"]
    )
    turns = [(turn["role"], turn["text"]) for turn in row["turns"]]
    named = {int(number) for _, text in turns for number in _MARKER.findall(text)}
    unnamed = [n for n in range(1, len(sounds) + 1) if n not in named]
    turns[0] = (turns[0][0], "".join(f"<sound-{n}>\n" for n in unnamed) + turns[0][1])
    return ExportRecord(
        record_id=row["dialogue_id"],
        kind="dialogue",
        skill=DIALOGUE,
        made_by=row["made_by"],
        sounds=sounds,
        turns=tuple(turns),
    )


def _question(question: str, answer: str) -> tuple[tuple[Speaker, str], ...]:
    return (("human", f"<sound>\n{question}"), ("gpt", answer))


def _with_thinking(thinking: str, answer: str) -> str:
    return f"{thinking}\n{answer}" if thinking else answer


def _stretch(segment: Row, start_ms: int, end_ms: int) -> ExportSound:
    """Part of the clip that a segment lies in; a segment keeps its own identity."""
    return ExportSound(
        sound_id=segment_id(segment["clip_id"], start_ms, end_ms),
        recording_id=segment["recording_id"],
        clip_uri=segment["clip_uri"],
        start_ms=start_ms - segment["clip_start_ms"],
        end_ms=end_ms - segment["clip_start_ms"],
    )
