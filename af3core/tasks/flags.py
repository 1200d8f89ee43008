"""Reasons to doubt a row. A flagged row stays; the reader decides.

looping_text                 the answer repeats itself
no_speech                    a transcript without words, as it should be
transcript_without_speech    words where the detector hears no speech
speech_without_transcript    speech is heard, the transcript is empty or says that there is none
implausible_rate             more letters than can be spoken in the time of speech, or far too few
stock_phrase                 a sentence that a model writes over unlike sounds of a day
language_beyond_model        a transcript in a language that the checkpoint was not made for
cut_off                      the answer reached its limit of tokens
low_confidence               the mean log-probability of the tokens is low
no_option_chosen             a multiple-choice answer that names no option, or several
empty_answer                 the model said nothing
thinking_not_separated       thinking and answer could not be told apart: the text holds both
timeline_suspect             the file's clock jumps, or more came than it declares: times may be off
damaged                      a part of the recording could not be decoded, or is missing
gap                          the file's times leave something out here: silence stands for it
source_unavailable           the object could not be read when its day was planned last
track_missing                the wanted audio track is not there: the default one was heard
channel_missing              the wanted channel is not there: all were heard

Of recordings alone, as what was heard is not in doubt for it:
channels_cancel              the channels cancel each other: for a while the loudest was heard
track_not_heard              there is speech on another track
channel_not_heard            there is speech on another channel while the heard one has none
silence_doubted              nothing was heard, and level, length or neighbours make that unlikely
"""

from __future__ import annotations

from af3core.tasks.answers import ReadAnswer
from af3core.tasks.looping import is_looping
from af3core.tasks.speech_rate import is_implausible_rate
from af3core.tasks.task import Task
from af3core.tasks.transcripts import is_no_speech_answer

OF_RECORDINGS = frozenset(
    ("channels_cancel", "track_not_heard", "channel_not_heard", "silence_doubted")
)
"""They stand in the table `recordings` only."""

LOW_MEAN_LOGPROB = -1.0
"""Whisper's threshold for a doubtful segment (its `logprob_threshold`)."""

_SPEECH_EXPECTED_MS = 2000


def answer_flags(
    task: Task,
    answer: ReadAnswer,
    *,
    mean_logprob: float | None,
    finish_reason: str,
    speech_ms: int,
) -> tuple[str, ...]:
    """The flags of one answer, in the order above; not those that follow from other answers
    (`stock_phrases`) or from the checkpoint (`af3core.model.weights.languages`).
    """
    flags = []
    if is_looping(answer.text):
        flags.append("looping_text")
    if task.kind == "transcript":
        flags += _transcript_flags(answer.text, speech_ms)
    elif not answer.text:
        flags.append("empty_answer")
    if finish_reason == "length":
        flags.append("cut_off")
    if mean_logprob is not None and mean_logprob < LOW_MEAN_LOGPROB:
        flags.append("low_confidence")
    if task.options and not answer.choice:
        flags.append("no_option_chosen")
    if not answer.separated:
        flags.append("thinking_not_separated")
    return tuple(flags)


def _transcript_flags(text: str, speech_ms: int) -> list[str]:
    if not text:
        expected = speech_ms >= _SPEECH_EXPECTED_MS
        return ["speech_without_transcript" if expected else "no_speech"]
    if not speech_ms:
        return ["transcript_without_speech"]
    if is_no_speech_answer(text):
        return ["speech_without_transcript"]
    return ["implausible_rate"] if is_implausible_rate(text, speech_ms) else []


def is_timeline_suspect(declared_ms: int | None, decoded_ms: int) -> bool:
    """True where decoded and declared length differ by more than 0.5 s and 0.1 %.

    The tolerance admits codec padding (AAC adds about 22 ms) and nothing that moves an event.
    """
    if declared_ms is None:
        return False
    return abs(decoded_ms - declared_ms) > max(500, declared_ms / 1000)
