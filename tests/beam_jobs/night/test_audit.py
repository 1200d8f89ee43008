"""The gate before publishing: what counts against a night, and that the tables stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.errors import ConfigurationError
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.settings import JobSettings
from beam_jobs.night import annotate, audit, discover, publish, segment
from beam_jobs.night.audit import AuditFailed, findings
from schemas.options.night import AuditLimits
from schemas.reports import AuditCounts
from tests.beam_jobs.job_settings import planned
from tests.beam_jobs.small_night import DAY, make_archive, settings_of
from tests.media import spoken, write

GOOD = AuditCounts(
    planned=10,
    recordings=10,
    duration_ms=3_600_000,
    annotated_ms=3_000_000,
    skipped_ms=600_000,
    answers=100,
)


@pytest.mark.parametrize(
    ("counts", "messages"),
    [
        (AuditCounts(), []),
        (GOOD, []),
        (GOOD + AuditCounts(flagged_answers=50), []),
        (
            GOOD + AuditCounts(flagged_answers=51),
            ["51 of 100 answers carry flags, more than the 50% allowed"],
        ),
        (GOOD + AuditCounts(failed_ms=900_000), []),
        (
            GOOD + AuditCounts(failed_ms=900_001),
            ["15:00 of 1:00:00 of the audio failed, more than the 25% allowed"],
        ),
        (GOOD + AuditCounts(not_recordings=3), []),
        (
            GOOD + AuditCounts(not_recordings=2, failed_recordings=2),
            ["4 of 12 recordings failed, more than the 25% allowed"],
        ),
        (
            AuditCounts(not_recordings=4),
            ["4 of 4 recordings failed, more than the 25% allowed"],
        ),
        (
            GOOD + AuditCounts(planned=1),
            ["10 recordings where 11 are planned; run plan again"],
        ),
        (
            GOOD + AuditCounts(skipped_ms=1),
            ["3600000 ms in, 3000000 ms annotated and 600001 ms skipped"],
        ),
        (
            GOOD + AuditCounts(not_annotated_ms=181_000),
            [
                "3:01 of 1:00:00 of the audio waits to be annotated, more than the 5% allowed; run"
                " annotate again"
            ],
        ),
        (
            GOOD + AuditCounts(not_cut=2),
            ["2 of 10 recordings wait to be decoded, more than the 5% allowed; run segment again"],
        ),
        (
            GOOD + AuditCounts(planned=1, broken=("table captions breaks its schema: no",)),
            ["table captions breaks its schema: no"],
        ),
        (
            GOOD + AuditCounts(failed_recordings=9, failed_ms=3_600_000, flagged_answers=100),
            [
                "9 of 10 recordings failed, more than the 25% allowed",
                "1:00:00 of 1:00:00 of the audio failed, more than the 25% allowed",
                "100 of 100 answers carry flags, more than the 50% allowed",
            ],
        ),
    ],
)
def test_each_finding_is_one_line(counts: AuditCounts, messages: list[str]) -> None:
    assert texts(counts) == messages


def texts(counts: AuditCounts, **limits: float) -> list[str]:
    return [finding.text for finding in findings(counts, AuditLimits(**limits))]


def test_limits_are_the_runs_own() -> None:
    counts = GOOD + AuditCounts(failed_recordings=1, flagged_answers=1)
    assert texts(counts, max_failed_share=0.1, max_flagged_share=0.01) == []
    assert texts(counts, max_failed_share=0.0, max_flagged_share=0.0) == [
        "1 of 10 recordings failed, more than the 0% allowed",
        "1 of 100 answers carry flags, more than the 0% allowed",
    ]
    everything = GOOD + AuditCounts(failed_recordings=10, flagged_answers=100)
    assert texts(everything, max_failed_share=1.0, max_flagged_share=1.0) == []


def test_counts_add_up_and_the_first_example_stays() -> None:
    one = AuditCounts(
        planned=2,
        recordings=1,
        duration_ms=5,
        broken=("a",),
        causes={"NotMedia": 1, "NoAudio": 2},
        examples={"NotMedia": "first", "NoAudio": "silent"},
    )
    other = AuditCounts(
        planned=3,
        answers=4,
        duration_ms=6,
        broken=("b", "c"),
        causes={"NotMedia": 3, "TooLong": 1},
        examples={"NotMedia": "second", "TooLong": "long"},
    )
    assert one + other == AuditCounts(
        planned=5,
        recordings=1,
        answers=4,
        duration_ms=11,
        broken=("a", "b", "c"),
        causes={"NotMedia": 4, "NoAudio": 2, "TooLong": 1},
        examples={"NotMedia": "first", "NoAudio": "silent", "TooLong": "long"},
    )
    assert one + AuditCounts() == one == AuditCounts() + one
    assert AuditCounts.from_json(one.to_json()) == one


def prepared(archive: Path, out: Path, checkpoint: Path, *options: str) -> JobSettings:
    """A night that is discovered and cut."""
    settings = settings_of(archive, out, checkpoint, *options)
    discover.run(settings)
    segment.run(settings)
    return settings


def audited(settings: JobSettings, *limits: str) -> Outcome:
    """Audit, and see that the tables are left as they were."""
    before = tables(settings)
    try:
        return audit.run(planned(settings, "audit", *limits))
    finally:
        assert tables(settings) == before


def tables(settings: JobSettings) -> dict[str, bytes]:
    folder = Path(settings.out) / "tables"
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_good_night_passes_before_and_after_it_is_published(
    untrained: Path, tmp_path: Path
) -> None:
    # the words of a model without training are all in doubt
    limits = ("--max-flagged-share", "1")
    archive = make_archive(tmp_path / "arc")
    settings = prepared(archive, tmp_path / "out", untrained, "--shards", "2")
    annotate.run(settings)
    passed = audited(settings, *limits)
    assert not (tmp_path / "out" / "tables").exists()
    counts = passed.facts
    assert (counts["planned"], counts["recordings"], counts["failed_recordings"]) == (2, 2, 0)
    assert counts["duration_ms"] == counts["annotated_ms"] + counts["skipped_ms"] > 40_000
    assert counts["answers"] == counts["flagged_answers"] >= 8
    assert (counts["broken"], counts["causes"]) == ((), {})
    assert passed.lines[0].startswith("passed: 2 recordings, 0:4")
    assert passed.lines[0].endswith(f" of {counts['answers']} answers carry flags")
    publish.run(settings)
    assert audited(settings, *limits).facts == counts


def test_a_night_of_bad_recordings_names_counts_cause_and_an_example(
    untrained: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "arc"
    for number in range(2):
        write(archive / DAY / f"good{number}.wav", spoken(("the storm", "the river")[number]))
    for number in range(8):
        (archive / DAY / f"bad{number}.wav").write_text(f"Letter {number}. " * 100)
    settings = prepared(archive, tmp_path / "out", untrained)
    annotate.run(settings)
    with pytest.raises(AuditFailed) as caught:
        audited(settings, "--max-flagged-share", "1")
    assert str(caught.value).startswith(
        "not published: 8 of 10 recordings failed, more than the 25% allowed."
        f" Failures: 8 NotMedia, such as {archive / DAY / 'bad0.wav'}: "
    )
    assert str(caught.value).endswith(
        ". Mend what failed and ask for it again (af3 retry --failed-by CLASS), or allow more with"
        " --max-failed-share"
    )
    assert "\n" not in str(caught.value)
    assert caught.value.permanent
    # the same night under another limit
    limits = ("--max-flagged-share", "1", "--max-failed-share", "0.8")
    assert audited(settings, *limits).facts["causes"] == {"NotMedia": 8}


def test_a_night_that_was_not_asked_is_named(untrained: Path, tmp_path: Path) -> None:
    write(tmp_path / "arc" / DAY / "a.wav", spoken())
    settings = prepared(tmp_path / "arc", tmp_path / "out", untrained)
    with pytest.raises(AuditFailed) as caught:
        audited(settings)
    assert str(caught.value) == (
        "not published: 0:04 of 0:04 of the audio waits to be annotated, more than the 5% allowed;"
        " run annotate again"
    )
    assert not (tmp_path / "out" / "tables").exists()


def test_times_that_do_not_add_up_are_a_finding(untrained: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "arc" / DAY / "a.wav", spoken()[:64_000])
    settings = prepared(tmp_path / "arc", tmp_path / "out", untrained)
    (entry,) = (tmp_path / "out" / "ledger" / "segment").rglob("*.json")
    entry.write_text(
        entry.read_text().replace('"decoded_duration_ms":4000', '"decoded_duration_ms":4001')
    )
    with pytest.raises(AuditFailed) as caught:
        audited(settings)
    assert str(caught.value) == (
        f"not published: {path}: 4001 ms in, 0 ms annotated and 4000 ms skipped;"
        " delete its object below ledger/segment and run again"
    )


def test_an_interval_without_a_plan_does_not_pass(tmp_path: Path, untrained: Path) -> None:
    (tmp_path / "archive").mkdir()
    settings = settings_of(tmp_path / "archive", tmp_path / "out", untrained, "--date", DAY)
    with pytest.raises(ConfigurationError, match="no night was planned there"):
        audited(settings)
