"""Pieces of a bundle side by side: all of them, their counts, their errors, and never too many."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam
import pytest

from beam_jobs.framework import overlapping_work
from beam_jobs.framework.counters import METRICS, count
from beam_jobs.framework.overlapping_work import WANTED, DoOverlapping
from beam_jobs.framework.pipeline import LOCAL_RUNNER

DEADLINE_S = 60
met = threading.Barrier(4, timeout=DEADLINE_S)
done: list[str] = []
running = threading.Semaphore(0)


def yes(*_context: object) -> bool:
    return True


def no(*_context: object) -> bool:
    return False


def meet(piece: str) -> Iterator[object]:
    """Four pieces wait for each other."""
    met.wait()
    count("met")
    yield piece
    if piece == "b":
        yield beam.pvalue.TaggedOutput("aside", piece.upper())


def fail_one(piece: str) -> Iterator[str]:
    time.sleep(0.2 if piece == "b" else 0.5)
    if piece == "b":
        raise ValueError("of b")
    done.append(piece)
    yield piece


def wait_or_fail(piece: str) -> Iterator[str]:
    """One has begun, two wait for what others hold, and one fails once they do."""
    if piece == "fails":
        for _ in range(3):
            assert running.acquire(timeout=DEADLINE_S)
        raise ValueError("of the one that fails")
    running.release()
    if piece == "begun":
        time.sleep(0.5)
        done.append(piece)
        yield piece
        return
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        with WANTED:
            time.sleep(0.01)
    done.append(piece)


def note_thread(piece: str) -> Iterator[str]:
    yield threading.current_thread().name


def run(pieces: str, do: object, path: Path, overlaps: object = yes) -> tuple[list[str], int]:
    pipeline = beam.Pipeline(runner=LOCAL_RUNNER)
    work = DoOverlapping(do, (), overlaps)  # type: ignore[arg-type]
    tried = (
        pipeline | beam.Create(list(pieces)) | beam.ParDo(work).with_outputs("aside", main="main")
    )
    (
        (tried["main"], tried["aside"])
        | beam.Flatten()
        | beam.combiners.ToList()
        | beam.Map(lambda found: path.write_text(" ".join(sorted(found))) and None)
    )
    result = pipeline.run()
    result.wait_until_finish()
    found = result.metrics().query(beam.metrics.MetricsFilter().with_namespace(METRICS))
    return path.read_text().split(), sum(counter.committed for counter in found["counters"])


def test_pieces_meet_and_what_they_give_and_count_arrives(tmp_path: Path) -> None:
    met.reset()
    found, counted = run("abcd", meet, tmp_path / "found")
    assert found == ["B", "a", "b", "c", "d"]
    assert counted == 4


def test_where_they_do_not_overlap_the_bundles_thread_does_them(tmp_path: Path) -> None:
    found, _ = run("ab", note_thread, tmp_path / "found", no)
    assert not any(name.startswith("pieces") for name in found)
    assert len(set(found)) == 1


def test_an_error_of_one_waits_for_the_others(tmp_path: Path) -> None:
    done.clear()
    with pytest.raises(Exception, match="of b"):
        run("abc", fail_one, tmp_path / "found")
    assert sorted(set(done)) == ["a", "c"]


def test_an_error_ends_the_bundle_without_those_that_only_wait() -> None:
    """The first waits for a claim, say, that another machine holds for minutes."""
    done.clear()
    work = DoOverlapping(wait_or_fail, (), yes)
    work.setup()
    work.start_bundle()
    begun = time.monotonic()
    for piece in ("waits", "begun", "fails", "waits too"):
        assert list(work.process(piece)) == []
    with pytest.raises(ValueError, match="of the one that fails"):
        list(work.finish_bundle())
    assert time.monotonic() - begun < DEADLINE_S / 2
    assert done == ["begun"]
    work.teardown()


def test_no_more_than_the_bound_run_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlapping_work, "_slots", threading.BoundedSemaphore(2))
    most, here = [0], [0]
    changing = threading.Lock()

    def note(piece: str) -> Iterator[str]:
        with changing:
            here[0] += 1
            most[0] = max(most[0], here[0])
        time.sleep(0.02)
        with changing:
            here[0] -= 1
        yield piece

    work = DoOverlapping(note, (), yes)
    work.setup()
    work.start_bundle()
    found = [result for piece in range(10) for result in work.process(str(piece))]
    found += [result.value for result in work.finish_bundle()]
    work.teardown()
    assert sorted(found) == sorted(map(str, range(10)))
    assert most == [2]


def test_a_bundle_that_was_given_up_gives_the_next_one_nothing() -> None:
    finished = threading.Event()

    def wait(piece: str) -> Iterator[str]:
        assert finished.wait(DEADLINE_S)
        yield piece

    work = DoOverlapping(wait, (), yes)
    work.setup()
    work.start_bundle()
    assert list(work.process("lost")) == []
    work.start_bundle()
    assert list(work.process("kept")) == []
    finished.set()
    assert [result.value for result in work.finish_bundle()] == ["kept"]
    work.teardown()
