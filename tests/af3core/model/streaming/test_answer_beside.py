"""Whole answers that threads ask for beside each other: the same ones, in shared batches."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from af3core.errors import EmptyAudio, MachineModelError, ModelError
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.engines.prompts_ahead import PromptsAhead
from af3core.model.engines.transformers_engine import TransformersEngine
from af3core.model.network.log_mel import LogMel
from af3core.model.prompt import Prompt
from af3core.model.request import (
    Answer,
    Decoding,
    Request,
    Sound,
    Turn,
    Waveform,
    Weights,
    ask,
)
from af3core.model.runtime.runner import Runner
from af3core.model.streaming.stream import Finished
from af3core.model.streaming.stream_batches import (
    FairLock,
    Join,
    PendingRequest,
    StreamBatches,
)
from af3core.model.weights.checkpoint import find_checkpoint
from tests.af3core.model.asking import answers_of, assert_same_answers, sound_of
from tests.refused_threads import no_thread_left

CLIPS = [[sound_of(0.4 + i / 5 + j / 9, seed=10 * i + j) for j in range(2)] for i in range(6)]
CAPTION, WHO = "Please describe the audio in detail.", "Who is speaking?"
DEADLINE_S = 60


@pytest.fixture(scope="module")
def engine(untrained: Path) -> Af3Engine:
    return Af3Engine.load(find_checkpoint(str(untrained)))


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) - before == set()


def questions(clip: Sequence[Sound], answer_tokens: int = 12) -> list[Request]:
    return [ask(sound, prompt, answer_tokens) for sound in clip for prompt in (CAPTION, WHO)]


def beside(
    answer: Callable[[Sequence[Request]], list[Answer | ModelError]],
    clips: Sequence[Sequence[Request]],
) -> list[list[Answer | ModelError]]:
    """A thread for each clip."""
    with ThreadPoolExecutor(len(clips)) as threads:
        return list(threads.map(answer, clips))


def whole(results: Sequence[Answer | ModelError]) -> list[Answer]:
    assert all(isinstance(result, Answer) for result in results), results
    return [result for result in results if isinstance(result, Answer)]


def test_many_clips_are_answered_as_one_is_and_together(engine: Af3Engine) -> None:
    clips = [questions(clip) for clip in CLIPS]
    expected, steps = [], 0
    for requests in clips:
        expected.append(answers_of(engine, requests))
        steps += engine.stats.steps
    engine.answer([])
    found = beside(engine.answer_beside, clips)
    for mine, alone in zip(found, expected, strict=True):
        assert_same_answers(whole(mine), alone)
    assert engine.stats.steps < 0.7 * steps
    assert engine.runners["base"].kv_bytes == 0


def test_what_is_computed_ahead_for_a_gpu_gives_the_same_words(untrained: Path) -> None:
    """The log-mel, on the threads that ask: each sound once."""
    engine = Af3Engine.load(find_checkpoint(str(untrained)))
    clips = [questions([*clip, sound_of(31, seed=7)]) for clip in CLIPS[:2]]
    expected = [answers_of(engine, requests) for requests in clips]
    computed, log_mel = list[int](), LogMel(engine.processor.feature_extractor.mel_filters)

    class Noting(LogMel):
        def forward(self, windows: Sequence[Waveform]) -> Tensor:
            computed.append(len(windows))
            return log_mel.forward(windows)

    noting = Noting(engine.processor.feature_extractor.mel_filters)
    engine._ahead = PromptsAhead({"base": noting})
    for mine, alone in zip(beside(engine.answer_beside, clips), expected, strict=True):
        assert_same_answers(whole(mine), alone)
    assert computed == [1] * 8  # two short sounds and two windows of the long one, twice


def test_what_the_host_has_no_memory_for_fails_alone(untrained: Path) -> None:
    engine = Af3Engine.load(find_checkpoint(str(untrained)))
    small, large = CLIPS[0][0], sound_of(3, seed=7)

    class Small(LogMel):
        def forward(self, windows: Sequence[Waveform]) -> Tensor:
            if len(windows[0]) > 32_000:
                raise MemoryError("no room for a log-mel")
            return super().forward(windows)

    engine._ahead = PromptsAhead({"base": Small(engine.processor.feature_extractor.mel_filters)})
    found = engine.answer_beside([ask(large, CAPTION, 4), ask(small, CAPTION, 4)])
    assert isinstance(found[0], MachineModelError)
    assert str(found[0]) == "the model failed: MemoryError: no room for a log-mel"
    assert isinstance(found[1], Answer)


def test_streams_are_written_in_the_same_batches(
    engine: Af3Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, running, opened = Runner.step, threading.Event(), threading.Event()

    def waiting(self: Runner, ids: object) -> object:
        running.set()
        assert opened.wait(DEADLINE_S)
        return step(self, ids)  # type: ignore[arg-type]

    monkeypatch.setattr(Runner, "step", waiting)
    long = [Request((CLIPS[0][0],), (Turn("user", WHO),), Decoding(40, min_new_tokens=40))]
    engine.answer([])
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(engine.answer_beside, long)
        assert running.wait(DEADLINE_S)
        stream = engine.stream([ask(CLIPS[1][0], WHO, 10)])
        opened.set()
        assert len(list(stream)) >= 1
        assert whole(asked.result())[0].token_count == 40
    assert engine.stats.steps < 45


def test_what_breaks_on_one_clip_breaks_no_other(
    engine: Af3Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = [questions(clip) for clip in CLIPS]
    expected = [answers_of(engine, requests) for requests in clips]
    bad, encode = CLIPS[2][1], Runner.encode

    def break_on_one(self: Runner, sounds: Sequence[Sound]) -> object:
        if bad in sounds:
            raise RuntimeError("device-side assert triggered")
        return encode(self, sounds)

    monkeypatch.setattr(Runner, "encode", break_on_one)
    empty = [ask(Sound(np.zeros(100, np.float32)), WHO, 4), *questions(CLIPS[5])]
    *found, with_empty = beside(engine.answer_beside, [*clips, empty])
    for number, (mine, alone) in enumerate(zip(found, expected, strict=True)):
        failed = [place for place, one in enumerate(mine) if isinstance(one, ModelError)]
        assert failed == ([2, 3] if number == 2 else [])
        fine = [one for one in mine if isinstance(one, Answer)]
        assert_same_answers(fine, [a for n, a in enumerate(alone) if n not in failed])
    assert isinstance(with_empty[0], EmptyAudio)
    assert_same_answers(whole(with_empty[1:]), expected[5])


def test_a_batch_that_is_too_large_for_the_memory_goes_in_smaller_ones(
    engine: Af3Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The device holds what two clips need, whatever the budget says."""
    clips = [questions(clip) for clip in CLIPS]
    expected = [answers_of(engine, requests) for requests in clips]
    start, too_large = Runner.start, []

    def short_of_memory(self: Runner, number: int, clips: object, capacity: int) -> object:
        logits = start(self, number, clips, capacity)  # type: ignore[arg-type]
        if self.kv_bytes > 3_000_000:
            too_large.append(self.kv_bytes)
            raise MemoryError("CUDA out of memory")
        return logits

    engine.answer(clips[0])
    assert engine.stats.peak_kv_bytes < 1_500_000
    monkeypatch.setattr(Runner, "start", short_of_memory)
    for _ in range(2):
        for mine, alone in zip(beside(engine.answer_beside, clips), expected, strict=True):
            assert_same_answers(whole(mine), alone)
    assert too_large
    assert engine.runners["base"].kv_bytes == 0


def test_without_any_memory_each_question_waits(
    engine: Af3Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_arguments: object) -> object:
        raise MemoryError("CUDA out of memory")

    monkeypatch.setattr(Runner, "start", lost)
    for results in beside(engine.answer_beside, [questions(clip) for clip in CLIPS[:3]]):
        assert [type(result) for result in results] == [MachineModelError] * 4


def test_a_sound_is_embedded_while_answers_are_written(
    engine: Af3Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two steps: it waits for no answer's end."""
    step, running, embedded = Runner.step, threading.Event(), threading.Event()
    [expected] = engine.embed([CLIPS[1][0]])

    def waiting(self: Runner, ids: object) -> object:
        running.set()
        if engine.stats.steps > 20:
            assert embedded.wait(DEADLINE_S)
        return step(self, ids)  # type: ignore[arg-type]

    monkeypatch.setattr(Runner, "step", waiting)
    long = [Request((CLIPS[0][0],), (Turn("user", WHO),), Decoding(60, min_new_tokens=60))]
    engine.answer([])
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(engine.answer_beside, long)
        assert running.wait(DEADLINE_S)
        [vector] = engine.embed([CLIPS[1][0]])
        embedded.set()
        assert whole(asked.result())[0].token_count == 60
    assert isinstance(vector, np.ndarray)
    np.testing.assert_array_equal(vector, expected)


def test_the_reference_answers_beside_as_well(untrained: Path) -> None:
    reference = TransformersEngine.load(find_checkpoint(str(untrained)))
    clips = [questions(clip[:1], 3) for clip in CLIPS[:2]]
    expected = [answers_of(reference, requests) for requests in clips]
    for mine, alone in zip(beside(reference.answer_beside, clips), expected, strict=True):
        assert_same_answers(whole(mine), alone)


class Device:
    """Runs a batch as an engine does: each request a step, with the others that are there."""

    def __init__(self) -> None:
        self.ran: list[tuple[Weights, int]] = []
        self.most = 0

    def run(
        self, asked: Sequence[PendingRequest], join: Join
    ) -> Iterator[tuple[int, Answer | ModelError]]:
        weights = asked[0].request.weights
        running = dict(enumerate(asked))
        while running:
            running |= dict(join(weights))
            self.most = max(self.most, len(running))
            place = next(iter(running))
            one = running.pop(place)
            assert one.request.weights == weights
            self.ran.append((weights, one.request.decoding.max_new_tokens))
            yield place, Answer("", 1, None, "stop")


def pool(device: Device, batch_tokens: int) -> StreamBatches:
    return StreamBatches(FairLock(), device.run, lambda: None, lambda: batch_tokens)


def asked_with(requests: Sequence[Request]) -> list[tuple[Request, Prompt | None]]:
    return [(request, None) for request in requests]


def test_what_runs_is_bounded_by_the_budget() -> None:
    device = Device()
    requests = [ask(Sound(CLIPS[0][0].samples), "", 90) for _ in range(50)]  # 100 tokens each
    pool(device, 1000).answer(asked_with(requests))
    assert device.most == 15
    assert len(device.ran) == 50


def test_other_weights_have_their_turn_under_a_stream_of_work() -> None:
    """One caller after the other asks the base, and one the weights that think."""
    device, turn = Device(), FairLock()
    shared = StreamBatches(turn, device.run, lambda: None, lambda: 200)
    base = [ask(Sound(CLIPS[0][0].samples), "", 90) for _ in range(400)]
    thinking = [replace(each, weights="think") for each in base[:2]]
    with ThreadPoolExecutor(2) as threads:
        with turn:
            asked = [threads.submit(shared.answer, asked_with(each)) for each in (base, thinking)]
            while shared._unfinished < 402:
                time.sleep(0.001)
        assert [len(one.result(DEADLINE_S)) for one in asked] == [400, 2]
    # four budgets of two requests each may pass by, and what runs then ends
    assert device.ran.index(("think", 90)) <= 12


class Breaking(Device):
    """Breaks in the middle of its work, once, in the way that is chosen."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how
        self.entered, self.go_on = threading.Event(), threading.Event()

    def batch_tokens(self) -> int:
        if self.how == "budget" and self.ran:
            self.how = ""
            raise KeyError("a bug of the pool")
        return 1000

    def run(
        self, asked: Sequence[PendingRequest], join: Join
    ) -> Iterator[tuple[int, Answer | ModelError]]:
        self.entered.set()
        assert self.go_on.wait(DEADLINE_S)
        if self.how == "exit":
            self.how = ""
            raise SystemExit("a library ends its thread")
        if self.how == "lost":
            self.how = ""
            join("base")
            return
        yield from super().run(asked, join)


def test_an_error_of_the_pool_is_told_to_all_that_wait_and_the_next_are_answered() -> None:
    device = Breaking("exit")
    shared = StreamBatches(FairLock(), device.run, lambda: None, device.batch_tokens)
    asked = asked_with([ask(Sound(CLIPS[0][0].samples), "", 90) for _ in range(30)])
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(shared.answer, asked)
        assert device.entered.wait(DEADLINE_S)
        second = threads.submit(shared.answer, asked[:2])
        third = threads.submit(shared.call, lambda: 7)
        while shared._unfinished < 32 or not shared._calls:
            time.sleep(0.001)
        stream = shared.open([asked[0][0]])
        device.go_on.set()
        told = [*first.result(DEADLINE_S), *second.result(DEADLINE_S)]
        with pytest.raises(MachineModelError, match="ask again"):
            third.result(DEADLINE_S)
        told += [event.result for event in stream if isinstance(event, Finished)]
    said = "the engine's thread ended by SystemExit: a library ends its thread; ask again"
    assert [(type(error), str(error)) for error in told] == [(MachineModelError, said)] * 33
    assert [type(one) for one in shared.answer(asked)] == [Answer] * 30
    assert shared.call(lambda: 8) == 8


def test_a_request_that_the_pool_lost_is_told_so_and_no_other() -> None:
    device = Breaking("budget")
    device.go_on.set()
    shared = StreamBatches(FairLock(), device.run, lambda: None, device.batch_tokens)
    asked = asked_with([ask(Sound(CLIPS[0][0].samples), "", 90) for _ in range(4)])
    lost, *others = shared.answer(asked)
    assert str(lost) == (
        "the engine's thread ended by RuntimeError: a batch has ended and left requests behind;"
        " ask again"
    )
    assert [type(one) for one in [*others, *shared.answer(asked)]] == [Answer] * 7


def test_a_batch_that_ends_without_answers_is_run_again_in_halves() -> None:
    device = Breaking("lost")
    device.go_on.set()
    shared = StreamBatches(FairLock(), device.run, lambda: None, device.batch_tokens)
    results = shared.answer(asked_with([ask(Sound(CLIPS[0][0].samples), "", 90)] * 4))
    assert [type(one) for one in results] == [Answer] * 4


def test_a_machine_without_a_thread_left_is_no_hang() -> None:
    shared = pool(Device(), 1000)
    asked = asked_with([ask(Sound(CLIPS[0][0].samples), "", 90)])
    with (
        no_thread_left(),
        pytest.raises(MachineModelError, match="no thread for the engine: can't start new"),
    ):
        shared.answer(asked)
    assert [type(one) for one in shared.answer(asked)] == [Answer]
