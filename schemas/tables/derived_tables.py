"""The tables that are derived from a night's: events, embeddings, training pairs, long audio, talk.

Partitions, shards and order of rows are those of the night's tables; each job replaces its own.
"""

from __future__ import annotations

import pyarrow as pa

from schemas.tables.columns import (
    CLIP,
    END,
    ENGINE,
    FLAGS,
    GENERATED_AT,
    RECORDING,
    RUN,
    SEGMENT,
    START,
    TEXTS,
    Column,
    Table,
    count,
    ms,
    number,
    structs,
    text,
)
from schemas.tables.correction_tables import CORRECTIONS
from schemas.tables.description_tables import DESCRIPTIONS
from schemas.tables.embedding_tables import EMBEDDINGS, TEXT_EMBEDDINGS
from schemas.tables.evaluation_tables import EVALUATIONS
from schemas.tables.night_tables import TABLES
from schemas.tables.speaker_tables import SPEAKER_TURNS, SPEAKERS
from schemas.tables.word_tables import WORDS

_MADE = (RUN, GENERATED_AT)
_MODEL = (
    text("model", "model that answered"),
    text("weights_revision", "revision of its weights"),
    ENGINE,
)
_MADE_BY = text("made_by", "rules (exact by construction), or the language model that wrote it")
_TABLE_ORDER = ("recording_id", "start_ms", "end_ms")


EVENTS = Table(
    "events",
    1,
    "what is heard from when to when: speech, sounds and music, measured",
    (
        RECORDING,
        CLIP,
        SEGMENT,
        text("event_id", "identity of the stretch of audio and of how it was named"),
        START,
        END,
        text("kind", "speech, sound, music, or unknown where the answers about it differ"),
        text("label", "what it is, in the model's words, such as a dog barking; empty if unknown"),
        text("caption", "the model's sentence about this stretch alone"),
        number("loudness_lufs", "integrated loudness (BS.1770)"),
        number("peak_dbfs", "highest sample"),
        number("spectral_centroid_hz", "mean brightness"),
        number("pitch_hz", "median fundamental frequency; missing where nothing is voiced"),
        number("tempo_bpm", "beats per minute, of music"),
        number("reverberation_s", "decay by 60 dB, estimated from the fall after the event"),
        number("level_change_db", "mean level of its last third less that of its first"),
        number("mean_logprob", "mean log-probability of the tokens of its name"),
        FLAGS,
        *_MODEL,
        *_MADE,
    ),
    _TABLE_ORDER,
)

_EVIDENCE = structs(
    "evidence",
    "what the pair was made from: events, captions, transcripts, descriptors",
    kind=pa.string(),
    text=pa.string(),
    start_ms=pa.int64(),
    end_ms=pa.int64(),
)
_QUESTION = (
    text("skill", "skill of the catalogue (af3 skills list)"),
    text("question", "question"),
    Column("options", TEXTS, "options in the order in which they are asked; empty if open"),
    text("answer", "right answer; one of the options where there are any"),
    _MADE_BY,
)

PAIRS = Table(
    "pairs",
    1,
    "questions with answers for training, by skill; every row obeys the rules of its skill",
    (
        RECORDING,
        CLIP,
        SEGMENT,
        START,
        END,
        text("pair_id", "identity of question, options and audio"),
        *_QUESTION,
        _EVIDENCE,
        text("self_check", "pass: the language model stands by its pair; empty if made by rules"),
        text("audio_answer", "what the audio model answers to the question"),
        Column("agrees", pa.bool_(), "the audio model gives the right answer", nullable=True),
        FLAGS,
        *_MODEL,
        *_MADE,
    ),
    (*_TABLE_ORDER, "pair_id"),
)

REJECTED_PAIRS = Table(
    "rejected_pairs",
    1,
    "pairs that were proposed and not kept, with the reason",
    (
        RECORDING,
        CLIP,
        SEGMENT,
        START,
        END,
        *_QUESTION,
        text("reason", "rule that it broke, such as answer_in_question"),
        text("detail", "what broke it"),
        *_MADE,
    ),
    (*_TABLE_ORDER, "skill", "question", "reason"),
)

_THINKING = (
    RECORDING,
    CLIP,
    SEGMENT,
    START,
    END,
    text("pair_id", "pair whose answer it leads to"),
    *_QUESTION,
    text("thinking", "what a listener thinks before the answer"),
    text("thinking_by", "language model that wrote the thinking"),
)

THOUGHTS = Table(
    "thoughts",
    1,
    "thinking before the answers of pairs, for training; every row passed all checks",
    (*_THINKING, *_MADE),
    (*_TABLE_ORDER, "pair_id"),
)

REJECTED_THOUGHTS = Table(
    "rejected_thoughts",
    1,
    "thinking that was written and not kept, with the reason",
    (
        *_THINKING,
        text("reason", "check that it did not pass, such as leads_elsewhere"),
        text("detail", "what was found"),
        *_MADE,
    ),
    (*_TABLE_ORDER, "pair_id", "reason"),
)

SUMMARIES = Table(
    "summaries",
    1,
    "one row per recording: what it is about, and all that is said in it",
    (
        RECORDING,
        ms("duration_ms", "length of the recording"),
        text("summary", "summary of the whole recording"),
        count("chapter_count", "chapters"),
        text("transcript", "all transcripts in order, each word once"),
        structs(
            "transcript_spans",
            "which characters of the transcript were spoken when",
            segment_id=pa.string(),
            start_ms=pa.int64(),
            end_ms=pa.int64(),
            start_char=pa.int64(),
            end_char=pa.int64(),
        ),
        _MADE_BY,
        FLAGS,
        *_MADE,
    ),
    ("recording_id",),
)

CHAPTERS = Table(
    "chapters",
    1,
    "parts of a recording, without gap or overlap",
    (
        RECORDING,
        count("chapter", "number within the recording, from 1"),
        START,
        END,
        text("title", "what the chapter is about, in a few words"),
        text("summary", "summary of the chapter"),
        count("segment_count", "annotated segments in it"),
        _MADE_BY,
        FLAGS,
        *_MADE,
    ),
    _TABLE_ORDER,
)

FINDINGS = Table(
    "findings",
    1,
    "answers to questions about whole recordings, with the segments that they rest on",
    (
        RECORDING,
        text("question_id", "identity of the question"),
        text("question", "question about the whole recording"),
        text("answer", "answer; empty where nothing in the recording speaks to it"),
        structs(
            "citations",
            "segments that the answer rests on, the best first",
            segment_id=pa.string(),
            start_ms=pa.int64(),
            end_ms=pa.int64(),
            quote=pa.string(),
            score=pa.float64(),
        ),
        _MADE_BY,
        FLAGS,
        *_MADE,
    ),
    ("recording_id", "question_id"),
)

_SOUNDS = structs(
    "sounds",
    "segments that the conversation is about; <sound-1> in a turn is the first",
    segment_id=pa.string(),
    recording_id=pa.string(),
    clip_uri=pa.string(),
    clip_start_ms=pa.int64(),
    start_ms=pa.int64(),
    end_ms=pa.int64(),
    relation=pa.string(),
    distance=pa.float64(),
)

DIALOGUES = Table(
    "dialogues",
    1,
    "conversations of several turns about several sounds, for training",
    (
        RECORDING,
        text("dialogue_id", "identity of sounds and turns"),
        START,
        END,
        _SOUNDS,
        structs("turns", "human and gpt in turn", role=pa.string(), text=pa.string()),
        count("sound_count", "sounds"),
        count("turn_count", "questions, each with its answer"),
        _MADE_BY,
        text("self_check", "pass: the language model stands by it; empty if made by rules"),
        FLAGS,
        *_MADE,
    ),
    (*_TABLE_ORDER, "dialogue_id"),
)

CHATS = Table(
    "chats",
    1,
    "scripted conversations that the audio model answered",
    (
        RECORDING,
        text("chat_id", "identity of script, sounds and model"),
        text("name", "name of the conversation in its file"),
        START,
        END,
        _SOUNDS,
        structs(
            "turns",
            "user and assistant in turn",
            role=pa.string(),
            text=pa.string(),
            mean_logprob=pa.float64(),
            finish_reason=pa.string(),
        ),
        FLAGS,
        *_MODEL,
        *_MADE,
    ),
    (*_TABLE_ORDER, "chat_id"),
)

DERIVED_TABLES: tuple[Table, ...] = (
    EVENTS,
    WORDS,
    SPEAKER_TURNS,
    SPEAKERS,
    EMBEDDINGS,
    TEXT_EMBEDDINGS,
    PAIRS,
    REJECTED_PAIRS,
    THOUGHTS,
    REJECTED_THOUGHTS,
    SUMMARIES,
    CHAPTERS,
    FINDINGS,
    DESCRIPTIONS,
    DIALOGUES,
    CHATS,
    EVALUATIONS,
    CORRECTIONS,
)
ALL_TABLES: tuple[Table, ...] = (*TABLES, *DERIVED_TABLES)
