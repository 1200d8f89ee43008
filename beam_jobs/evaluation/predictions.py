"""A benchmark's items asked, so many at a time, each once: predictions in the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from af3core.errors import Af3Error, StorageError
from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.benchmark_files import Data
from af3core.evaluation.benchmark_registry import benchmark_named
from af3core.evaluation.item import Item, SoundFile
from af3core.evaluation.reading_sounds import read_sound
from af3core.model.audio_limits import AudioLimit
from af3core.model.engines.engine_registry import answers_of
from af3core.model.request import Answer, Decoding, Request, Sound, Turn
from af3core.tasks.thinking import split_thinking, with_think_suffix
from beam_jobs.evaluation.benchmark_items import data_of
from beam_jobs.framework.derivation import Derivation, Piece, PieceRows, Row
from beam_jobs.framework.settings import JobSettings
from schemas.identity import configuration_hash
from schemas.options.evaluation import BenchmarkChoice

STAGE = "evaluate"
PREDICTIONS = "predictions"
RULES_VERSION = 1
"""Counts up when the same item is asked otherwise."""
ITEMS_AT_ONCE = 32
_THINKING_TOKENS = 1024
"""What the model's card names as the longest answer."""


def cut_flag(limit: AudioLimit) -> str:
    """Flag: the model hears no more of a sound, such as `cut_at_10_min`; the published code drops
    the rest without a word.
    """
    return f"cut_at_{limit.max_s / 60:g}_min"


def decoding_of(benchmark: Benchmark, thinking: bool) -> Decoding:
    """Greedy, as the paper's evaluation scripts decode."""
    return Decoding(_THINKING_TOKENS if thinking else benchmark.max_new_tokens)


def prompt_of(benchmark: Benchmark, item: Item, thinking: bool) -> str:
    """What the model is asked about an item."""
    prompt = benchmark.prompt(item)
    return with_think_suffix(prompt) if thinking else prompt


def prediction_pieces(
    benchmark: Benchmark, items: Sequence[Item], data: Data, settings: JobSettings
) -> list[Piece]:
    """The items in their order, some at a time; one piece is asked, and kept, together."""
    stamps = _stamps(items, data)
    thinking = settings[BenchmarkChoice].thinking
    pieces = []
    for first in range(0, len(items), ITEMS_AT_ONCE):
        some = tuple(items[first : first + ITEMS_AT_ONCE])
        asked = [
            [
                item.item_id,
                prompt_of(benchmark, item, thinking),
                item.options,
                _sound_stamps(item, stamps),
            ]
            for item in some
        ]
        identity = configuration_hash([_configuration(benchmark, settings), asked])
        pieces.append(
            Piece(
                recording_id=configuration_hash(benchmark.name),
                corpus=benchmark.name,
                date="",
                identity=identity,
                evidence=some,
                uri=data.address,
                work_ms=1000 * len(some),
            )
        )
    return pieces


def _configuration(benchmark: Benchmark, settings: JobSettings) -> dict[str, Any]:
    thinking = settings[BenchmarkChoice].thinking
    return {
        "rules": RULES_VERSION,
        "benchmark": benchmark.name,
        "model": settings.engine.identity,
        "form": settings[BenchmarkChoice].prompt_form,
        "decoding": decoding_of(benchmark, thinking),
    }


def _stamps(items: Sequence[Item], data: Data) -> dict[str, str | None]:
    keys = sorted({sound.key for item in items for sound in item.sounds if sound.key})
    return dict(zip(keys, data.store.stamps(keys), strict=True)) if keys else {}


def _sound_stamps(item: Item, stamps: dict[str, str | None]) -> list[Any]:
    return [[sound, stamps.get(sound.key)] for sound in item.sounds]


def derive_rows(piece: Piece, settings: JobSettings) -> PieceRows:
    """Ask a piece's items; one that cannot be asked has an error, and no prediction."""
    benchmark = benchmark_named(piece.corpus)
    data = data_of(benchmark, settings[BenchmarkChoice].data)
    rows: list[Row] = []
    for batch in _batches(piece.evidence, benchmark, data, settings):
        asked = [each for each in batch if each.request is not None]
        answers = answers_of(settings.engine, [e.request for e in asked if e.request])
        told = dict(zip((each.item.item_id for each in asked), answers, strict=True))
        rows += [_row(each, told.get(each.item.item_id), settings) for each in batch]
    errors = sum(bool(row["error"]) for row in rows)
    return PieceRows(
        {PREDICTIONS: rows}, {"items_asked": len(rows), "items_without_answer": errors}
    )


@dataclass(frozen=True)
class _ItemRequest:
    item: Item
    request: Request | None
    error: str = ""
    flags: tuple[str, ...] = ()


def _batches(
    items: Sequence[Item], benchmark: Benchmark, data: Data, settings: JobSettings
) -> Iterator[list[_ItemRequest]]:
    """As many items as their sounds fit into memory, twice what the model hears and one item; a
    sound of several items is one object.
    """
    most_samples = 2 * settings.checkpoint.limit.max_samples
    heard: dict[SoundFile, Sound] = {}
    batch: list[_ItemRequest] = []
    for item in items:
        batch.append(_item_request(item, heard, benchmark, data, settings))
        if sum(len(sound.samples) for sound in heard.values()) > most_samples:
            yield batch
            heard, batch = {}, []
    yield batch


def _item_request(
    item: Item,
    heard: dict[SoundFile, Sound],
    benchmark: Benchmark,
    data: Data,
    settings: JobSettings,
) -> _ItemRequest:
    flags: list[str] = []
    for file in item.sounds:
        if file in heard:
            continue
        try:
            samples = read_sound(data, file, settings.engine.prompt_form)
        except StorageError:
            raise
        except (Af3Error, OSError) as error:
            return _ItemRequest(item, None, f"{type(error).__name__}: {error}")
        limit = settings.checkpoint.limit
        heard[file] = Sound(samples[: limit.max_samples])
        if len(samples) > limit.max_samples:
            flags.append(cut_flag(limit))
    return _ItemRequest(item, _request(item, heard, benchmark, settings), flags=tuple(flags))


def _request(
    item: Item, heard: dict[SoundFile, Sound], benchmark: Benchmark, settings: JobSettings
) -> Request:
    sounds = tuple(heard[file] for file in item.sounds)
    thinking = settings[BenchmarkChoice].thinking
    longest_samples = max((len(sound.samples) for sound in sounds), default=0)
    return Request(
        sounds,
        (Turn("user", prompt_of(benchmark, item, thinking)),),
        decoding_of(benchmark, thinking),
        weights=settings.engine.weights_for(thinking=thinking, longest_samples=longest_samples),
    )


def _row(asked: _ItemRequest, answer: Answer | Af3Error | None, settings: JobSettings) -> Row:
    error, text, thinking = asked.error, "", ""
    if isinstance(answer, Af3Error):
        error = f"{type(answer).__name__}: {answer}"
    elif answer is not None:
        text = answer.text.strip()
        if settings[BenchmarkChoice].thinking:
            parts = split_thinking(text, asked.item.options)
            text, thinking = parts.answer, parts.thinking
    given = answer if isinstance(answer, Answer) else None
    return {
        "item_id": asked.item.item_id,
        "prediction": text,
        "thinking": thinking,
        "error": error,
        "flags": list(asked.flags),
        "mean_logprob": given.mean_logprob if given else None,
        "token_count": given.token_count if given else 0,
    }


def listed_by_the_job(_settings: JobSettings, _date: str) -> list[Piece]:
    """No pieces by day: `evaluate` lists its stages' pieces itself."""
    return []


ASKING = Derivation(STAGE, (), listed_by_the_job, derive_rows)
