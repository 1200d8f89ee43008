"""What the commands of readers take: query, status, search, browse, talk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.options.derive import ESPEAK
from schemas.options.night import DtypeName
from schemas.options.option import OptionGroup, language_code, language_tag, option

TOKEN_VARIABLE = "AF3_BROWSE_TOKEN"  # noqa: S105 (the name of a variable)
MAX_PORT = 65535

SearchMode = Literal["hybrid", "words", "meaning"]
SearchKind = Literal["segment", "clip", "chapter", "recording"]
RowForm = Literal["table", "csv", "json", "jsonl", "parquet", "markdown"]
SubtitleForm = Literal["vtt", "srt", "ttml", "txt", "json"]
SpeechFilter = Literal["any", "with", "without"]


@dataclass(frozen=True, kw_only=True)
class Tables(OptionGroup):
    """Tables."""

    out: str = option("out", "folder or gs:// of a night (default: {default})", "DIR")


@dataclass(frozen=True, kw_only=True)
class Query(OptionGroup):
    """Query."""

    sql: str = option(
        "",
        "DuckDB SQL over the views; without it, tables and columns are listed",
        "SQL",
        positional=True,
    )
    as_made: bool = option(False, "views as if nobody had corrected anything")


@dataclass(frozen=True, kw_only=True)
class Status(OptionGroup):
    """Days."""

    source: str = option(
        "",
        "folder or gs://BUCKET/PREFIX of the recordings (default: the one that was planned)",
        "SOURCE",
        positional=True,
    )
    corpus: str = option("default", "name of the corpus (default: {default})", "NAME")
    incomplete: bool = option(False, "only days that lack something")


@dataclass(frozen=True, kw_only=True)
class RowsOut(OptionGroup):
    """What is printed."""

    format: RowForm | None = option(
        None,
        "form of the rows (default: as --output ends, a table on a terminal, else csv)",
    )
    output: str | None = option(
        None, "write all rows to this file, such as a .csv or .parquet, local or gs://", "FILE"
    )


@dataclass(frozen=True, kw_only=True)
class Subtitles(OptionGroup):
    """Subtitles."""

    recording: str = option(
        "",
        "file name, object or identifier (default: all, a file each in the folder --output)",
        "RECORDING",
        positional=True,
    )
    format: SubtitleForm | None = option(
        None, "form; ttml is EBU-TT-D (default: as --output ends, else vtt)"
    )
    output: str | None = option(
        None, "write to this file, or folder, local or gs:// (default: stdout)", "FILE"
    )
    corpus: str = option("", "only of this corpus", "NAME")
    date: str = option("", "only of this archive day", "DAY")
    fps: float = option(
        25.0,
        "frames a second of the picture; two frames stand between subtitles (default: {default})",
        "N",
        rule=lambda value: None if 1.0 <= value <= 240.0 else "frames a second are 1 to 240",
    )
    line_width: int | None = option(
        None,
        "characters a line holds (default: 42; Chinese and Korean 16, Japanese 13)",
        "N",
        rule=lambda value: None if 12 <= value <= 100 else "a line holds 12 to 100 characters",
    )
    mark_doubt: bool = option(False, "write [?] before what is in doubt")
    as_made: bool = option(False, "what the model said, as if nobody had corrected it")
    language: str = option(
        "",
        "language tag, such as en or pt-BR, for ttml and names of files in a folder (default: the"
        " transcripts' own, in ttml)",
        "TAG",
        rule=language_tag,
    )


@dataclass(frozen=True, kw_only=True)
class Search(OptionGroup):
    """What is looked for."""

    words: str = option("", "what to find", "WORDS", positional=True)
    like: str = option("", "OBJECT@M:SS or a segment's id, without WORDS", "PLACE")
    mode: SearchMode = option(
        "hybrid", "words and meaning together, or one of them (default: {default})"
    )
    as_made: bool = option(
        False, "words in what the model said, as if nobody had corrected it; no meaning, no sound"
    )


@dataclass(frozen=True, kw_only=True)
class SearchFilter(OptionGroup):
    """Only these places."""

    corpus: str = option("", "only this corpus", "NAME")
    since: str = option("", "first archive day", "DAY")
    until: str = option("", "last archive day", "DAY")
    kind: tuple[SearchKind, ...] = option(
        (), "only segments, clips, chapters or recordings; repeatable"
    )
    speech: SpeechFilter = option(
        "any", "only where somebody, or nobody, speaks (default: {default})"
    )
    unflagged: bool = option(False, "only places without any flag")
    without_flag: tuple[str, ...] = option((), "not with this flag; repeatable", "FLAG")
    language: tuple[str, ...] = option(
        (), "only where this language is spoken, such as en; repeatable", "CODE", rule=language_code
    )


@dataclass(frozen=True, kw_only=True)
class SearchPage(OptionGroup):
    """What is printed."""

    limit: int = option(20, "hits (default: {default})", "N")
    offset: int = option(0, "skip the best N (default: {default})", "N")
    json: bool = option(False, "the same as --format jsonl")


def _port(value: int) -> str | None:
    return None if 0 <= value <= MAX_PORT else f"a port is a number from 0 to {MAX_PORT}"


@dataclass(frozen=True, kw_only=True)
class Listening(OptionGroup):
    """Address."""

    host: str = option("127.0.0.1", "to listen at (default: {default})", "HOST")
    port: int = option(8040, "0 takes a free one (default: {default})", "N", rule=_port)
    token: str | None = option(None, f"that readers need; better in {TOKEN_VARIABLE}", "TOKEN")


@dataclass(frozen=True, kw_only=True)
class Answering(OptionGroup):
    """Model and voice that answer."""

    model: str | None = option("nano", "as of af3 annotate (default: {default})", "MODEL")
    model_revision: str | None = option(None, "of a hub's model", "REV")
    dtype: DtypeName = option("float32", "number format of the weights (default: {default})")
    device: Literal["auto", "cpu", "cuda"] = option(
        "auto", "what the model runs on (default: {default})"
    )
    voice: str = option(
        ESPEAK,
        "espeak, or a VITS/MMS or Pocket TTS checkpoint by folder or hub id (default: {default})",
        "VOICE",
    )
    speaker: str = option("", "of a voice of many", "NAME")


@dataclass(frozen=True, kw_only=True)
class AnsweringIfNamed(Answering):
    """Asking about a recording, by voice or in writing."""

    model: str | None = option(None, "as of af3 annotate (default: nothing can be asked)", "MODEL")


@dataclass(frozen=True, kw_only=True)
class Talk(OptionGroup):
    """Question and answer."""

    question: str = option("", "sound file of the question", "FILE", positional=True)
    text: str = option("", "the question in writing", "TEXT")
    about: str = option("", "sound file, or OBJECT@M:SS of --out", "SOUND", required=True)
    answer: str | None = option(None, "speech into a file, .opus or .wav, instead of aloud", "FILE")
    mute: bool = option(False, "no speech aloud; without --answer, none at all")


@dataclass(frozen=True, kw_only=True)
class Devices(OptionGroup):
    """Microphone and loudspeaker."""

    microphone: str | None = option(None, "that hears the questions, by number or name", "DEVICE")
    loudspeaker: str | None = option(
        None, "that speaks, by number or name; also with --answer", "DEVICE"
    )
    devices: bool = option(False, "list microphones and loudspeakers, and end")


@dataclass(frozen=True, kw_only=True)
class Completion(OptionGroup):
    """Shell."""

    shell: Literal["", "bash", "zsh", "fish"] = option(
        "", "bash, zsh or fish", "SHELL", positional=True
    )


@dataclass(frozen=True, kw_only=True)
class Config(OptionGroup):
    """Command."""

    command: str = option("", "whose options are shown", "COMMAND", positional=True)
