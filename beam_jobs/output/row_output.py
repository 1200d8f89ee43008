"""Rows to where they are wanted: stdout or a file, in the form that is named or fits the place."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from af3core.errors import ConfigurationError, StorageError
from af3core.messages import tell
from af3core.storage.address import is_bucket, split_object
from af3core.storage.copies_folder import CopiesFolder
from af3core.storage.folder import UNFINISHED
from af3core.storage.os_errors import translate_os_errors
from beam_jobs.output.file_to_write import check_beside_results, check_file_to_write
from beam_jobs.output.row_forms import Batches, Row, csv_text, json_lines, json_text, markdown_text
from beam_jobs.output.terminal_rows import rows_text
from schemas.options.reading import RowForm

FORMS: tuple[RowForm, ...] = get_args(RowForm)
SHOWN_ROWS = 200
"""Rows of a table; the other forms have all."""
HELD_BYTES = 8 << 20
"""A result of so many bytes is held back until it is known to be of one moment."""
ENDED_BY_A_PIPE = 128 + 13
"""The exit code of a command whose reader had enough, as a shell gives it after SIGPIPE."""
_BY_SUFFIX: dict[str, RowForm] = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".md": "markdown",
    ".parquet": "parquet",
}


class Rows(Protocol):
    """What is printed."""

    @property
    def columns(self) -> Sequence[str]:
        """Their names."""
        ...

    def batches(self) -> Batches:
        """All rows, as Python's values."""
        ...

    def arrow(self) -> pa.RecordBatchReader:
        """All rows, as Arrow has them."""
        ...


Table = Callable[[Rows], str]
"""Gives rows as a person reads them, for a terminal."""


@dataclass(frozen=True)
class Target:
    """Where rows go.

    Attributes:
        form: in which form.
        output: the file that they are written to; None is stdout.
        is_terminal: somebody reads them as they come.
    """

    form: RowForm
    output: str | None
    is_terminal: bool


def target_of(form: RowForm | None, output: str | None, out: str) -> Target:
    """Where rows go, by `--format` and `--output`; `out` is the output that they are read of.

    Raises:
        ConfigurationError: the form is not told by the file's suffix, or no terminal takes it; no
            file can be written there, or it would lie among the results.
    """
    if output is not None:
        named = form or _BY_SUFFIX.get(Path(output).suffix)
        if named is None:
            raise ConfigurationError(
                f"--output {output}: end its name with {', '.join(_BY_SUFFIX)}, or name a --format"
            )
        check_file_to_write("--output", output)
        if out:
            check_beside_results("--output", output, out)
        return Target(named, output, False)
    is_terminal = sys.stdout.isatty()
    if form == "parquet" and is_terminal:
        raise ConfigurationError(
            "--format parquet: no terminal shows it; add --output FILE, or > FILE"
        )
    return Target(form or ("table" if is_terminal else "csv"), None, is_terminal)


def write_rows(rows: Rows, target: Target, file: BinaryIO, table: Table | None = None) -> None:
    """Write rows in a form.

    Args:
        rows: what is written.
        target: says in which form.
        file: takes it.
        table: gives them for people, where it is not a table of columns.

    Raises:
        ConfigurationError: the form cannot hold a column.
    """
    if target.form == "parquet":
        _write_parquet(rows, file)
        return
    for text in _texts(rows, target, table or (lambda found: _table(found, target))):
        file.write(text.encode("utf-8", "backslashreplace"))


def _texts(rows: Rows, target: Target, table: Table) -> Iterator[str]:
    if target.form == "table":
        return iter([table(rows)])
    if target.form == "csv":
        return csv_text(rows.columns, rows.batches(), harmless=target.is_terminal)
    form = {"json": json_text, "jsonl": json_lines, "markdown": markdown_text}[target.form]
    return form(rows.columns, rows.batches())


def _table(rows: Rows, target: Target) -> str:
    first: list[Row] = []
    for batch in rows.batches():
        first += batch
        if len(first) > SHOWN_ROWS:
            tell(f"the first {SHOWN_ROWS} rows; --output FILE, or another --format, gives all")
            break
    width = shutil.get_terminal_size().columns if target.is_terminal else None
    return rows_text(rows.columns, first[:SHOWN_ROWS], width)


def _write_parquet(rows: Rows, file: BinaryIO) -> None:
    reader = rows.arrow()
    try:
        with pq.ParquetWriter(file, reader.schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        raise ConfigurationError(
            f"--format parquet: {' '.join(str(error).split())}; cast the column to VARCHAR"
        ) from error


class _HeldBack:
    """Bytes for stdout that wait until they are many, or are let go."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._is_out = False

    def write(self, data: bytes) -> int:
        self._held += data
        if self._is_out or len(self._held) > HELD_BYTES:
            self.let_go()
        return len(data)

    def flush(self) -> None:
        """Nothing: what waits waits."""

    def let_go(self) -> None:
        self._is_out = True
        sys.stdout.flush()
        sys.stdout.buffer.write(self._held)
        sys.stdout.buffer.flush()
        self._held.clear()

    def begin_again(self) -> None:
        if self._is_out:
            raise StorageError(
                "the tables were replaced while they were read, and part of the rows is written"
                " already: run it again, or write all with --output FILE"
            )
        self._held.clear()


@contextmanager
def opened(target: Target) -> Iterator[Callable[[], BinaryIO]]:
    """Gives what opens the place for rows, anew where they were of no one moment.

    A file is there at the end, whole, or not at all. On stdout rows are held back up to
    `HELD_BYTES`; beyond it they are written as they come.

    Raises:
        StorageError: the file cannot be written; rows were written already that were of no one
            moment.
    """
    if target.output is None:
        held = _HeldBack()

        def hold() -> BinaryIO:
            held.begin_again()
            return cast(BinaryIO, held)

        yield hold
        held.let_go()
        return
    with (
        _finished_at(target.output) as part,
        translate_os_errors(target.output),
        part.open("wb") as file,
    ):

        def cleared() -> BinaryIO:
            file.seek(0)
            file.truncate()
            return file

        yield cleared


@contextmanager
def _finished_at(output: str) -> Iterator[Path]:
    """A file of this machine to write, which is `output` at the end: whole, or not there."""
    if is_bucket(output):
        store, key = split_object(output)
        with CopiesFolder() as folder:
            local = Path(folder) / Path(key).name
            yield local
            store.write(key, local.read_bytes())
        return
    path = Path(os.path.realpath(output))  # a link stays one
    part = path.with_name(f"{UNFINISHED}{os.getpid()}-{path.name}")
    try:
        yield part
        with translate_os_errors(path):
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def until_enough(write: Callable[[], None]) -> int:
    """Write; gives the exit code: a reader of stdout that has enough, such as `head`, ends it."""
    try:
        write()
    except BrokenPipeError:
        # or the interpreter complains when it flushes at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ENDED_BY_A_PIPE
    return 0
