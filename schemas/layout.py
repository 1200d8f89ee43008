"""Where every object lies below the output folder or bucket prefix.

tables/TABLE/corpus=C/date=D/part-00000-of-00001.parquet   what analysts read
clips/RECORDING/SEGMENTATION/START-END.flac                 decoded audio, one object per clip
descriptions/corpus=C/date=D/RECORDING/DESCRIPTION.opus      spoken descriptions
manifests/corpus=C/date=D.json                              what came in
ledger/probe/SHA256.json                                    container headers, read once
ledger/objects/KEY.json                                     a bucket's object, hashed once
ledger/segment/RECORDING/SEGMENTATION.json                  finished decoding and cutting
ledger/annotate/RECORDING/CLIP/GROUP.json                   finished answers of a task group
ledger/derived/STAGE/RECORDING/KEY.json                     finished rows of a derived table
ledger/failed/STAGE/KEY.json                                what failed, and how often
ledger/rates/corpus=C.json                                  how fast the last night was annotated
claims/WORK/KEY                                             held while one worker does a piece
audits/corpus=C/date=D.json                                 the counts of the last audit
reports/corpus=C/run=RUN/JOB[-PART-of-COUNT].json           how each job of a run ended
reports/corpus=C/run=R/report.html                          the night as a page to look at
indexes/search.json                                         the index: files, what it was made of
indexes/search/TOKEN/…                                      full text and vectors of the tables
exports/corpus=C/from=D,until=U/FORMAT/…                    training data
quality/corpus=C/from=D,until=D.json                        measures of an interval
evaluations/accepted.json                                   the models that passed the gate
"""

from __future__ import annotations

import re

Part = tuple[int, int]
"""Number (from 0) and count of the parts that a job is split into."""
WHOLE: Part = (0, 1)

_SHARD = re.compile(r"part-(\d{5})-of-(\d{5})\.parquet$")
_DESCRIPTION = re.compile(r"descriptions/corpus=[^/]+/date=[^/]+/([^/]+)/([^/]+)\.opus")


def partition_prefix(table: str, corpus: str, date: str) -> str:
    """The prefix below which all shards of a partition lie, with a closing slash."""
    return f"tables/{table}/corpus={corpus}/date={date}/"


def shard_key(table: str, corpus: str, date: str, shard: int, shard_count: int) -> str:
    """The one object that holds a shard."""
    return f"{partition_prefix(table, corpus, date)}part-{shard:05d}-of-{shard_count:05d}.parquet"


def shard_count_of(key: str) -> int | None:
    """The shard count written into an object's name, or None where it is no shard."""
    match = _SHARD.search(key)
    return int(match[2]) if match else None


def clip_key(recording: str, segmentation_hash: str, start_ms: int, end_ms: int) -> str:
    return f"clips/{recording}/{segmentation_hash}/{start_ms:09d}-{end_ms:09d}.flac"


def descriptions_prefix(corpus: str, date: str) -> str:
    return f"descriptions/corpus={corpus}/date={date}/"


def description_key(corpus: str, date: str, recording: str, description: str) -> str:
    return f"{descriptions_prefix(corpus, date)}{recording}/{description}.opus"


def description_of(key: str) -> tuple[str, str] | None:
    """Recording and description of a spoken description's object, or None where it is none."""
    match = _DESCRIPTION.fullmatch(key)
    return (match[1], match[2]) if match else None


def manifest_prefix(corpus: str) -> str:
    return f"manifests/corpus={corpus}/"


def manifest_key(corpus: str, date: str) -> str:
    return f"{manifest_prefix(corpus)}date={date}.json"


def probed_key(content_sha256: str) -> str:
    return f"ledger/probe/{content_sha256[:2]}/{content_sha256}.json"


def object_key(identity: str) -> str:
    return f"ledger/objects/{identity[:2]}/{identity}.json"


def segmented_key(recording: str, segmentation_hash: str) -> str:
    return f"ledger/segment/{recording}/{segmentation_hash}.json"


def annotated_prefix(recording: str) -> str:
    """One listing finds the answers of all clips of a recording."""
    return f"ledger/annotate/{recording[:2]}/{recording}/"


def annotated_clip_prefix(recording: str, clip: str) -> str:
    return f"{annotated_prefix(recording)}{clip}/"


def annotated_key(recording: str, clip: str, group_hash: str) -> str:
    return f"{annotated_clip_prefix(recording, clip)}{group_hash}.json"


def clip_of_annotated_key(key: str) -> str:
    """The clip that an object of answers belongs to."""
    return key.split("/")[-2]


def derived_key(stage: str, recording: str, identity: str) -> str:
    return f"ledger/derived/{stage}/{recording[:2]}/{recording}/{identity}.json"


def failed_key(stage: str, work_key: str) -> str:
    return f"ledger/failed/{stage}/{work_key}.json"


def rate_key(corpus: str) -> str:
    return f"ledger/rates/corpus={corpus}.json"


def claim_key(work: str, key: str) -> str:
    return f"claims/{work}/{key}"


def audit_key(corpus: str, date: str) -> str:
    return f"audits/corpus={corpus}/date={date}.json"


def report_key(corpus: str, run_id: str, job: str, part: Part = WHOLE) -> str:
    """A job that was split leaves a report for each part."""
    number, count = part
    name = job if count == 1 else f"{job}-{number}-of-{count}"
    return f"reports/corpus={corpus}/run={run_id}/{name}.json"


INDEX_STATE_KEY = "indexes/search.json"
ACCEPTED_KEY = "evaluations/accepted.json"


def index_prefix(token: str) -> str:
    return f"indexes/search/{token}/"


def report_page_key(corpus: str, run_id: str) -> str:
    return f"reports/corpus={corpus}/run={run_id}/report.html"


def export_prefix(corpus: str, since: str, until: str, form: str) -> str:
    return f"exports/corpus={corpus}/from={since},until={until}/{form}/"


def quality_key(corpus: str, since: str, until: str) -> str:
    return f"quality/corpus={corpus}/from={since},until={until}.json"
