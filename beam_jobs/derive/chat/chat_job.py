"""Scripted conversations over chosen segments, turn by turn; the answers so far are fed back.

--conversations FILE ──► segments ──► one turn of all conversations at a time ──► tables/chats

The table holds the conversations of the file that was run last; what was asked before is kept and
not asked again.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator, Mapping, Sequence

from af3core.dialogue.script import read_scripts
from af3core.embedding.few_shot import without_special_tokens
from af3core.errors import ConfigurationError, ModelError
from af3core.model.engines.engine_registry import answers_of
from af3core.model.request import Answer, Decoding, Request, Sound, Turn
from af3core.storage.store import Store
from af3core.tasks.flags import LOW_MEAN_LOGPROB
from af3core.tasks.looping import is_looping
from beam_jobs.derive.chat.chat_sounds import ChosenSegment, ScriptedConversation, conversations_of
from beam_jobs.framework.clip_audio import ClipObject, clip_sounds
from beam_jobs.framework.derivation import Derivation, Piece, PieceRows, Row, derive
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.settings import JobSettings
from schemas.identity import configuration_hash
from schemas.options.derive import Conversations, Seed
from schemas.tables.derived_tables import CHATS

STAGE = "chat"
RULES_VERSION = 1
"""Counts up when the same conversation is asked otherwise."""


def pieces(
    settings: JobSettings, date: str, conversations: Sequence[ScriptedConversation]
) -> Iterator[Piece]:
    """A recording's conversations: those whose first sound is its."""
    of_recording: dict[str, list[ScriptedConversation]] = {}
    for conversation in conversations:
        first = conversation.segments[0]
        if first.date == date:
            of_recording.setdefault(first.recording_id, []).append(conversation)
    for recording, found in of_recording.items():
        held = [chat_id(conversation, settings) for conversation in found]
        identity = configuration_hash([held, [c.script.name for c in found]])
        uri = found[0].segments[0].object_uri
        work_ms = sum(s.end_ms - s.start_ms for c in found for s in c.segments)
        yield Piece(recording, settings.corpus, date, identity, found, uri, work_ms)


def chat_id(conversation: ScriptedConversation, settings: JobSettings) -> str:
    """Identity of all that decides the answers."""
    script = conversation.script
    return configuration_hash(
        {
            "rules": RULES_VERSION,
            "model": settings.engine.identity,
            "segments": [segment.segment_id for segment in conversation.segments],
            "turns": list(script.turns),
            "decoding": _decoding(conversation, settings),
        }
    )


def _decoding(conversation: ScriptedConversation, settings: JobSettings) -> Decoding:
    script = conversation.script
    return Decoding(
        script.max_new_tokens,
        repetition_penalty=script.repetition_penalty,
        temperature=script.temperature,
        seed=settings[Seed].seed,
    )


def derive_rows(piece: Piece, settings: JobSettings) -> PieceRows:
    """Hold a recording's conversations: the same turn of all of them is one batch.

    Raises:
        ModelError: a conversation cannot be held, with its name.
    """
    conversations: Sequence[ScriptedConversation] = piece.evidence
    sounds = _sounds(conversations, settings.store)
    answers: list[list[Answer]] = [[] for _ in conversations]
    for number in range(max(len(c.script.turns) for c in conversations)):
        going_on = [n for n, c in enumerate(conversations) if number < len(c.script.turns)]
        requests = [
            request_of(conversations[n], answers[n], sounds, _decoding(conversations[n], settings))
            for n in going_on
        ]
        for n, answer in zip(going_on, answers_of(settings.engine, requests), strict=True):
            if isinstance(answer, ModelError):
                name = conversations[n].script.name
                raise type(answer)(f"conversation {name}, turn {number + 1}: {answer}")
            answers[n].append(answer)
    rows = [_row(c, given, settings) for c, given in zip(conversations, answers, strict=True)]
    turns = sum(len(given) for given in answers)
    return PieceRows({CHATS.name: rows}, {"conversations": len(rows), "turns": turns})


def request_of(
    conversation: ScriptedConversation,
    answers: Sequence[Answer],
    sounds: Mapping[str, Sound],
    decoding: Decoding,
) -> Request:
    """The next turn, behind all turns before and what was answered to them."""
    script = conversation.script
    turns = []
    for text, answer in zip(script.turns, answers, strict=False):
        # what the model wrote may look like a token, and must not be one
        turns += [Turn("user", text), Turn("assistant", without_special_tokens(answer.text))]
    turns.append(Turn("user", script.turns[len(answers)]))
    played = conversation.segments[: script.played_by(len(answers) + 1)]
    return Request(tuple(sounds[s.segment_id] for s in played), tuple(turns), decoding)


def _sounds(conversations: Sequence[ScriptedConversation], store: Store) -> dict[str, Sound]:
    """By segment; a clip is fetched once, and a segment that many ask about is one sound."""
    clips: dict[ClipObject, list[ChosenSegment]] = {}
    for segment in dict.fromkeys(s for c in conversations for s in c.segments):
        clips.setdefault(ClipObject(segment.clip_uri, segment.clip_start_ms), []).append(segment)
    found: dict[str, Sound] = {}
    for clip, segments in clips.items():
        read = clip_sounds(clip, [(s.start_ms, s.end_ms) for s in segments], store)
        for segment in segments:
            sound = read[segment.start_ms, segment.end_ms]
            if isinstance(sound, ModelError):
                raise sound
            found[segment.segment_id] = sound
    return found


def _row(
    conversation: ScriptedConversation, answers: Sequence[Answer], settings: JobSettings
) -> Row:
    first, checkpoint = conversation.segments[0], settings.checkpoint
    turns: list[Row] = []
    for text, answer in zip(conversation.script.turns, answers, strict=True):
        asked = {"role": "user", "text": text, "mean_logprob": None, "finish_reason": ""}
        told = {"role": "assistant", "text": answer.text, "mean_logprob": answer.mean_logprob}
        turns += [asked, told | {"finish_reason": answer.finish_reason}]
    return {
        "recording_id": first.recording_id,
        "chat_id": chat_id(conversation, settings),
        "name": conversation.script.name,
        "start_ms": first.start_ms,
        "end_ms": first.end_ms,
        "sounds": [_sound(segment) for segment in conversation.segments],
        "turns": turns,
        "flags": chat_flags(answers),
        "model": checkpoint.name,
        "weights_revision": checkpoint.revision,
        "engine": settings.engine.label,
    }


def _sound(segment: ChosenSegment) -> Row:
    names = ("segment_id", "recording_id", "clip_uri", "clip_start_ms", "start_ms", "end_ms")
    chosen = {name: getattr(segment, name) for name in names}
    return chosen | {"relation": "chosen", "distance": None}


def chat_flags(answers: Sequence[Answer]) -> list[str]:
    """Reasons to doubt any of the answers."""
    doubts = {
        "looping_text": any(is_looping(answer.text) for answer in answers),
        "empty_answer": any(not answer.text.strip() for answer in answers),
        "cut_off": any(answer.finish_reason == "length" for answer in answers),
        "low_confidence": any(
            answer.mean_logprob is not None and answer.mean_logprob < LOW_MEAN_LOGPROB
            for answer in answers
        ),
    }
    return [flag for flag, doubtful in doubts.items() if doubtful]


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Hold the conversations of the file, and publish them.

    Raises:
        ConfigurationError: the file or a segment in it is wrong; nothing was asked.
    """
    file = settings[Conversations].conversations
    if not file:
        raise ConfigurationError("--conversations is missing: name a YAML file of conversations")
    scripts = read_scripts(file)
    found = conversations_of(scripts, settings)
    derivation = Derivation(
        STAGE,
        (CHATS,),
        functools.partial(pieces, conversations=found),
        derive_rows,
        asks=operator.attrgetter("engine"),
        hears=True,
    )
    return derive(derivation, settings, beam_arguments)
