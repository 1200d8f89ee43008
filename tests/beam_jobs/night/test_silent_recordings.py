"""Neighbours of silent recordings: which they are, and that each is read once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from af3core.storage.address import open_store
from beam_jobs.framework.ledger import Ledger
from beam_jobs.night.silent_recordings import Neighbourhood
from schemas.records import Clip, MediaInfo, Recording, Segment, SegmentedRecording

MEDIA = MediaInfo("wav", "pcm_s16le", 16_000, 1, 1000)
CUT_AS = "cut"


class ReadLedger(Ledger):
    """A ledger that keeps which cuts were read."""

    read: tuple[str, ...] = ()

    def segmented(
        self, recordings: Sequence[str], segmentation_hash: str
    ) -> list[SegmentedRecording | None]:
        self.read += tuple(recordings)
        return super().segmented(recordings, segmentation_hash)


def recording(name: str) -> Recording:
    return Recording(name, name, f"/a/{name}", (), "c", "2026-11-21", 1, "2026-11-21", MEDIA)


def cut(each: Recording, is_heard: bool) -> SegmentedRecording:
    name = each.recording_id
    segment = Segment(name, 0, 1000, 0, None, None, None, "" if is_heard else "silence", False)
    clip = Clip(name, name, f"clips/{name}", 0, 1000, (segment,))
    return SegmentedRecording(name, CUT_AS, 1000, (), (clip,), (), "run", 0)


def reel(count: int) -> list[Recording]:
    return [recording(f"reel_{number:02d}") for number in range(count)]


def kept(folder: Path, cuts: list[SegmentedRecording]) -> ReadLedger:
    ledger = ReadLedger(open_store(str(folder)))
    for each in cuts:
        ledger.put_segmented(each)
    return ledger


def test_neighbours_are_those_beside_it_in_its_folder(tmp_path: Path) -> None:
    day = [recording(f"reel/{number:02d}.wav") for number in range(12)]
    day.append(recording("other/05.wav"))
    neighbourhood = Neighbourhood(day[::-1], kept(tmp_path, []), CUT_AS)
    assert [r.recording_id for r in neighbourhood.neighbours_of(day[5])] == [
        f"reel/{number:02d}.wav" for number in (1, 2, 3, 4, 6, 7, 8, 9)
    ]
    assert neighbourhood.neighbours_of(day[12]) == []


def test_each_neighbour_of_many_silent_recordings_is_read_once(tmp_path: Path) -> None:
    """Every fifth of forty is silent; the night's shard holds those and two others."""
    day = reel(40)
    cuts = [cut(each, number % 5 != 0) for number, each in enumerate(day)]
    ledger = kept(tmp_path, cuts)
    neighbourhood = Neighbourhood(day, ledger, CUT_AS)
    first = [(day[number], cuts[number]) for number in (0, 5, 6, 10, 11)]
    assert neighbourhood.heard_beside(first) == {"reel_00", "reel_05", "reel_10"}
    assert ledger.read == tuple(f"reel_{n:02d}" for n in (1, 2, 3, 4, 7, 8, 9, 12, 13, 14))
    second = [(day[number], cuts[number]) for number in range(15, 40, 5)]
    assert neighbourhood.heard_beside(second) == {
        "reel_15",
        "reel_20",
        "reel_25",
        "reel_30",
        "reel_35",
    }
    assert sorted(ledger.read) == sorted(set(ledger.read))
    assert neighbourhood.heard_beside(second) == {each.recording_id for each, _ in second}
    assert len(ledger.read) == 10 + 20


def test_neighbours_speak_where_three_and_four_fifths_were_heard(tmp_path: Path) -> None:
    day = reel(9)
    silent = [(day[4], cut(day[4], is_heard=False))]

    def doubted(name: str, heard: set[int], mute: set[int]) -> bool:
        cuts = [cut(day[n], n in heard) for n in sorted(heard | mute)]
        found = Neighbourhood(day, kept(tmp_path / name, cuts), CUT_AS).heard_beside(silent)
        return found == {"reel_04"}

    assert doubted("three", {3, 5, 6}, set())
    assert not doubted("two", {3, 5}, set())
    assert doubted("four_fifths", {0, 1, 2, 3}, {5})
    assert not doubted("fewer", {1, 2, 3}, {5})


def test_nothing_is_read_where_all_were_heard(tmp_path: Path) -> None:
    day = reel(9)
    ledger = kept(tmp_path, [cut(each, is_heard=True) for each in day])
    neighbourhood = Neighbourhood(day, ledger, CUT_AS)
    assert (
        neighbourhood.heard_beside([(day[4], cut(day[4], is_heard=True)), (day[5], None)]) == set()
    )
    assert ledger.read == ()
