"""Names that people give voices: said once, kept with where the voice is heard."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace

from af3core.errors import ConfigurationError
from af3core.plain_text import printable
from af3core.storage.address import read_text_at
from beam_jobs.derive.speakers.speaker_rows import speakers_by_day
from beam_jobs.framework.derivation import Row
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.settings import JobSettings
from beam_jobs.output.next_command import af3
from schemas.corpus_records import CorpusSpeakers, SpeakerName, SpeechSpan
from schemas.options.derive import SpeakerChoices

_LONGEST_NAME = 200


def names_given(given: SpeakerChoices) -> dict[str, str]:
    """The names of the file and of the command line, by identity; an empty one takes a name away.

    Raises:
        ConfigurationError: the file cannot be read, or a line is no SPEAKER,NAME.
    """
    names = _names_of_file(given.names) if given.names else {}
    for pair in given.name:
        speaker, _, name = pair.partition("=")
        names[speaker.strip()] = name.strip()
    for speaker, name in names.items():
        if len(name) > _LONGEST_NAME or name != printable(name):
            raise ConfigurationError(
                f"--name {printable(speaker)}: write a name of at most {_LONGEST_NAME} printable"
                " characters"
            )
    return names


def _names_of_file(address: str) -> dict[str, str]:
    names = {}
    lines = read_text_at(address, "file of names").removeprefix("\ufeff").splitlines()
    for number, line in enumerate(csv.reader(lines), 1):
        if not line or (number == 1 and line[0].strip().lower() == "speaker"):
            continue
        if len(line) != 2:
            raise ConfigurationError(
                f"--names {address}: line {number} has {len(line)} parts; write SPEAKER,NAME"
            )
        names[line[0].strip()] = line[1].strip()
    return names


def give_names(settings: JobSettings, names: Mapping[str, str]) -> None:
    """Keep names of voices that the table of speakers has.

    Raises:
        ConfigurationError: it has none of such an identity.
    """
    known = {row["speaker"]: row for _, row in speakers_by_day(settings)}
    for speaker in names:
        if speaker not in known:
            raise unknown_speaker(speaker, settings, len(known))
    now = [name_of(known[speaker], name, settings.run_id) for speaker, name in names.items()]

    def changed(said: CorpusSpeakers) -> CorpusSpeakers:
        return replace(said, names=_with(said.names, now))

    Ledger(settings.store).change_corpus_speakers(settings.corpus, changed)


def name_of(row: Row, name: str, run_id: str) -> SpeakerName:
    """The name of a row of speakers, known by the voice's longest turn."""
    example = SpeechSpan(
        row["example_recording_id"], row["example_start_ms"], row["example_end_ms"]
    )
    return SpeakerName(row["speaker"], name, example, run_id)


def _with(held: Sequence[SpeakerName], now: Sequence[SpeakerName]) -> tuple[SpeakerName, ...]:
    """An earlier name goes, and one that is said again keeps its place."""
    same = {(each.speaker, each.name) for each in held}
    fresh = [each for each in now if (each.speaker, each.name) not in same]
    renamed = {each.speaker for each in fresh}
    return (*(each for each in held if each.speaker not in renamed), *fresh)


def unknown_speaker(speaker: str, settings: JobSettings, known: int) -> ConfigurationError:
    """That a corpus has no such voice."""
    listed = af3("query", "SELECT * FROM speakers")
    how = f"{listed} lists them" if known else f"{af3('speakers', '--across', 'corpus')} finds them"
    return ConfigurationError(
        f"{printable(speaker)}: none of the {known} voices of corpus {settings.corpus}; {how}"
    )
