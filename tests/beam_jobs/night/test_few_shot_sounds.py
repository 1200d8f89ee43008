"""Examples that are heard: their sounds stand in the request, as many as the model takes."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from af3core.embedding.few_shot import Example
from af3core.embedding.neighbours import EmbeddedSegment, Neighbour, Neighbourhood
from af3core.errors import ClipMissing, InvalidAudio, MachineModelError, ModelError
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.request import Answer, Request, Sound
from af3core.storage.address import open_store
from af3core.storage.store import Store
from af3core.tasks.task import Task, default_tasks
from beam_jobs.framework.clip_audio import ClipObject, clip_sounds
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.table_snapshot import TableSnapshot, take_snapshot
from beam_jobs.night import annotate, few_shot_examples, few_shot_sounds, publish
from beam_jobs.night.few_shot_examples import PublishedExamples
from beam_jobs.night.few_shot_sounds import SegmentSounds, as_many_as_fit, with_sounds
from beam_jobs.night.pending_questions import ClipWork, PendingQuestion
from beam_jobs.night.shown_example import ShownExample
from schemas.records import Clip
from tests.beam_jobs.embedded_night import SPEAKER, TASKS, embedded_night, settings_with
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.small_night import rows

HEARD = TASKS + SPEAKER % "heard" + "  examples: 2\n  examples_form: sounds\n"
SOUND = Sound(np.zeros(16_000, np.float32))


def shown(name: str) -> ShownExample:
    segment = EmbeddedSegment("r", name, "2026-11-21", f"Caption of {name}.")
    return ShownExample(Neighbour(segment, 0.5), Example(segment.caption))


THREE = tuple(shown(name) for name in "abc")


@pytest.mark.parametrize(
    "absent", [None, ClipMissing("the clip is gone"), InvalidAudio("damaged clip")]
)
def test_what_cannot_be_heard_is_told_by_its_caption(absent: ModelError | None) -> None:
    sounds: dict[str, Sound | ModelError] = {"a": SOUND, "c": SOUND}
    if absent is not None:
        sounds["b"] = absent
    found = with_sounds(THREE, sounds)
    assert not isinstance(found, ModelError)
    assert [each.record.form for each in found] == ["sound", "caption", "sound"]
    assert [each.example.caption for each in found] == [f"Caption of {n}." for n in "abc"]


def test_a_machines_trouble_keeps_the_question_waiting() -> None:
    trouble = MachineModelError("the disk does not answer")
    assert with_sounds(THREE, {"a": SOUND, "b": trouble, "c": SOUND}) is trouble


def test_a_sound_that_has_no_vector_now_keeps_its_question_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked without examples, it would have been answered for good."""
    full, empty = MachineModelError("the GPU is full"), ModelError("too short")
    near = Neighbourhood(
        (EmbeddedSegment("r", "a", "2026-11-21", "Caption of a."),), np.ones((1, 1), np.float32)
    )
    store = open_store(str(tmp_path / "out"))
    published = PublishedExamples(store, "speech", near, SegmentSounds(store, "speech"))
    monkeypatch.setattr(few_shot_examples, "load_published", lambda *_: published)
    engine = SimpleNamespace(embed=lambda _: [np.ones(1, np.float32), full, empty])
    monkeypatch.setattr(few_shot_examples, "load_engine", lambda _: engine)
    task = Task("t", "caption", "Describe this sound.", examples=1)
    questions = [PendingQuestion("t", s, n, n + 1, 0) for n, s in enumerate("bcd")]
    clip = Clip("clip", "other", "clips/clip.flac", 0, 3, ())
    item = ClipWork(clip, "clip.wav", "speech", "2026-11-22", tuple(questions))
    sounds = {(n, n + 1): SOUND for n in range(3)}
    settings = settings_for("annotate", "--out", tmp_path / "out", "--date", "2026-11-22")
    found = few_shot_examples.shown_examples(item, sounds, {"t": task}, settings)
    assert found.waiting == {questions[1]: full}
    assert [question.segment_id for question in found.of] == ["b"]


def test_a_published_day_is_read_once_for_all_clips_that_are_asked_beside_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    def slow(store: Store, tables: list[str], *day: str) -> TableSnapshot:
        looked.extend(tables)
        time.sleep(0.2)
        return take_snapshot(store, tables, *day)

    monkeypatch.setattr(few_shot_sounds, "take_snapshot", slow)
    monkeypatch.setattr(few_shot_examples, "take_snapshot", slow)
    store, nothing = open_store(str(tmp_path)), Neighbourhood((), np.zeros((0, 4), np.float32))
    published = PublishedExamples(store, "radio", nothing, SegmentSounds(store, "radio"))
    (task,) = [each for each in default_tasks() if each.kind == "caption"]
    with ThreadPoolExecutor(8) as clips:
        found = [clips.submit(published.sounds.read, [each.neighbour.segment]) for each in THREE]
        answers = [clips.submit(published._answers_of, "2026-11-21", task) for _ in range(3)]
    assert [each.result() for each in (*found, *answers)] == [{}] * 6
    assert sorted(looked) == ["captions", "segments"]


@pytest.mark.parametrize(
    ("taken", "heard", "forms"),
    [
        (3, "abc", ["sound", "sound", "sound"]),
        (2, "abc", ["sound", "sound"]),
        (1, "abc", ["sound"]),
        (0, "abc", ["caption", "caption", "caption"]),
        (3, "bc", ["caption", "sound", "sound"]),
        (1, "bc", ["caption", "caption", "caption"]),  # alone the nearest has no sound
        (3, "", ["caption", "caption", "caption"]),
    ],
)
def test_fewer_examples_first_then_captions_alone(taken: int, heard: str, forms: list[str]) -> None:
    examples = with_sounds(THREE, dict.fromkeys(heard, SOUND))
    assert not isinstance(examples, ModelError)
    found = as_many_as_fit(examples, lambda some: len(some) <= taken)
    assert [each.record.form for each in found] == forms
    assert [each.neighbour for each in found] == [e.neighbour for e in THREE[: len(forms)]]


@dataclass(frozen=True)
class Night:
    """An embedded night to be asked with examples; `sent` are the requests that were."""

    out: Path
    sent: list[Request]

    def ask(self, *options: str) -> tuple[Outcome, list[dict[str, Any]]]:
        """Annotate and publish; the rows of the question."""
        done = annotate.run(settings_with(self.out, *options, tasks=HEARD))
        publish.run(settings_with(self.out, *options, tasks=HEARD))
        return done, [row for row in rows(self.out, "answers") if row["task_id"] == "heard"]


@pytest.fixture
def night(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    out, sent = tmp_path / "out", []
    shutil.copytree(embedded_night(shared), out)
    real = Af3Engine.answer

    def answer(engine: Af3Engine, requests: list[Request]) -> list[Answer | ModelError]:
        sent.extend(requests)
        return real(engine, requests)

    monkeypatch.setattr(Af3Engine, "answer", answer)
    return Night(out, sent)


def test_the_neighbours_own_sounds_are_sent_before_the_one_asked_about(night: Night) -> None:
    _, found = night.ask()
    captions = {row["segment_id"]: row["text"] for row in rows(night.out, "captions")}
    choices = {
        r["segment_id"]: r["choice"] for r in rows(night.out, "answers") if not r["examples"]
    }
    places = {row["segment_id"]: row for row in rows(night.out, "segments")}
    assert len(found) == len(night.sent) > 10
    expected = Counter[Any]()
    for row in found:
        names = [example["segment_id"] for example in row["examples"]]
        assert [example["form"] for example in row["examples"]] == ["sound", "sound"]
        lines = [
            f"<sound-{number}>{captions[name]} Who is speaking? {choices[name]}"
            for number, name in enumerate(names, 1)
        ]
        text = "\n".join(["Here are similar examples.", *lines, "<sound-3>Who is speaking? Choose"])
        sounds = [samples_of(places[name], night.out) for name in (*names, row["segment_id"])]
        expected[text, tuple(samples.tobytes() for samples in sounds)] += 1
    assert expected == Counter(
        (
            request.turns[0].text.partition(" the correct option")[0],
            tuple(sound.samples.tobytes() for sound in request.sounds),
        )
        for request in night.sent
    )


def samples_of(segment: dict[str, Any], out: Path) -> np.ndarray[Any, Any]:
    from af3core.storage.address import store_at

    span = (segment["start_ms"], segment["end_ms"])
    clip = ClipObject(segment["clip_uri"], segment["clip_start_ms"])
    sound = clip_sounds(clip, [span], store_at(str(out)))[span]
    assert isinstance(sound, Sound)
    return sound.samples


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        ("1500", {("sound", "sound"), ("sound",)}),
        ("1000", {("sound",), ("caption", "caption")}),
    ],
)
def test_a_small_budget_takes_fewer_and_then_none(
    night: Night, budget: str, told: set[tuple[str, ...]]
) -> None:
    _, found = night.ask("--batch-tokens", budget)
    assert {tuple(example["form"] for example in row["examples"]) for row in found} == told
    assert rows(night.out, "failures") == []


def test_a_clip_that_is_gone_is_told_by_its_caption(night: Night) -> None:
    gone = shown_clip(night.out)
    (night.out / gone).unlink()
    done, found = night.ask()
    assert set(done.waiting) == {"ClipMissing"}  # what is asked about it, waits
    assert {example["form"] for row in found for example in row["examples"]} == {"sound", "caption"}
    lost = {r["segment_id"] for r in rows(night.out, "segments") if r["clip_uri"] == gone}
    for example in (example for row in found for example in row["examples"]):
        assert (example["form"] == "caption") == (example["segment_id"] in lost)


def shown_clip(out: Path) -> str:
    """The clip that holds most of the examples."""
    places = rows(out, "embeddings")
    vectors = np.array([row["audio_embedding"] for row in places])
    clips = {row["segment_id"]: row["clip_uri"] for row in rows(out, "segments")}
    nearest = Counter[str]()
    for row, vector in zip(places, vectors, strict=True):
        others = [
            (float(1 - other @ vector), clips[each["segment_id"]])
            for each, other in zip(places, vectors, strict=True)
            if each["recording_id"] != row["recording_id"] and not each["flags"]
        ]
        nearest[min(others)[1]] += 1
    return nearest.most_common(1)[0][0]


def test_a_clip_that_cannot_be_read_now_keeps_the_questions_waiting(night: Night) -> None:
    clip = night.out / shown_clip(night.out)
    aside = clip.with_suffix(".aside")
    clip.rename(aside)
    clip.symlink_to(clip)  # an error of the file system, for root too
    done, found = night.ask()
    assert len(found) < len(rows(night.out, "embeddings"))
    assert {example["form"] for row in found for example in row["examples"]} <= {"sound"}
    assert sum(done.waiting.values()) > 1
    assert rows(night.out, "failures") == []
    clip.unlink()
    aside.rename(clip)
    again, found = night.ask()
    assert again.waiting == {}
    assert len(found) == len(rows(night.out, "embeddings"))
    assert {example["form"] for row in found for example in row["examples"]} == {"sound"}


def test_a_recording_that_was_withdrawn_is_told_by_its_caption(night: Night) -> None:
    shutil.rmtree(night.out / "tables" / "segments")
    _, found = night.ask()
    assert {example["form"] for row in found for example in row["examples"]} == {"caption"}
    assert {len(request.sounds) for request in night.sent} == {1}
