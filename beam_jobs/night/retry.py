"""Ask for work to be done again: what was given up, and what was cut wrongly.

verdicts and cuts ──► those that are meant ──► ledger/retries/STAGE/…, which the next run reads

Nothing is deleted or changed: what is done counts until the same work is done anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from af3core.errors import Af3Error, ConfigurationError
from beam_jobs.framework.failures import given_up
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import manifests, names_of_recording, recordings
from beam_jobs.framework.settings import JobSettings
from beam_jobs.night.pending_questions import STAGE as ANNOTATE
from beam_jobs.night.recordings_to_cut import STAGE as SEGMENT
from beam_jobs.night.recordings_to_cut import work_key
from beam_jobs.night.recut import recut_reason
from beam_jobs.output.next_command import af3
from schemas.options.derive import Recordings
from schemas.options.night import Retry
from schemas.records import AnnotatedClip, Failure, Recording, RetryRequest, SegmentedRecording

_SHOWN = 20


class NothingToRetry(Af3Error):
    """No work of the interval is meant by the options."""

    permanent = True


@dataclass(frozen=True)
class _Held:
    """What the ledger holds of a recording."""

    recording: Recording
    cut: SegmentedRecording | None
    failed: Failure | None
    annotated: Mapping[str, Sequence[AnnotatedClip]]


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Say what is to be done again, and with `--yes` ask for it.

    Raises:
        ConfigurationError: neither a kind of failure nor a recording is named, nor --recut given.
        NothingToRetry: nothing is meant.
    """
    retry = settings[Retry]
    if not (retry.failed_by or retry.recut or settings[Recordings].recording):
        raise ConfigurationError(
            "say what is to be done again: --failed-by CLASS (of the table failures), --recording"
            " NAME, or both; or --recut, what earlier releases heard otherwise"
        )
    ledger = Ledger(settings.store)
    requests = list(_requests(settings, ledger))
    if not requests:
        raise NothingToRetry(
            f"nothing of corpus {settings.corpus} from {settings.since} to {settings.until} is"
            " given up or cut so; what plan refused each plan looks at again; see "
            + af3("query", "SELECT error_class, object_uri FROM failures")
        )
    lines = [f"{request.stage}: {request.reason}" for request in requests[:_SHOWN]]
    if len(requests) > _SHOWN:
        lines.append(f"and {len(requests) - _SHOWN} more")
    facts = {"asked_for": len(requests) if retry.yes else 0, "found": len(requests)}
    if not retry.yes:
        return Outcome(facts, [*lines, "nothing is asked for yet; --yes does"])
    for request in requests:
        ledger.put_retry(request)
    then = ", ".join(map(af3, ("segment", "annotate", "publish")))
    return Outcome(facts, [*lines, f"asked for; run {then}"])


def _requests(settings: JobSettings, ledger: Ledger) -> Iterator[RetryRequest]:
    numbers = {stage: ledger.retries(stage) for stage in (SEGMENT, ANNOTATE)}
    for held in _held(settings, ledger):
        recording = held.recording
        reasons = {
            (SEGMENT, work_key(recording, settings)): _segment_reason(held, settings),
            (ANNOTATE, recording.recording_id): _annotate_reason(held, settings),
        }
        if settings[Retry].recut:
            reason = recut_reason(recording, held.cut, held.failed)
            reasons = {(SEGMENT, work_key(recording, settings)): reason}
        for (stage, key), reason in reasons.items():
            if reason:
                yield RetryRequest(
                    stage=stage,
                    work_key=key,
                    number=numbers[stage].get(key, 0) + 1,
                    recording_id=recording.recording_id,
                    run_id=settings.run_id,
                    reason=f"{recording.uri}: {reason}",
                )


def _held(settings: JobSettings, ledger: Ledger) -> Iterator[_Held]:
    """The recordings that are meant by their names."""
    wanted, found = set(settings[Recordings].recording), set[str]()
    for batch in recordings(manifests(ledger, settings)):
        names = {r.recording_id: names_of_recording(r.recording_id, r.uris) & wanted for r in batch}
        meant = [r for r in batch if not wanted or names[r.recording_id]]
        found.update(*names.values())
        ids = [recording.recording_id for recording in meant]
        cuts = ledger.segmented(ids, settings.segmentation_hash)
        failed = ledger.failed(SEGMENT, [work_key(recording, settings) for recording in meant])
        for each in zip(meant, cuts, failed, ledger.annotated(ids), strict=True):
            yield _Held(*each)
    if unknown := sorted(wanted - found):
        raise ConfigurationError(
            f"--recording {unknown[0]}: not planned in corpus {settings.corpus} from"
            f" {settings.since} to {settings.until}"
        )


def _segment_reason(held: _Held, settings: JobSettings) -> str:
    """Why a recording is cut again; empty where it is not."""
    kinds = settings[Retry].failed_by
    failure = held.failed if held.cut is None else None
    if failure and given_up([failure]) and (not kinds or failure.error_class in kinds):
        return f"{failure.error_class}, given up after {failure.attempts} attempts"
    if held.cut is None:
        return ""
    length = f"cut to {held.cut.decoded_duration_ms / 1000:.1f} s"
    damage = [f.error_class for f in held.cut.failures if f.error_class in kinds]
    if damage:
        return f"{length}, {damage[0]}"
    return "" if kinds else length


def _annotate_reason(held: _Held, settings: JobSettings) -> str:
    """Why a recording's failed questions are asked again; empty where there are none."""
    kinds = settings[Retry].failed_by
    failures = [
        failure
        for entries in held.annotated.values()
        for entry in entries
        for failure in entry.failures
        if given_up([failure]) and (not kinds or failure.error_class in kinds)
    ]
    if not failures:
        return ""
    return f"{len(failures)} questions given up, such as {failures[0].error_class}"
