"""The options of what is derived from a night: skills, long audio, dialogues, exports."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Literal, get_args

from af3core.embedding.text import EMBEDDED_TEXT_MODEL
from af3core.errors import ConfigurationError
from af3core.model.engines import EngineSettings
from af3core.storage.texts import read_text_at
from beam_jobs.served import served_model

WRITER_KEY_VARIABLE = "AF3_WRITER_KEY"
"""The environment variable that holds the key of the writer's server."""

ExportFormat = Literal["af3", "huggingface", "webdataset"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)


@dataclass(frozen=True)
class Deriving:
    """What the derived jobs are told.

    Attributes:
        seed: of everything that is drawn or shuffled.
        skills: names of the catalogue; none means all.
        writer: the language model that writes texts; None means the audio model's own decoder.
        text_model: of text embeddings.
        questions: about whole recordings.
        conversations: file of scripted conversations.
        export_format: of `export`.
        only_agreed: export only pairs whose question the audio model itself answers right.
        held_out: share of recordings that an export keeps apart as its test split.
        words_only: index full text alone, and embed no text.
    """

    seed: int = 0
    skills: tuple[str, ...] = ()
    writer: EngineSettings | None = None
    text_model: str = EMBEDDED_TEXT_MODEL
    questions: tuple[str, ...] = ()
    conversations: str = ""
    export_format: ExportFormat = "af3"
    only_agreed: bool = False
    held_out: float = 0.0
    words_only: bool = False


def add_deriving(parser: argparse.ArgumentParser) -> None:
    """Add the options as a group."""
    group = parser.add_argument_group(
        "deriving (events, embed, skills, summarise, chat, export), search (index)"
    )
    group.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of all that is drawn (default: 0)"
    )
    group.add_argument(
        "--skill", metavar="NAMES", help="only these skills, by commas; see af3 skills list"
    )
    group.add_argument(
        "--writer",
        metavar="NAME",
        help="language model at --writer-endpoint that writes questions, summaries and dialogues"
        " (default: the decoder of --model, without sound; nothing leaves the machine)",
    )
    group.add_argument(
        "--writer-endpoint",
        metavar="URL",
        help=f"server of --writer that speaks OpenAI's protocol; its key in {WRITER_KEY_VARIABLE}",
    )
    group.add_argument(
        "--text-model",
        default=EMBEDDED_TEXT_MODEL,
        metavar="NAME",
        help="of text embeddings: a model of sentence-transformers, by folder or hub id (default:"
        f" {EMBEDDED_TEXT_MODEL}, embedded)",
    )
    group.add_argument(
        "--question",
        action="append",
        metavar="TEXT",
        help="summarise: a question about each whole recording; repeatable",
    )
    group.add_argument(
        "--questions", metavar="FILE", help="summarise: a file with one such question a line"
    )
    group.add_argument(
        "--conversations", metavar="FILE", help="chat: YAML file of scripted conversations"
    )
    group.add_argument(
        "--format", choices=EXPORT_FORMATS, default="af3", help="export: form (default: af3)"
    )
    group.add_argument(
        "--only-agreed",
        action="store_true",
        help="export: only pairs whose question the audio model itself answers right",
    )
    group.add_argument(
        "--held-out",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="export: share of recordings that go to the test split (default: 0)",
    )
    group.add_argument(
        "--words-only",
        action="store_true",
        help="index: full text alone, without the meaning of texts, which takes a CPU a second"
        " for some forty segments",
    )


def read_deriving(arguments: argparse.Namespace) -> Deriving:
    """The options, checked.

    Raises:
        ConfigurationError: one clear line on the first wrong option.
    """
    if not 0.0 <= arguments.held_out < 1.0:
        raise ConfigurationError(f"--held-out {arguments.held_out}: a share from 0 to below 1")
    questions = list(arguments.question or [])
    if arguments.questions:
        listed = read_text_at(arguments.questions, "a file of questions")
        questions += [line.strip() for line in listed.splitlines() if line.strip()]
    return Deriving(
        seed=arguments.seed,
        skills=tuple(name.strip() for name in (arguments.skill or "").split(",") if name.strip()),
        writer=served_model(arguments, "writer", WRITER_KEY_VARIABLE),
        text_model=arguments.text_model,
        questions=tuple(dict.fromkeys(questions)),
        conversations=arguments.conversations or "",
        export_format=arguments.format,
        only_agreed=arguments.only_agreed,
        held_out=arguments.held_out,
        words_only=arguments.words_only,
    )
