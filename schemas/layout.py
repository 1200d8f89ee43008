"""Where every object lies below the output folder or bucket prefix.

af3-output.txt                                              marks an output: it holds no recordings
tables/TABLE/corpus=C/date=D/part-00000-of-00001.parquet   what analysts read
published/corpus=C/date=D/day.json                          a day's last publish, written last
published/corpus=C/date=D/replaced/STAGE.json               while objects of the day are replaced
superseded/TABLE/corpus=C/date=D/PART/STATE.parquet         replaced objects, for half an hour
clips/RECORDING/SEGMENTATION/START-END[-cCHANNEL][-rRETRY].flac   decoded audio, one object per clip
descriptions/corpus=C/date=D/RECORDING/DESCRIPTION.opus      spoken descriptions
manifests/corpus=C/date=D.json                              what came in
manifests/configurations/HASH.json                           the options that a day was planned with
manifests/tasks/corpus=C.json                                every task that was asked
manifests/finished/corpus=C/date=D.json                      what a day was published of last
ledger/probe/AB/SHA256.json                                 container headers, read once
ledger/sounds/AB/SHA256.json                                which sound a content holds
ledger/first_of_sound/AB/SOUND.json                          the recording that it was first met in
ledger/cut_of_sound/AB/SOUND/SEGMENTATION.json               the recording whose cut is the sound's
ledger/objects/AB/KEY.json                                  a bucket's object, hashed once
ledger/segment/RECORDING/SEGMENTATION.json                  finished decoding and cutting
ledger/annotate/AB/RECORDING/CLIP/GROUP.json                finished answers of a task group
ledger/derived/STAGE/AB/RECORDING/KEY.json                  finished rows of a derived table
ledger/corpus/STAGE/corpus=C/00000001.json                   what recordings came to among all of C
ledger/speakers/corpus=C.json                                names of voices, what is forgotten
ledger/failed/STAGE/KEY.json                                what failed, and how often
ledger/retries/STAGE/KEY.json                               what is to be done again (af3 retry)
ledger/rates/corpus=C.json                                  how fast the last night was annotated
.writing/…                                                  temporary files, until they are whole
claims/WORK/KEY                                             held while one worker does a piece
audits/corpus=C/date=D.json                                 the counts of the last audit
reports/corpus=C/run=RUN/JOB[-PART-of-COUNT].json           how each job of a run ended
reports/corpus=C/run=R/report.html                          the night as a page to look at
reports/corpus=C/run=R/listing.json                         what the archive lacked, held or moved
indexes/search.json                                         the index: files, what it was made of
indexes/search/TOKEN/…                                      full text and vectors of the tables
corrections/corpus=C/BATCH.json                             what a person corrected, never replaced
drafts/corpus=C/RECORDING/PERSON.json                        begun on the page, not saved
withdrawn/corpus=C/ID.json                                   that a recording is withdrawn
withdrawn/corpus=C/restored/ID.json                          that it is no longer
withdrawals/corpus=C/requests/ID.json                        who withdrew it, and why
withdrawals/corpus=C/removing/ID.json                        what a removal has found, until its end
withdrawals/corpus=C/certificates/ID.json                    what was removed of it
retention/corpus=C.json                                      how long it is kept, applied when
retention/corpus=C/date=D.json                               a day that was let go
audit_log/date=D/PROCESS-NUMBER.json                         who looked and who changed, by minute
exports/corpus=C/from=D,until=U/FORMAT/…                    training data
quality/corpus=C/from=D,until=D.json                        measures of an interval
trained/corpus=C/REVISION.json                               which recordings a model was tuned on
evaluations/accepted.json                                   the models that passed the gate

AB is the first two digits of the name after it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

Part = tuple[int, int]
"""Number (from 0) and count of the parts that a job is split into."""
WHOLE: Part = (0, 1)

OUTPUT_MARKER_KEY = "af3-output.txt"
"""Written by the first job that writes into an output, and never again."""
OUTPUT_MARKER = b"""\
af3-archive keeps its results here: tables, clips, ledger. A listing of recordings passes this
folder over, by this file. It may stand here as long as the results do.
"""
OUTPUT_FOLDERS = (
    ".writing",
    "audit_log",
    "audits",
    "claims",
    "clips",
    "corrections",
    "descriptions",
    "drafts",
    "evaluations",
    "exports",
    "indexes",
    "ledger",
    "manifests",
    "published",
    "quality",
    "reports",
    "retention",
    "superseded",
    "tables",
    "trained",
    "withdrawals",
    "withdrawn",
)
"""What lies directly below an output besides the marker."""
UNMARKED_OUTPUT = ("ledger/", "tables/")
"""Of releases before 0.3.0, which wrote no marker."""

_SHARD = re.compile(r"part-(\d{5})-of-(\d{5})\.parquet$")
_TELLING = re.compile(rf"(?:^|(?<=/))(?:ledger/|tables/|{re.escape(OUTPUT_MARKER_KEY)}$)")
"""Of an object's key, where it tells of an output."""
_CLIP = re.compile(r"/\d+-(\d+)(?:-c\d+)?(?:-r\d+)?\.flac$")
_CLIP_OBJECT = re.compile(r"clips/([^/]+)/([^/]+)/\d+-\d+(?:-c\d+)?(?:-r(\d+))?\.flac")
_WITHDRAWAL = re.compile(r"withdrawn/corpus=([^/]+)/(restored/)?([^/]+)\.json")
_AUDITED = re.compile(r"audit_log/date=(\d{4}-\d{2}-\d{2})/(\w+-[0-9a-f]+)-(\d{8,})\.json")
_DESCRIPTION = re.compile(r"descriptions/corpus=[^/]+/date=[^/]+/([^/]+)/([^/]+)\.opus")


OUTPUT_SIGNS = (OUTPUT_MARKER_KEY, *UNMARKED_OUTPUT)
"""What tells an output: the marker, or else all of the folders."""


def is_output(names: Collection[str]) -> bool:
    """Whether a folder is an output, by what lies directly in it; names of folders end in `/`."""
    return OUTPUT_MARKER_KEY in names or all(name in names for name in UNMARKED_OUTPUT)


def outputs_among(keys: Iterable[str]) -> list[str]:
    """The folders among whose objects some are outputs, the outermost ones, each with its `/`.

    Args:
        keys: all objects below a prefix. Pure.
    """
    found: dict[str, set[str]] = {}
    for key in keys:
        for match in _TELLING.finditer(key):
            found.setdefault(key[: match.start()], set()).add(match[0])
    outputs = sorted(folder for folder, names in found.items() if is_output(names))
    outermost: list[str] = []
    for folder in outputs:
        if not outermost or not folder.startswith(outermost[-1]):
            outermost.append(folder)
    return outermost


def partition_prefix(table: str, corpus: str, date: str) -> str:
    """The prefix below which all shards of a partition lie, with a closing slash."""
    return f"{partitions_prefix(table, corpus)}date={date}/"


def partitions_prefix(table: str, corpus: str) -> str:
    """The prefix below which all shards of a corpus lie, with a closing slash."""
    return f"tables/{table}/corpus={corpus}/"


def date_of_shard(key: str) -> str:
    """The archive day of a shard."""
    return day_of(key)[1]


def shard_key(table: str, corpus: str, date: str, shard: int, shard_count: int) -> str:
    """The one object that holds a shard."""
    return f"{partition_prefix(table, corpus, date)}part-{shard:05d}-of-{shard_count:05d}.parquet"


def shard_keys(
    tables: Iterable[str], corpus: str, date: str, shard: int, shard_count: int
) -> dict[str, str]:
    """The objects that hold a shard of several tables, by table."""
    return {table: shard_key(table, corpus, date, shard, shard_count) for table in tables}


def shard_count_of(key: str) -> int | None:
    """The shard count written into an object's name, or None where it is no shard."""
    match = _SHARD.search(key)
    return int(match[2]) if match else None


def shard_of_key(key: str) -> Part:
    """The number of a shard and their count, by its object's name; (0, 0) where it is no shard."""
    match = _SHARD.search(key)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def table_of(key: str) -> str:
    """The table that an object below `tables/` belongs to."""
    return key.split("/")[1]


def published_prefix(prefix: str) -> str:
    """Where it is said how the days below a prefix of a table are published."""
    return f"published/{prefix.split('/', 2)[2]}"


def published_key(corpus: str, date: str) -> str:
    return f"published/corpus={corpus}/date={date}/day.json"


def replacement_key(corpus: str, date: str, stage: str) -> str:
    return f"published/corpus={corpus}/date={date}/replaced/{stage}.json"


def is_replacement(key: str) -> bool:
    """Whether an object below `published/` says that a day is being replaced."""
    return key.startswith("published/") and "/replaced/" in key


def day_of(key: str) -> tuple[str, str]:
    """Corpus and archive day of an object below `tables/` or `published/`."""
    corpus = key.split("/corpus=", 1)[1].split("/", 1)[0]
    return corpus, key.split("/date=", 1)[1][:10]


def superseded_key(key: str, stamp: str) -> str:
    """Where a state of a shard is found once it is replaced."""
    return f"{superseded_prefix(key)}/{stamp}.parquet"


def superseded_prefix(prefix: str) -> str:
    """Where replaced objects of tables below a prefix are kept."""
    return f"superseded/{prefix.removeprefix('tables/')}"


def clip_key(
    recording: str,
    segmentation_hash: str,
    start_ms: int,
    end_ms: int,
    channel: int | None = None,
    retry: int = 0,
) -> str:
    """Of all channels, or of one where each is cut by itself; of the request to cut it again by
    which it sounds otherwise.
    """
    of_channel = "" if channel is None else f"-c{channel:02d}"
    of_channel += f"-r{retry}" if retry else ""
    folder = clips_prefix(recording, segmentation_hash)
    return f"{folder}{start_ms:09d}-{end_ms:09d}{of_channel}.flac"


def clips_prefix(recording: str, segmentation_hash: str) -> str:
    """One listing finds all clips that a recording was cut into."""
    return f"clips/{recording}/{segmentation_hash}/"


class ClipOrigin(NamedTuple):
    """Which recording a clip's object was cut of, how, and by which request to cut it again."""

    recording_id: str
    segmentation_hash: str
    retry: int


def clip_origin(key: str) -> ClipOrigin | None:
    """Of what a clip is, by its name; None where that is no clip's."""
    match = _CLIP_OBJECT.fullmatch(key)
    return ClipOrigin(match[1], match[2], int(match[3] or 0)) if match else None


def recording_of_clip(key: str) -> str:
    """The recording of a clip's key."""
    return key.split("/")[1]


def clip_end_ms(key: str) -> int:
    """The end of a clip by its name; 0 where it is none."""
    match = _CLIP.search(key)
    return int(match[1]) if match else 0


def descriptions_prefix(corpus: str, date: str) -> str:
    return f"descriptions/corpus={corpus}/date={date}/"


def description_key(corpus: str, date: str, recording: str, description: str) -> str:
    return f"{descriptions_prefix(corpus, date)}{recording}/{description}.opus"


def description_of(key: str) -> tuple[str, str] | None:
    """Recording and description of a spoken description's object, or None where it is none."""
    match = _DESCRIPTION.fullmatch(key)
    return (match[1], match[2]) if match else None


MANIFESTS_PREFIX = "manifests/"


def manifest_prefix(corpus: str) -> str:
    return f"{MANIFESTS_PREFIX}corpus={corpus}/"


def corpora_of(folders: Iterable[str]) -> list[str]:
    """The corpora that prefixes such as `manifests/corpus=C/` are of, sorted; others are none's."""
    names = (folder.rstrip("/").rpartition("/")[2] for folder in folders)
    return sorted({n.removeprefix("corpus=") for n in names if n.startswith("corpus=")})


def manifest_key(corpus: str, date: str) -> str:
    return f"{manifest_prefix(corpus)}date={date}.json"


def date_of_manifest(key: str) -> str:
    """The archive day of a manifest."""
    return key.rpartition("date=")[2].removesuffix(".json")


def configuration_key(identity: str) -> str:
    """The resolved options of nights, named by the manifests of their days."""
    return f"manifests/configurations/{identity}.json"


def corpus_tasks_key(corpus: str) -> str:
    """Every task that a corpus was asked."""
    return f"manifests/tasks/corpus={corpus}.json"


def finished_key(corpus: str, date: str) -> str:
    """What a day was published of last."""
    return f"manifests/finished/corpus={corpus}/date={date}.json"


def probed_key(content_sha256: str) -> str:
    return f"ledger/probe/{content_sha256[:2]}/{content_sha256}.json"


def sound_key(content_sha256: str) -> str:
    return f"ledger/sounds/{content_sha256[:2]}/{content_sha256}.json"


def first_of_sound_key(sound_sha256: str) -> str:
    return f"ledger/first_of_sound/{sound_sha256[:2]}/{sound_sha256}.json"


CUTS_OF_SOUNDS_PREFIX = "ledger/cut_of_sound/"


def cut_of_sound_key(sound_sha256: str, segmentation_hash: str) -> str:
    folder = f"{CUTS_OF_SOUNDS_PREFIX}{sound_sha256[:2]}/{sound_sha256}/"
    return f"{folder}{segmentation_hash}.json"


def sound_of_key(key: str) -> str:
    """The sound of an object that says whose cut is that of it."""
    return key.split("/")[-2]


def segmentation_of_key(key: str) -> str:
    """The segmentation of a cut's object, or of one that says whose cut is that of a sound."""
    return key.rpartition("/")[2].removesuffix(".json")


def object_key(identity: str) -> str:
    return f"ledger/objects/{identity[:2]}/{identity}.json"


def segmented_prefix(recording: str) -> str:
    """One listing finds all cuts of a recording."""
    return f"ledger/segment/{recording}/"


def segmented_key(recording: str, segmentation_hash: str) -> str:
    return f"{segmented_prefix(recording)}{segmentation_hash}.json"


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


def derived_prefix(stage: str, recording: str) -> str:
    """One listing finds all that a stage derived of a recording."""
    return f"ledger/derived/{stage}/{recording[:2]}/{recording}/"


def derived_key(stage: str, recording: str, identity: str) -> str:
    return f"{derived_prefix(stage, recording)}{identity}.json"


def identity_of_derived_key(key: str) -> str:
    """The identity of the piece of work whose rows an object holds."""
    return key.rpartition("/")[2].removesuffix(".json")


def corpus_log_prefix(stage: str, corpus: str) -> str:
    """One listing finds all entries of a corpus's log."""
    return f"ledger/corpus/{stage}/corpus={corpus}/"


def corpus_entry_key(stage: str, corpus: str, number: int) -> str:
    """Of an entry, from 1."""
    return f"{corpus_log_prefix(stage, corpus)}{number:08d}.json"


def number_of_entry(key: str) -> int:
    """The number of an entry of a corpus's log."""
    return int(key.rpartition("/")[2].removesuffix(".json"))


def corpus_speakers_key(corpus: str) -> str:
    return f"ledger/speakers/corpus={corpus}.json"


def failed_key(stage: str, work_key: str) -> str:
    return f"ledger/failed/{stage}/{work_key}.json"


def retry_prefix(stage: str) -> str:
    """One listing finds all requests to try again."""
    return f"ledger/retries/{stage}/"


def retry_key(stage: str, work_key: str) -> str:
    return f"{retry_prefix(stage)}{work_key}.json"


def rate_key(corpus: str) -> str:
    return f"ledger/rates/corpus={corpus}.json"


def claim_key(work: str, key: str) -> str:
    return f"claims/{work}/{key}"


def publish_claim_key(corpus: str, date: str, stage: str) -> str:
    """Of the tables of a day that a stage publishes."""
    return claim_key("publish", f"corpus={corpus},date={date},{stage}")


REMOVAL_CLAIM_KEY = claim_key("clean", "removal")
"""Held for the seconds in which objects that nothing names are removed."""


def corpus_claim_key(stage: str, corpus: str) -> str:
    """Of what a stage knows of a whole corpus."""
    return claim_key("corpus", f"corpus={corpus},{stage}")


def export_claim_key(folder: str) -> str:
    """Of the objects below an export's prefix."""
    return claim_key("export", folder.strip("/").replace("/", ","))


def audit_key(corpus: str, date: str) -> str:
    return f"audits/corpus={corpus}/date={date}.json"


def report_key(corpus: str, run_id: str, job: str, part: Part = WHOLE) -> str:
    """A job that was split leaves a report for each part."""
    number, count = part
    name = job if count == 1 else f"{job}-{number}-of-{count}"
    return f"reports/corpus={corpus}/run={run_id}/{name}.json"


def listing_key(corpus: str, run_id: str) -> str:
    """What a run's listing of the archive came to."""
    return f"reports/corpus={corpus}/run={run_id}/listing.json"


def corrections_prefix(corpus: str) -> str:
    """One listing finds all that was corrected in a corpus."""
    return f"corrections/corpus={corpus}/"


def correction_key(corpus: str, batch: str) -> str:
    return f"{corrections_prefix(corpus)}{batch}.json"


RETENTION_PREFIX = "retention/"


def applied_retention_key(corpus: str) -> str:
    return f"{RETENTION_PREFIX}corpus={corpus}.json"


def days_let_go_prefix(corpus: str) -> str:
    """One listing finds all days that were let go."""
    return f"{RETENTION_PREFIX}corpus={corpus}/"


def day_let_go_key(corpus: str, date: str) -> str:
    return f"{days_let_go_prefix(corpus)}date={date}.json"


def drafts_prefix(corpus: str, recording: str) -> str:
    """One listing finds what all people have begun to write of a recording."""
    return f"drafts/corpus={corpus}/{recording}/"


def drafts_key(corpus: str, recording: str, person_hash: str) -> str:
    """Names may hold anything: a person is named by the hash of the name."""
    return f"{drafts_prefix(corpus, recording)}{person_hash}.json"


WITHDRAWN_PREFIX = "withdrawn/"
"""One listing finds all that is withdrawn; whoever reads tables reads it."""
WITHDRAWALS_PREFIX = "withdrawals/"
"""What names people, reasons and addresses, for those who withdraw alone."""


def tombstone_key(corpus: str, tombstone: str) -> str:
    return f"{WITHDRAWN_PREFIX}corpus={corpus}/{tombstone}.json"


def restoration_key(corpus: str, tombstone: str) -> str:
    return f"{WITHDRAWN_PREFIX}corpus={corpus}/restored/{tombstone}.json"


def withdrawal_request_key(corpus: str, tombstone: str) -> str:
    return f"{WITHDRAWALS_PREFIX}corpus={corpus}/requests/{tombstone}.json"


def removal_work_key(corpus: str, tombstone: str) -> str:
    return f"{WITHDRAWALS_PREFIX}corpus={corpus}/removing/{tombstone}.json"


def certificate_key(corpus: str, tombstone: str) -> str:
    return f"{WITHDRAWALS_PREFIX}corpus={corpus}/certificates/{tombstone}.json"


class WithdrawalPlace(NamedTuple):
    """What the key of an object below `withdrawn/` says: a tombstone, or that it was restored."""

    corpus: str
    tombstone: str
    is_restoration: bool


def withdrawal_of(key: str) -> WithdrawalPlace | None:
    """What a key below `withdrawn/` says; None of an object that is neither of the two."""
    match = _WITHDRAWAL.fullmatch(key)
    return WithdrawalPlace(match[1], match[3], bool(match[2])) if match else None


AUDIT_LOG_PREFIX = "audit_log/"
"""One listing finds all that was done."""


def audit_log_prefix(day: str) -> str:
    """Of an ISO 8601 date, UTC."""
    return f"{AUDIT_LOG_PREFIX}date={day}/"


def audit_log_key(day: str, process: str, number: int) -> str:
    return f"{audit_log_prefix(day)}{process}-{number:08d}.json"


def audit_log_place(key: str) -> tuple[str, str, int] | None:
    """Day, process and number of an object of the audit log; None where the name is none's."""
    match = _AUDITED.fullmatch(key)
    return (match[1], match[2], int(match[3])) if match else None


INDEX_STATE_KEY = "indexes/search.json"
ACCEPTED_KEY = "evaluations/accepted.json"
TRAINED_PREFIX = "trained/"


def trained_key(corpus: str, weights_revision: str) -> str:
    """One listing of `trained/` finds all models that were tuned on recordings of an output."""
    return f"{TRAINED_PREFIX}corpus={corpus}/{weights_revision}.json"


def index_prefix(token: str) -> str:
    return f"indexes/search/{token}/"


def report_page_key(corpus: str, run_id: str) -> str:
    return f"reports/corpus={corpus}/run={run_id}/report.html"


def export_prefix(corpus: str, since: str, until: str, form: str) -> str:
    return f"exports/corpus={corpus}/from={since},until={until}/{form}/"


def quality_key(corpus: str, since: str, until: str) -> str:
    return f"quality/corpus={corpus}/from={since},until={until}.json"
