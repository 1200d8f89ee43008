"""The reviewed answers of a corpus for `af3 tune`: some to teach, some recordings to judge by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from af3core.errors import Af3Error, ConfigurationError
from af3core.evaluation.adapters.reviewed import reviewed_item
from af3core.evaluation.item import Item
from af3core.storage.os_errors import translate_os_errors
from beam_jobs.corrections.reviewed_answers import reviewed_answers
from beam_jobs.derive.export.export_clips import check_sounds, each_sound, sounds_of
from beam_jobs.derive.export.export_records import ExportRecord, ExportSound
from beam_jobs.derive.export.reviewed_rows import by_key
from beam_jobs.derive.export.selection import Filters, Selection
from beam_jobs.framework.known_nights import unknown_nights
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import manifest_dates
from beam_jobs.framework.settings import JobSettings
from beam_jobs.output.next_command import af3
from schemas.identity import configuration_hash
from schemas.options.derive import Seed
from schemas.options.tuning import Tuning
from schemas.trained_models import TrainedOn

FEWEST_TAUGHT, FEWEST_HELD_OUT = 20, 10
"""Answers. Fewer teach a model a few sentences by heart, and do not tell whether they did."""


class TooFewReviewed(Af3Error):
    """There is too little to train on, or to judge by."""

    permanent = True


@dataclass(frozen=True)
class ReviewedLessons:
    """Records of reviewed answers; no recording is in both.

    Attributes:
        taught: to train on.
        held_out: to judge by.
        contents: SHA-256 of each recording's bytes, by its id.
    """

    taught: tuple[ExportRecord, ...]
    held_out: tuple[ExportRecord, ...]
    contents: dict[str, str]

    @property
    def identity(self) -> str:
        """Of all that is taught and asked."""
        asked = [[_said(record) for record in records] for records in (self.taught, self.held_out)]
        return configuration_hash(asked)

    def trained_on(self) -> tuple[TrainedOn, ...]:
        """The recordings, in the order of their ids."""
        found = [
            TrainedOn(recording, self.contents[recording], count, is_held_out)
            for records, is_held_out in ((self.taught, False), (self.held_out, True))
            for recording, count in Counter(r for e in records for r in e.recordings).items()
        ]
        return tuple(sorted(found, key=lambda each: each.recording_id))


def read_lessons(settings: JobSettings) -> ReviewedLessons:
    """The reviewed answers of the interval, split by recording as an export splits them.

    Raises:
        ConfigurationError: nothing is planned there.
        TooFewReviewed: too few are reviewed; says how many, and what to do.
        SoundsMissing: a clip is gone.
    """
    store, tuning = settings.store, settings[Tuning]
    dates = manifest_dates(Ledger(store), settings)
    if not dates:
        raise unknown_nights(store, settings)
    answers = reviewed_answers(settings.out, settings.corpus, settings.since, settings.until)
    filters = Filters(
        held_out=tuning.test_share,
        seed=settings[Seed].seed,
        kinds=("answer",),
        reviewed_only=True,
    )
    tasks = {task.prompt_id: task for task in settings.tasks}
    selection = Selection(store, settings.corpus, tasks, filters, reviewed=by_key(answers))
    taught, held_out = list[ExportRecord](), list[ExportRecord]()
    for date in dates:
        found = selection.day(date)
        taught += found["train"]
        held_out += found["test"]
    _check_enough(taught, held_out, settings.corpus)
    check_sounds(store, [*taught, *held_out])
    contents = {answer.recording_id: answer.content_sha256 for answer in answers}
    return ReviewedLessons(tuple(taught), tuple(held_out), contents)


def _check_enough(
    taught: Sequence[ExportRecord], held_out: Sequence[ExportRecord], corpus: str
) -> None:
    more = f"review more ({af3('correct', 'FILE')})"
    wanted = (
        (taught, FEWEST_TAUGHT, "to teach", more),
        (held_out, FEWEST_HELD_OUT, "to judge by", f"{more}, or raise --test-share"),
    )
    for records, fewest, what, remedy in wanted:
        if len(records) < fewest:
            recordings = len({r for record in records for r in record.recordings})
            raise TooFewReviewed(
                f"corpus {corpus}: {len(records)} reviewed answers in {recordings} recordings"
                f" {what}, and {fewest} are needed; {remedy}"
            )


def held_out_items(records: Iterable[ExportRecord]) -> Iterator[Item]:
    """What is asked of held-out answers, as the benchmarks of reviewed exports ask it."""
    for record in records:
        yield reviewed_item(record.to_json([sound.file_name for sound in record.sounds]))


def write_sounds(settings: JobSettings, lessons: ReviewedLessons, folder: Path) -> None:
    """Every sound as FLAC in a folder; those that are there stay.

    Raises:
        StorageError: it cannot be written, or a clip not be read.
    """
    with translate_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        sounds = sounds_of([*lessons.taught, *lessons.held_out]).values()
        missing = [sound for sound in sounds if not (folder / sound.file_name).is_file()]

    def take(sound: ExportSound, flac: bytes) -> None:
        written = folder / f"{sound.file_name}.writing"
        with translate_os_errors(written):
            written.write_bytes(flac)
            written.replace(folder / sound.file_name)

    each_sound(settings.store, missing, take)


def _said(record: ExportRecord) -> list[object]:
    return [record.record_id, record.sound_key, list(record.turns)]


def one_sound(record: ExportRecord, folder: Path) -> Path:
    """Where the sound of a record lies in a folder of sounds.

    Raises:
        ConfigurationError: the record has several.
    """
    if len(record.sounds) != 1:
        raise ConfigurationError(f"{record.record_id}: an answer about several sounds")
    return folder / record.sounds[0].file_name
