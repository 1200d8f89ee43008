"""The datasheet: what an export holds, what it was made from and by whom, what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from af3core import __version__
from af3core.model.weights.checkpoint import known_licence
from beam_jobs.derive.export.selection import SPLITS, Filters, Tally

_HEADER = """\
# {title}

Conversations about sounds, for training: {form}.
Made by af3-archive {version} from the tables of corpus `{corpus}`, {first} to {last}.
{source}
"""
_FORMS = {
    "af3": "JSON lists in the form of AF3's released training code; `sound` names FLAC files below"
    " this folder",
    "af-think": "JSON lists as `af3` has them; each question asks for thinking, as AF3's own prompt"
    " does, and some 40 words of it stand before the answer, on a line of their own",
    "huggingface": "Parquet with audio, for `datasets.load_dataset`; conversations about several"
    " sounds are the configuration `dialogues`",
    "webdataset": "tar shards; a sample is a sound (KEY.flac, or KEY.0.flac and on) with the list"
    " of all records about it (KEY.json)",
}


_BY_MODELS = (
    "What the gpt side says comes from models, not from people: check a sample before you trust it."
)
_BY_BOTH = (
    "What the gpt side says comes from models, but for the answers that people corrected: check a"
    "\nsample before you trust it."
)
_BY_PEOPLE = "What the gpt side says was confirmed or corrected by people."
_AS_MADE = "What people corrected is not in it (`--as-made`)."


@dataclass(frozen=True)
class ExportShard:
    """An object of the export."""

    name: str
    records: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Sheet:
    """What a datasheet tells of."""

    corpus: str
    form: str
    first_date: str
    last_date: str
    filters: Filters
    tally: Tally
    shards: Sequence[ExportShard]
    as_made: bool = False

    def text(self) -> str:
        """The sheet in Markdown; equal exports have equal sheets."""
        header = _HEADER.format(
            title=f"{self.corpus}, {self.first_date} to {self.last_date}",
            form=_FORMS[self.form],
            version=__version__,
            corpus=self.corpus,
            first=self.first_date,
            last=self.last_date,
            source=self._source(),
        )
        left_out = _section("Left out", _left_out(self.tally))
        parts = [
            header,
            _section("Splits", _splits(self.tally)),
            _section("Questions by skill", _skills(self.tally)),
            _section("Chosen by", _filters(self.filters)),
            left_out,
            _section("Models", _models(self.tally)),
            _section("Shards", _shards(self.shards)),
        ]
        if self.tally.corrected:
            parts.insert(parts.index(left_out), _section("Corrections", _corrections(self.tally)))
        return "\n".join(parts)

    def _source(self) -> str:
        """Who the answers are of."""
        if self.filters.reviewed_only:
            return _BY_PEOPLE
        if self.as_made:
            return f"{_BY_MODELS}\n{_AS_MADE}"
        return _BY_BOTH if self.tally.corrected["value"] else _BY_MODELS


def corrected_line(tally: Tally) -> str:
    """How many answers are in as people corrected them; empty where none is."""
    values, flags = tally.corrected["value"], tally.corrected["flags"]
    told = [f"{values} with a corrected value"] if values else []
    told += [f"{flags} with flags that a person set or lifted"] if flags else []
    return f"corrected answers: {', '.join(told)}" if told else ""


def _section(title: str, lines: Iterator[str]) -> str:
    return "\n".join([f"## {title}", "", *lines, ""])


def _table(*columns: str) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"


def _splits(tally: Tally) -> Iterator[str]:
    yield from _table("split", "records", "sounds", "hours of sound", "recordings")
    for split in SPLITS:
        hours = tally.duration_ms[split] / 3_600_000
        counts = tally.records[split], tally.sounds[split]
        recordings = len(tally.recordings[split])
        yield f"| {split} | {counts[0]:,} | {counts[1]:,} | {hours:.2f} | {recordings:,} |"
    yield ""
    yield "A recording lies in one split alone, with all that is asked about it."


def _skills(tally: Tally) -> Iterator[str]:
    yield from _table("made from", "skill or task", *SPLITS)
    rows = sorted({(kind, skill) for _, kind, skill in tally.questions})
    for kind, skill in rows:
        counts = " | ".join(f"{tally.questions[split, kind, skill]:,}" for split in SPLITS)
        yield f"| {kind} | {skill} | {counts} |"
    totals = Counter[str]()
    for (split, _, _), count in tally.questions.items():
        totals[split] += count
    yield f"| all | | {' | '.join(f'{totals[split]:,}' for split in SPLITS)} |"


def _filters(filters: Filters) -> Iterator[str]:
    skills = ", ".join(filters.skills) or "all, with the night's answers and the dialogues"
    yield f"- skills: {skills}"
    if filters.reviewed_only:
        yield "- only answers that a person confirmed or corrected (`--reviewed-only`)"
    else:
        yield "- flags: rows with a flag are left out"
    agreed = "yes" if filters.only_agreed else "no"
    yield f"- only pairs that the audio model answers right itself (`--only-agreed`): {agreed}"
    languages = ", ".join(filters.languages) or "all, and sounds without speech"
    yield f"- languages that are spoken: {languages}"
    yield f"- share of recordings held out as `test`: {filters.held_out:g}"
    yield f"- seed: {filters.seed}"


def _corrections(tally: Tally) -> Iterator[str]:
    yield from _table("answers of the night", "records")
    yield f"| with a value that a person wrote or chose | {tally.corrected['value']:,} |"
    yield f"| in by a flag that a person lifted | {tally.corrected['flags']:,} |"
    yield ""
    yield "Pairs, thinking and dialogues are of the corrected texts where they were made since."


def _left_out(tally: Tally) -> Iterator[str]:
    yield from _table("reason", "rows")
    for reason, count in sorted(tally.left_out.items()):
        yield f"| {reason} | {count:,} |"


def _models(tally: Tally) -> Iterator[str]:
    yield from _table("model", "revision", "engine", "licence")
    for name, revision, engine in sorted(tally.models):
        licence = known_licence(name) or "not known here; see its model card"
        yield f"| {name} | {revision} | {engine} | {licence} |"
    yield ""
    for name, count in sorted(tally.writers.items()):
        yield f"- pairs, thinking and dialogues written by {name}: {count:,}"
    yield "- What a model writes may fall under its licence. The recordings have licences of their"
    yield "  own, which the tables do not know."


def _shards(shards: Sequence[ExportShard]) -> Iterator[str]:
    yield from _table("object", "records", "bytes", "SHA-256")
    for shard in shards:
        size = f"{shard.size_bytes:,}"
        yield f"| {shard.name} | {shard.records:,} | {size} | {shard.sha256} |"
