"""Continue a checkpoint by LoRA on answers that people reviewed, and say what it changed.

reviewed answers ──► taught, held out ──► asked before ──► trained ──► asked after ──► checkpoint

Beside the new folder lies NAME.tuning while the work goes on: a killed run goes on there.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from af3core import messages
from af3core.errors import ConfigurationError
from af3core.evaluation.item import Item
from af3core.model.engines.engine_registry import EngineSettings, load_apart
from af3core.model.request import Sound
from af3core.model.weights.checkpoint import Checkpoint, find_checkpoint
from af3core.storage.address import is_bucket
from af3core.storage.file_lock import hold_file_lock
from af3core.storage.os_errors import translate_os_errors
from beam_jobs.evaluation.reviewed_lessons import (
    ReviewedLessons,
    held_out_items,
    one_sound,
    read_lessons,
    write_sounds,
)
from beam_jobs.evaluation.tuned_figures import (
    TaskChange,
    change_lines,
    changes,
    request_of,
    said,
)
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.settings import JobSettings
from beam_jobs.output.next_command import af3
from schemas import layout
from schemas.identity import configuration_hash
from schemas.options.derive import Seed
from schemas.options.night import Model
from schemas.options.tuning import Tuning
from schemas.record_format import stored_json
from schemas.trained_models import TrainedModel

TUNING_VERSION = 1
"""Counts up when the same answers teach otherwise."""
_BEGUN, _FIGURES = "begun.json", "figures.json"


@dataclass(frozen=True)
class _Begun:
    """What a training folder was begun for."""

    identity: str
    source_revision: str


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Tune, and write the checkpoint, its figures and the record of what it was trained on.

    Raises:
        ConfigurationError: the new folder is there already, or was begun for something else; the
            source's weights are other ones now.
        TooFewReviewed: there is too little to train on, or to judge by.
        StorageError: it cannot be written.
    """
    target = _target(settings)
    work = target.with_name(f"{target.name}.tuning")
    with translate_os_errors(work):
        work.parent.mkdir(parents=True, exist_ok=True)
    with hold_file_lock(work.with_name(f"{work.name}.lock"), wait_s=0.0):
        lessons = read_lessons(settings)
        _begin(work, lessons, settings)
        write_sounds(settings, lessons, work / "sounds")
        items = list(held_out_items(lessons.held_out))
        before = _asked_once(settings.engine, items, lessons, work, "before.json")
        _train(lessons, settings, work)
        engine = _tuned_engine(settings, work / "checkpoint")
        found = changes(items, before, _asked_once(engine, items, lessons, work, "after.json"))
        record = _record(lessons, engine.checkpoint, target, settings)
        _finish(record, found, work, target, settings)
    return Outcome(_facts(record, found, target), _lines(record, found, target, settings))


def _target(settings: JobSettings) -> Path:
    """The new folder, which is not there.

    Raises:
        ConfigurationError: it is, or lies in a bucket, or a server holds the model.
    """
    given = settings[Tuning].tuned
    if not given or is_bucket(given):
        raise ConfigurationError(
            f"--tuned {given or 'is missing'}: name a folder on this machine for the new checkpoint"
        )
    if settings.engine.name == "openai":
        raise ConfigurationError("--engine openai: a server's weights cannot be tuned; take af3")
    target = Path(os.path.abspath(given))
    if target.exists():
        raise ConfigurationError(
            f"--tuned {given}: there is something; no checkpoint is overwritten, name another"
        )
    return target


def _begin(work: Path, lessons: ReviewedLessons, settings: JobSettings) -> None:
    """See that the folder of an earlier run was begun for the same, or begin it.

    Raises:
        ConfigurationError: it was not.
    """
    tuning, source = settings[Tuning], settings.checkpoint
    rule = [tuning.rank, tuning.epochs, tuning.learning_rate, settings[Seed].seed]
    decided = [TUNING_VERSION, lessons.identity, source.revision, settings.engine.dtype, rule]
    begun = _Begun(configuration_hash(decided), source.revision)
    held = _read_json(work / _BEGUN)
    if held is None:
        _write_json(work / _BEGUN, dataclasses.asdict(begun))
        return
    if held.get("source_revision") != source.revision:
        raise _changed(settings)
    if held != dataclasses.asdict(begun):
        raise ConfigurationError(
            f"{work}: was begun with other reviews or options; give those again, or remove the"
            " folder to begin anew"
        )


def _changed(settings: JobSettings) -> ConfigurationError:
    return ConfigurationError(
        f"--model {settings[Model].model}: its weights have changed since the training was begun;"
        " bring them back, or begin anew with another --tuned"
    )


def _train(lessons: ReviewedLessons, settings: JobSettings, work: Path) -> None:
    """Write the tuned weights, unless an earlier run has."""
    done = work / "checkpoint"
    if done.is_dir():
        return
    from af3core.model.weights.loading import (
        choose_device,
        load_processor,
        load_transformers_model,
    )
    from af3core.tuning.lessons import Lesson, Lessons
    from af3core.tuning.lora_training import LoraRule, train, with_lora
    from af3core.tuning.tuned_checkpoint import write_tuned

    engine, tuning = settings.engine, settings[Tuning]
    model = load_transformers_model(settings.checkpoint, engine.dtype, choose_device(engine.device))
    rule = LoraRule(tuning.rank, tuning.learning_rate, tuning.epochs, settings[Seed].seed)
    tuned = with_lora(model, rule)
    taught = [
        Lesson(
            record.record_id,
            one_sound(record, work / "sounds"),
            record.turns[0][1].removeprefix("<sound>\n"),
            record.turns[1][1],
        )
        for record in lessons.taught
    ]
    prepared = Lessons(taught, model, load_processor(settings.checkpoint), rule.seed)
    for _ in train(tuned, prepared, rule, work / "state.pt", messages.tell):
        pass
    if _revision_now(settings) != settings.checkpoint.revision:
        raise _changed(settings)
    write_tuned(tuned, settings.checkpoint, work / "checkpoint.writing")
    with translate_os_errors(done):
        (work / "checkpoint.writing").rename(done)


def _revision_now(settings: JobSettings) -> str:
    chosen = settings[Model]
    return find_checkpoint(chosen.model, chosen.model_revision).revision


def _tuned_engine(settings: JobSettings, folder: Path) -> EngineSettings:
    return dataclasses.replace(settings.engine, checkpoint=find_checkpoint(str(folder)))


def _asked_once(
    engine: EngineSettings,
    items: Sequence[Item],
    lessons: ReviewedLessons,
    work: Path,
    name: str,
) -> dict[str, str]:
    """What a model says of the held-out answers, by item; an earlier run's where there are any."""
    held = _read_json(work / name)
    if held is not None:
        return held
    from af3core.tuning.lessons import read_sound

    sounds: dict[Path, Sound] = {}
    requests = []
    for item, record in zip(items, lessons.held_out, strict=True):
        path = one_sound(record, work / "sounds")
        if path not in sounds:
            sounds[path] = Sound(read_sound(path, engine.checkpoint.limit.max_samples))
        requests.append(request_of(item, sounds[path]))
    texts = said(load_apart(engine).answer(requests))
    found = {item.item_id: text for item, text in zip(items, texts, strict=True)}
    _write_json(work / name, found)
    return found


def _record(
    lessons: ReviewedLessons, tuned: Checkpoint, target: Path, settings: JobSettings
) -> TrainedModel:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    return TrainedModel(
        model=target.name,
        weights_revision=tuned.revision,
        address=str(target),
        source_model=settings.checkpoint.name,
        source_revision=settings.checkpoint.revision,
        corpus=settings.corpus,
        run_id=settings.run_id,
        trained_at=now,
        recordings=lessons.trained_on(),
    )


def _finish(
    record: TrainedModel,
    found: Sequence[TaskChange],
    work: Path,
    target: Path,
    settings: JobSettings,
) -> None:
    """Keep what it was trained on, and only then put the checkpoint where it belongs."""
    key = layout.trained_key(record.corpus, record.weights_revision)
    settings.store.create(key, json.dumps(stored_json(record), indent=1).encode())
    figures = {"held_out": [dataclasses.asdict(each) for each in found]}
    _write_json(work / "checkpoint" / _FIGURES, figures)
    with translate_os_errors(target):
        (work / "checkpoint").rename(target)
        shutil.rmtree(work)


def _facts(record: TrainedModel, found: Sequence[TaskChange], target: Path) -> dict[str, Any]:
    taught = [each for each in record.recordings if not each.is_held_out]
    held_out = [each for each in record.recordings if each.is_held_out]
    return {
        "model": str(target),
        "weights_revision": record.weights_revision,
        "taught": sum(each.answers for each in taught),
        "taught_recordings": len(taught),
        "held_out": sum(each.answers for each in held_out),
        "held_out_recordings": len(held_out),
        "changes": [dataclasses.asdict(each) for each in found],
    }


def _lines(
    record: TrainedModel, found: Sequence[TaskChange], target: Path, settings: JobSettings
) -> list[str]:
    facts, tuning = _facts(record, found, target), settings[Tuning]
    of = f"of {facts['taught_recordings']} recordings"
    lines = [
        f"taught      {facts['taught']} reviewed answers {of}",
        f"held out    {facts['held_out']} of {facts['held_out_recordings']} recordings",
        *change_lines(found),
        f"checkpoint  {target} ({record.weights_revision})",
    ]
    if settings.checkpoint.has_think:
        lines.append("its weights for thinking were not taken along: they are the source's")
    split = ("--held-out", f"{tuning.test_share:g}", "--seed", str(settings[Seed].seed))
    exported = af3("export", "--reviewed-only", *split)
    return [*lines, f"next        {exported}, then evaluate and accept it by that export"]


def _read_json(path: Path) -> dict[str, Any] | None:
    """What an earlier run kept; None where it kept nothing.

    Raises:
        ConfigurationError: it is damaged.
    """
    with translate_os_errors(path):
        if not path.is_file():
            return None
        data = path.read_bytes()
    try:
        held: dict[str, Any] = json.loads(data)
    except ValueError as error:
        raise ConfigurationError(f"{path}: damaged; remove {path.parent} to begin anew") from error
    return held


def _write_json(path: Path, value: dict[str, Any]) -> None:
    written = path.with_name(f"{path.name}.writing")
    with translate_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")
        written.replace(path)
