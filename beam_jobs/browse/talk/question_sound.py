"""What a reader asks about a recording: a stretch of one of its clips, a question, as sounds."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from af3core.audio.clip_file import read_span
from af3core.errors import MediaError, TooLong
from af3core.model.audio_limits import AF3_LIMIT, AudioLimit
from af3core.model.request import Sound
from beam_jobs.browse.data.archive_tables import ArchiveTables, Place, place_of
from beam_jobs.browse.data.clip_bytes import ID, clip_is_gone, find_clip
from beam_jobs.browse.http.refusal import Refusal
from beam_jobs.talk.question_sounds import SILENT_PEAK, decoded_sound
from beam_jobs.talk.turns import LONGEST_QUESTION_S

MOST_TEXT_CHARACTERS = 2000


@dataclass(frozen=True)
class QuestionStart:
    """A question's beginning.

    Attributes:
        place: the recording.
        clip_id: the clip that the stretch lies in.
        start_ms, end_ms: the stretch, in the recording.
        text: the question in writing; empty where its sound follows.
    """

    place: Place
    clip_id: str
    start_ms: int
    end_ms: int
    text: str

    @staticmethod
    def of(message: Any, limit: AudioLimit = AF3_LIMIT) -> QuestionStart:
        """What a page sent, about as much as the longest question leaves of what the model hears.

        Raises:
            Refusal: it is no question about a stretch.
        """
        about = message.get("about") if isinstance(message, dict) else None
        names = ("corpus", "date", "recording_id", "clip_id")
        if not isinstance(about, dict) or not all(isinstance(about.get(n), str) for n in names):
            raise Refusal(400, 'send {"about": {corpus, date, recording_id, clip_id, …}, "text"}')
        place = place_of(about["corpus"], about["date"], about["recording_id"])
        if place is None or not ID.fullmatch(about["clip_id"]):
            raise Refusal(404, "there is no such clip")
        start_ms, end_ms = about.get("start_ms"), about.get("end_ms")
        if type(start_ms) is not int or type(end_ms) is not int or not 0 <= start_ms < end_ms:
            raise Refusal(400, "start_ms and end_ms: the stretch that is asked about")
        most_s = limit.max_s - LONGEST_QUESTION_S
        if end_ms - start_ms > 1000 * most_s:
            most = f"{most_s / 60:g} minutes"
            raise Refusal(400, f"the stretch is longer than {most}: choose a shorter one")
        text = message.get("text", "")
        if not isinstance(text, str) or len(text) > MOST_TEXT_CHARACTERS:
            raise Refusal(400, f"text: a question of at most {MOST_TEXT_CHARACTERS} characters")
        return QuestionStart(place, about["clip_id"], start_ms, end_ms, text.strip())


def sound_about(tables: ArchiveTables, asked: QuestionStart) -> Sound:
    """The stretch that is asked about.

    Raises:
        Refusal: the tables name no such clip, it is gone, or the stretch lies elsewhere.
        InvalidAudio: the clip cannot be read.
    """
    clip = find_clip(tables, asked.place, asked.clip_id)
    start_ms, end_ms = max(asked.start_ms, clip.start_ms), min(asked.end_ms, clip.end_ms)
    if start_ms >= end_ms:
        raise Refusal(400, "the stretch lies outside of its clip")
    try:
        with tables.object_here(clip.key, clip.stamp) as file:
            span = (start_ms - clip.start_ms, end_ms - clip.start_ms)
            return Sound(read_span(file, clip.key, *span))
    except FileNotFoundError:
        raise clip_is_gone(clip) from None


def spoken_question(recorded: bytes) -> Sound:
    """A recording of a browser's microphone, in whatever container it records.

    Raises:
        Refusal: it cannot be decoded, is too long, or nothing is heard in it.
    """
    with tempfile.NamedTemporaryFile(prefix="af3-question-") as file:
        file.write(recorded)
        file.flush()
        try:
            question = decoded_sound(Path(file.name), "question", LONGEST_QUESTION_S)
        except TooLong:
            most = f"{LONGEST_QUESTION_S:.0f} s"
            raise Refusal(413, f"a question lasts at most {most}: ask again") from None
        except MediaError as error:
            raise Refusal(400, "the browser's recording cannot be decoded: ask again") from error
    if float(np.abs(question.samples).max()) < SILENT_PEAK:
        raise Refusal(400, "nothing was heard: is the microphone switched off?")
    return question
