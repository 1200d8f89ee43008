"""The search index over published texts: words, phrases, prefixes; made again from the tables."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path
from typing import Any

import pytest

from af3core.errors import ConfigurationError
from af3core.storage.address import open_store
from beam_jobs import index
from beam_jobs.cli import main
from beam_jobs.index import INDEX_KEY, Hit, SearchError, search
from beam_jobs.ledger import Ledger
from beam_jobs.parquet import encode_table
from beam_jobs.settings import NightSettings
from schemas import layout
from schemas.records import NightManifest
from schemas.tables import BY_NAME
from tests.beam_jobs.night import settings_of

NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
FIRST, SECOND = "2026-11-20", "2026-11-21"
RECORDING = {
    "duplicate_uris": [],
    "content_sha256": "0" * 64,
    "size_bytes": 1,
    "modified_at": NOW,
    "container": "wav",
    "codec": "pcm_s16le",
    "sample_rate_hz": 16_000,
    "channels": 1,
    "declared_duration_ms": 60_000,
    "duration_ms": 60_000,
    "decoded_duration_ms": 60_000,
    "annotated_ms": 60_000,
    "skipped": [],
    "clip_count": 1,
    "segment_count": 2,
    "status": "annotated",
    "flags": [],
    "segmentation_hash": "s",
    "run_id": "r",
}
ANSWER = {
    "clip_id": "c",
    "segment_id": "s",
    "task_id": "t",
    "prompt_id": "p",
    "mean_logprob": -0.1,
    "token_count": 5,
    "finish_reason": "stop",
    "examples": [],
    "flags": [],
    "model": "m",
    "weights_revision": "w",
    "engine": "af3",
    "task_hash": "h",
    "run_id": "r",
    "generated_at": NOW,
}


def publish(out: Path, date: str, said: dict[str, list[str]], seen: str = "") -> None:
    """One day's tables: per recording what is said in each half minute; one caption of all."""
    store = open_store(str(out))
    recordings, transcripts, captions = [], [], []
    for recording, texts in said.items():
        recordings.append(
            RECORDING | {"recording_id": recording, "object_uri": f"/arc/{recording}.wav"}
        )
        for number, text in enumerate(texts):
            at = {"start_ms": 30_000 * number, "end_ms": 30_000 * (number + 1)}
            row: dict[str, Any] = ANSWER | {"recording_id": recording, "text": text} | at
            transcripts.append(row | {"word_count": len(text.split())})
            if seen:
                captions.append(row | {"text": seen, "thinking": ""})
    for table, rows in (
        ("recordings", recordings),
        ("transcripts", transcripts),
        ("captions", captions),
    ):
        key = layout.shard_key(table, "default", date, 0, 1)
        store.write(key, encode_table(BY_NAME[table], rows))
    plan = NightManifest("default", date, "/arc", "r", NOW.isoformat(), 1, (), ())
    Ledger(store).put_manifest(plan)


@pytest.fixture
def settings(tmp_path: Path, untrained: Path) -> NightSettings:
    """Two days: a programme about a storm, and one that names it by the way."""
    out = tmp_path / "out"
    publish(out, FIRST, {"aa": ["The storm, the storm! A storm.", "Rainy days in Zürich", ""]})
    storm = "After the news we talk of bees, and whether a storm in May does harm to them all"
    publish(out, SECOND, {"bb": ["Bees like sun.", storm]}, seen="A woman speaking.")
    (tmp_path / "arc").mkdir()
    return settings_of(tmp_path / "arc", out, untrained)


def found(settings: NightSettings, words: str, limit: int = 20) -> list[tuple[str, str, int]]:
    """Kind, object and time of each hit."""
    return [(h.kind, h.object_uri, h.start_ms) for h in search(settings.out, words, limit)]


def test_a_word_is_found_with_its_place_and_the_best_place_first(settings: NightSettings) -> None:
    outcome = index.run(settings)
    assert outcome.facts == {"dates": 2, "texts_indexed": 6}
    assert outcome.lines == ["indexed: 6 texts of 2 days"]
    assert search(settings.out, "storm", 20) == [
        Hit(
            kind="transcripts",
            corpus="default",
            date=FIRST,
            object_uri="/arc/aa.wav",
            start_ms=0,
            end_ms=30_000,
            context="The [storm], the [storm]! A [storm].",
        ),
        Hit(
            kind="transcripts",
            corpus="default",
            date=SECOND,
            object_uri="/arc/bb.wav",
            start_ms=30_000,
            end_ms=60_000,
            context="After the news we talk of bees, and whether a [storm] in May does harm to…",
        ),
    ]
    assert found(settings, "storm", 1) == [("transcripts", "/arc/aa.wav", 0)]


AA_0, AA_1 = ("transcripts", "/arc/aa.wav", 0), ("transcripts", "/arc/aa.wav", 30_000)
BB_0, BB_1 = ("transcripts", "/arc/bb.wav", 0), ("transcripts", "/arc/bb.wav", 30_000)
SEEN = [("captions", "/arc/bb.wav", 0), ("captions", "/arc/bb.wav", 30_000)]


@pytest.mark.parametrize(
    ("words", "hits"),
    [
        ("STORM may", [BB_1]),
        ('"a storm in"', [BB_1]),
        ('"storm bees"', []),
        ("storm bees", [BB_1]),
        ("rain", []),
        ("rain*", [AA_1]),
        ("zurich", [AA_1]),
        ("zürich", [AA_1]),
        ("storm NOT bees", [AA_0]),
        ("sun OR rainy", [BB_0, AA_1]),
        ("woman", SEEN),
        ("thunder", []),
        ("transcripts", []),
    ],
)
def test_words_phrases_prefixes_and_operators(
    settings: NightSettings, words: str, hits: list[tuple[str, str, int]]
) -> None:
    index.run(settings)
    assert found(settings, words) == hits


def test_indexing_again_doubles_nothing_and_takes_up_what_changed(settings: NightSettings) -> None:
    index.run(settings)
    assert index.run(settings).facts == {"dates": 2, "texts_indexed": 6}
    assert found(settings, "storm") == [AA_0, BB_1]
    publish(Path(settings.out), FIRST, {"aa": ["Nothing but sun."]})
    index.run(settings)
    assert found(settings, "storm") == [BB_1]
    assert found(settings, "nothing") == [AA_0]


def test_an_interval_leaves_the_other_days_in_the_index(
    settings: NightSettings, untrained: Path
) -> None:
    index.run(settings)
    out = Path(settings.out)
    publish(out, FIRST, {"aa": ["Fog."]})
    publish(out, SECOND, {"bb": ["Fog."]})
    one_day = settings_of(Path(settings.source), out, untrained, "--date", SECOND)
    assert index.run(one_day).facts == {"dates": 1, "texts_indexed": 1}
    assert found(settings, "fog") == [BB_0]
    assert found(settings, "storm") == [AA_0]


def test_a_deleted_index_is_made_again(settings: NightSettings) -> None:
    index.run(settings)
    before = search(settings.out, "storm OR woman OR zurich", 20)
    assert len(before) == 5
    shutil.rmtree((Path(settings.out) / INDEX_KEY).parent)
    index.run(settings)
    assert search(settings.out, "storm OR woman OR zurich", 20) == before


@pytest.mark.parametrize("words", ['"storm', "", "AND storm", "storm:", "storm-time", "(storm"])
def test_words_that_are_no_query_are_one_clear_line(settings: NightSettings, words: str) -> None:
    index.run(settings)
    with pytest.raises(SearchError) as caught:
        search(settings.out, words, 20)
    message = str(caught.value)
    assert message.startswith(f"search {words!r}: ")
    assert message.endswith("; put a phrase into double quotes: '\"…\"'")
    assert "\n" not in message


def test_without_an_index_the_remedy_is_named(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ConfigurationError) as caught:
        search(str(out), "storm", 20)
    assert str(caught.value) == f"--out {out}: no index there; make it with af3 index --out {out}"
    assert not out.exists()


def test_the_commands_print_places_as_lines(
    settings: NightSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", settings.out]
    assert main(["search", "storm", *out]) == 2
    assert main(["index", *out]) == 0
    capsys.readouterr()
    assert main(["search", "bees", "--limit", "1", *out]) == 0
    assert capsys.readouterr().out == (
        "/arc/bb.wav 0:00 transcripts 2026-11-21\n    [Bees] like sun.\n"
    )
    assert main(["search", "thunder", *out]) == 0
    assert capsys.readouterr() == ("", "af3: nothing found for 'thunder'\n")
    assert main(["search", '"storm', *out]) == 1
    assert capsys.readouterr().err.startswith("af3: search '\"storm': ")
    assert main(["search", "storm", "--runner", "X", *out]) == 2
    assert capsys.readouterr().err == "af3: unknown option --runner; see af3 search --help\n"


@pytest.mark.parametrize("content", [b"hello\n", b""])
def test_a_damaged_index_is_named_with_its_remedy(settings: NightSettings, content: bytes) -> None:
    path = Path(settings.out) / INDEX_KEY
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(SearchError) as caught:
        search(settings.out, "storm", 5)
    assert str(caught.value).startswith(f"{path}: the index cannot be used (")
    assert str(caught.value).endswith("if it stays so, delete it and run af3 index again")
