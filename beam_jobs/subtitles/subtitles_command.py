"""`af3 subtitles`: the transcripts of recordings as files that players show."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, get_args

import pyarrow as pa
import pyarrow.compute as pc

from af3core.errors import ConfigurationError
from af3core.messages import tell
from af3core.storage.address import is_bucket, split_object, store_at
from af3core.storage.store import Store
from af3core.subtitles.cue import Cue
from af3core.subtitles.cues import make_cues
from af3core.subtitles.subtitle_files import subtitle_text
from beam_jobs.framework.corrected_rows import take_corrected
from beam_jobs.framework.manifests import names_of_recording
from beam_jobs.framework.table_snapshot import TableSnapshot
from beam_jobs.output.file_to_write import check_beside_results, check_file_to_write
from beam_jobs.output.next_command import af3
from beam_jobs.output.row_output import until_enough
from beam_jobs.subtitles.recording_words import language_of, words_of_recording
from beam_jobs.subtitles.turn_speakers import names_of_speakers
from schemas.layout import day_of, shard_of_key
from schemas.options.reading import SubtitleForm

DESCRIPTION = """\
Write subtitles of a recording: lines that can be read, each at its time.

  af3 subtitles morning_weather.mp3 --output weather.en.srt
  af3 subtitles morning_weather.mp3 --format txt
  af3 subtitles --output SUBTITLES --format vtt --language en    of all: NAME.en.vtt each

vtt is for web pages, srt for players and editors, ttml for broadcasters, txt to read; json has the
time of each word. Times are those of af3 align; where a recording is not aligned they are
estimated, and a message says so. Flagged transcripts are in: --mark-doubt marks their lines.
Texts are those that people corrected: words that stand there as before keep their times, the others
lie between them. --as-made writes what the model said."""

FORMS: tuple[SubtitleForm, ...] = get_args(SubtitleForm)
_TABLES = ("recordings", "segments", "transcripts", "words", "events", "speaker_turns")
_NAMES = ("recording_id", "object_uri", "duplicate_uris")
_ALL = "RECORDING"
"""In the place of a file's name, where each recording has one."""
_SHOWN = 3
_DEFAULT: SubtitleForm = "vtt"

Row = dict[str, Any]


@dataclass(frozen=True)
class Subtitled:
    """A recording's subtitles; `language` is its transcripts' own, empty where none is sure."""

    recording: Row
    cues: list[Cue]
    language: str

    @property
    def estimated(self) -> int:
        """How many of them have no word that was found in the sound."""
        return sum(cue.is_estimated for cue in self.cues)

    @property
    def is_estimated(self) -> bool:
        """No word of its transcripts was found in the sound."""
        return bool(self.cues) and self.estimated == len(self.cues)


def run_subtitles(known: argparse.Namespace) -> int:
    """Write the subtitles of one recording, or of all.

    Raises:
        ConfigurationError: there are no tables, no such recording, or nowhere to write them.
        StorageError: the tables cannot be read, or a file not be written.
    """
    store = store_at(known.out)
    snapshot = take_corrected(store, _TABLES, known.corpus, known.date, known.date, known.as_made)
    if not snapshot.shards("recordings"):
        raise ConfigurationError(
            f"{known.out}: no tables; run {af3('annotate', 'SOURCE')} first, or check --out,"
            " --corpus and --date"
        )
    form = _form(known.format, known.output, bool(known.recording))
    if known.recording:
        return _write_one(known, snapshot, form)
    return _write_all(known, snapshot, form)


def _form(named: SubtitleForm | None, output: str | None, is_one: bool) -> SubtitleForm:
    ending = PurePosixPath(output or "").suffix.removeprefix(".") if is_one else ""
    if named is None and ending and ending not in FORMS:
        raise ConfigurationError(
            f"--output {output}: end its name with {', '.join(f'.{form}' for form in FORMS)}, or"
            " name a --format"
        )
    if named is not None:
        return named
    return next((form for form in FORMS if form == ending), _DEFAULT)


def _write_one(known: argparse.Namespace, snapshot: TableSnapshot, form: SubtitleForm) -> int:
    if known.output is not None:
        check_file_to_write("--output", known.output)
        check_beside_results("--output", known.output, known.out)
    day = _day_of(snapshot, known.recording, known.out)
    found = list(subtitled(day, known.recording, _layout(known)))[-1]
    name = PurePosixPath(found.recording["object_uri"]).name
    if not found.cues:
        tell(f"{name}: nothing is said in it; the file has no subtitle")
    elif found.is_estimated:
        tell(f"{name}: not aligned; times of its words are estimated: {af3('align')} finds them")
    elif found.estimated:
        tell(
            f"{name}: {found.estimated} of {len(found.cues)} subtitles are not aligned; their times"
            f" are estimated: {af3('align')} finds them"
        )
    text = subtitle_text(found.cues, form, known.language or found.language)
    if known.output is None:
        return until_enough(lambda: _print(text))
    store, key = split_object(known.output)
    store.write(key, text.encode())
    return 0


def _day_of(snapshot: TableSnapshot, wanted: str, out: str) -> TableSnapshot:
    """The last day that has the recording of a name, of one corpus.

    Raises:
        ConfigurationError: no recording has the name, or several have.
    """
    objects: dict[str, str] = {}
    days: list[tuple[str, str]] = []
    for key in snapshot.shards("recordings"):
        for row in snapshot.columns(key, _NAMES).to_pylist():
            if _is(row, wanted):
                objects[row["recording_id"]] = row["object_uri"]
                days.append(day_of(key))
    if not objects:
        raise ConfigurationError(
            f"{wanted}: no recording of that name in {out}; its file name, object or identifier is"
            " wanted"
        )
    if len(objects) > 1:
        shown = ", ".join(sorted(objects.values())[:_SHOWN])
        raise ConfigurationError(
            f"{wanted}: fits {len(objects)} recordings ({shown}); name the object, or its --date"
        )
    last = max(days, key=lambda day: (day[1], day[0]))
    return snapshot.only(lambda key: day_of(key) == last)


def _write_all(known: argparse.Namespace, snapshot: TableSnapshot, form: SubtitleForm) -> int:
    if known.output is None:
        raise ConfigurationError(
            "name a RECORDING, or with --output FOLDER a folder for the subtitles of all"
        )
    beside = f"{known.output.rstrip('/')}/{_ALL}"
    check_beside_results("--output", beside, known.out)
    if not is_bucket(known.output) and Path(known.output).is_file():
        raise ConfigurationError(f"--output {known.output}: that is a file; name a folder")
    folder, _ = split_object(beside)  # temporary files lie beside each
    written, estimated = dict[str, str](), 0
    for found in subtitled(snapshot, "", _layout(known)):
        recording = found.recording["recording_id"]
        stem = PurePosixPath(found.recording["object_uri"]).stem
        name = stem if written.get(stem, recording) == recording else f"{stem}-{recording}"
        written[name] = recording
        text = subtitle_text(found.cues, form, known.language or found.language)
        _write(folder, ".".join(filter(None, (name, known.language, form))), text)
        estimated += found.is_estimated
    tell(f"{len(written)} files of subtitles in {known.output}")
    if estimated:
        tell(
            f"{estimated} of them: not aligned; times of their words are estimated: {af3('align')}"
            " finds them"
        )
    return 0


def _write(folder: Store, key: str, text: str) -> None:
    folder.write(key, text.encode())


def _layout(known: argparse.Namespace) -> dict[str, Any]:
    """What a person chose of how subtitles look."""
    return {name: getattr(known, name) for name in ("fps", "mark_doubt", "line_width")}


def subtitled(
    snapshot: TableSnapshot, wanted: str, chosen: Mapping[str, Any]
) -> Iterator[Subtitled]:
    """The recordings with their subtitles, in the order of their tables.

    Args:
        wanted: what a person may call a recording; empty is all.
        chosen: how they look, as `make_cues` takes it.
    """
    names = names_of_speakers(snapshot.store) if snapshot.shards("speaker_turns") else {}
    for key in snapshot.shards("recordings"):
        recordings = [
            row for row in snapshot.columns(key).to_pylist() if not wanted or _is(row, wanted)
        ]
        if not recordings:
            continue
        beside = [_beside(snapshot, key, table) for table in _TABLES[1:]]
        for row in recordings:
            rows = [_rows_of(row["recording_id"], each) for each in beside]
            cues = make_cues(words_of_recording(*rows, names=names), row["duration_ms"], **chosen)
            yield Subtitled(row, cues, language_of(rows[_TABLES.index("transcripts") - 1]))


def _is(row: Row, wanted: str) -> bool:
    return wanted in names_of_recording(
        row["recording_id"], [row["object_uri"], *row["duplicate_uris"]]
    )


def _beside(snapshot: TableSnapshot, recordings: str, table: str) -> list[pa.Table]:
    """The objects of a table that hold the rows of a shard's recordings."""
    shard, count = shard_of_key(recordings)
    keys = snapshot.shards(table, *day_of(recordings))
    return [
        snapshot.columns(key)
        for key in keys
        if shard_of_key(key)[0] == shard or shard_of_key(key)[1] != count
    ]


def _rows_of(recording: str, objects: Sequence[pa.Table]) -> list[Row]:
    """A day may have millions of words: those of others become no rows."""
    is_its = pc.field("recording_id") == recording
    return [row for each in objects for row in each.filter(is_its).to_pylist()]


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
