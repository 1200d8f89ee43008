"""The search index kept up to date with the tables, and made again from them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from beam_jobs.cli import main
from beam_jobs.framework.derivation import NothingPublished
from beam_jobs.framework.settings import JobSettings
from beam_jobs.search import index_job
from beam_jobs.search.search_engine import SearchEngine
from beam_jobs.search.search_request import SearchError, SearchRequest
from schemas import layout
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.search.said import FIRST, SECOND, publish

STORM = "After the news we talk of bees, and whether a storm in May does harm to them all"


@pytest.fixture
def settings(tmp_path: Path, untrained: Path) -> JobSettings:
    """Two days: a programme about a storm, and one that names it by the way."""
    out = tmp_path / "out"
    publish(out, FIRST, {"aa": ["The storm, the storm! A storm.", "Rainy days in Zürich", ""]})
    publish(out, SECOND, {"bb": ["Bees like sun.", STORM]}, seen="A woman speaking.")
    return settings_for("index", "--out", out)


def words_only(settings: JobSettings, *options: str) -> JobSettings:
    """The same without meaning, which takes no model."""
    return settings_for("index", "--out", settings.out, "--words-only", *options)


def found(settings: JobSettings, words: str, **asked: Any) -> list[str]:
    request = SearchRequest(words, **({"mode": "words"} | asked))
    return [hit.segment_id for hit in SearchEngine(settings.out).search(request).hits]


def notices(settings: JobSettings, **asked: Any) -> tuple[str, ...]:
    request = SearchRequest("storm", **({"mode": "words"} | asked))
    return SearchEngine(settings.out).search(request).notices


def test_words_and_meaning_are_indexed(settings: JobSettings) -> None:
    outcome = index_job.run(settings)
    assert outcome.facts == {
        "days": 2,
        "days_changed": 2,
        "documents": 4,
        "recordings_embedded": 2,
        "documents_without_meaning": 0,
    }
    assert outcome.lines == ["indexed: 4 places of 2 days, 2 days changed"]
    assert found(settings, "storm") == ["aa-0", "bb-1"]
    assert found(settings, "thunderstorm", mode="meaning")[0] == "aa-0"


def test_indexing_again_reads_no_day_and_embeds_nothing(settings: JobSettings) -> None:
    index_job.run(settings)
    state = Path(settings.out) / layout.INDEX_STATE_KEY
    before = state.stat().st_mtime_ns
    facts = index_job.run(settings).facts
    assert (facts["days"], facts["days_changed"], facts["recordings_embedded"]) == (2, 0, 0)
    assert state.stat().st_mtime_ns == before


def test_only_what_changed_is_taken_up(settings: JobSettings) -> None:
    index_job.run(settings)
    publish(settings.out, FIRST, {"aa": ["Nothing but sun."]})
    facts = index_job.run(settings).facts
    assert facts == {
        "days": 2,
        "days_changed": 1,
        "documents": 3,
        "recordings_embedded": 1,
        "documents_without_meaning": 0,
    }
    assert found(settings, "storm") == ["bb-1"]
    assert found(settings, "nothing") == ["aa-0"]
    assert found(settings, "good weather", mode="meaning")[0] in ("aa-0", "bb-0")


def test_a_day_that_is_gone_leaves_the_index(settings: JobSettings) -> None:
    index_job.run(words_only(settings))
    for folder in Path(settings.out).glob(f"tables/*/corpus=default/date={FIRST}"):
        shutil.rmtree(folder)
    facts = index_job.run(words_only(settings)).facts
    assert (facts["days"], facts["days_changed"]) == (1, 1)
    assert found(settings, "storm") == ["bb-1"]


def test_an_interval_leaves_the_other_days_and_corpora_in_the_index(
    settings: JobSettings,
) -> None:
    publish(settings.out, SECOND, {"cc": ["A storm of applause."]}, corpus="other")
    index_job.run(words_only(settings))
    index_job.run(words_only(settings, "--corpus", "other"))
    publish(settings.out, FIRST, {"aa": ["Fog."]})
    publish(settings.out, SECOND, {"bb": ["Fog."]})
    facts = index_job.run(words_only(settings, "--date", SECOND)).facts
    assert (facts["days"], facts["days_changed"], facts["documents"]) == (1, 1, 1)
    assert found(settings, "fog") == ["bb-0"]
    assert sorted(found(settings, "storm")) == ["aa-0", "cc-0"]


def test_a_deleted_index_is_made_again_and_embeds_nothing_twice(settings: JobSettings) -> None:
    index_job.run(settings)
    asked = SearchRequest("storm in the woman's garden")
    before = SearchEngine(settings.out).search(asked)
    assert len(before.hits) == 4
    shutil.rmtree(Path(settings.out) / "indexes")
    facts = index_job.run(settings).facts
    assert (facts["days_changed"], facts["recordings_embedded"]) == (2, 0)
    assert SearchEngine(settings.out).search(asked) == before


def test_an_index_that_is_behind_says_so(settings: JobSettings) -> None:
    index_job.run(words_only(settings))
    assert notices(settings) == ()
    publish(settings.out, FIRST, {"aa": ["Nothing but sun."]})
    run = f"run af3 index --out {settings.out}"
    assert notices(settings) == (f"the index is behind the tables by 1 day ({FIRST}); {run}",)
    publish(settings.out, SECOND, {"bb": ["Nothing."]})
    assert notices(settings) == (
        f"the index is behind the tables by 2 days ({FIRST} to {SECOND}); {run}",
    )


def test_words_alone_say_that_meaning_is_missing_until_it_is_there(
    settings: JobSettings,
) -> None:
    outcome = index_job.run(words_only(settings))
    assert outcome.lines == [
        "indexed: 4 places of 2 days, 2 days changed",
        "without meaning: 4 places (asked for by --words-only)",
    ]
    assert found(settings, "storm", mode="hybrid") == ["aa-0", "bb-1"]
    missing = "the index holds no meaning by all-MiniLM-L6-v2; run af3 index --out"
    [notice] = notices(settings, mode="hybrid")
    assert notice == f"{missing} {settings.out} (without --words-only)"
    with pytest.raises(SearchError, match=missing):
        found(settings, "storm", mode="meaning")
    assert index_job.run(settings).facts["documents_without_meaning"] == 0
    assert notices(settings, mode="hybrid") == ()


def test_without_tables_the_remedy_is_named(tmp_path: Path, untrained: Path) -> None:
    (tmp_path / "arc").mkdir()
    nothing = settings_for("index", "--out", tmp_path / "out")
    with pytest.raises(NothingPublished) as caught:
        index_job.run(nothing)
    assert str(caught.value).startswith(f"{nothing.out}: no tables of corpus default from ")
    assert str(caught.value).endswith(
        "run af3 annotate SOURCE first, or check --corpus and the dates"
    )


@pytest.mark.parametrize("content", [b"hello\n", b"", b'{"format": 2}', b"[1]"])
def test_a_damaged_state_is_named_with_its_remedy(settings: JobSettings, content: bytes) -> None:
    path = Path(settings.out) / layout.INDEX_STATE_KEY
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(SearchError) as caught:
        found(settings, "storm")
    assert str(caught.value).startswith(f"{path}: the index cannot be used (")
    assert str(caught.value).endswith("; delete it and run af3 index again")


def test_damaged_files_are_named_with_their_remedy(settings: JobSettings) -> None:
    index_job.run(words_only(settings))
    for path in (Path(settings.out) / "indexes").rglob("*.lance"):
        if path.is_file():
            path.write_bytes(b"hello")
    with pytest.raises(SearchError) as caught:
        found(settings, "storm")
    folder = Path(settings.out) / "indexes"
    assert str(caught.value).startswith(f"{folder}: the index cannot be used (")
    assert str(caught.value).endswith("delete this folder and run af3 index again")
    shutil.rmtree(folder)
    index_job.run(words_only(settings))
    assert found(settings, "storm") == ["aa-0", "bb-1"]


def test_an_index_of_an_earlier_format_is_made_anew(settings: JobSettings) -> None:
    index_job.run(words_only(settings))
    path = Path(settings.out) / layout.INDEX_STATE_KEY
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 0}))
    with pytest.raises(SearchError, match="is of an earlier version; run af3 index --out"):
        found(settings, "storm")
    assert index_job.run(words_only(settings)).facts["days_changed"] == 2
    assert found(settings, "storm") == ["aa-0", "bb-1"]
    kept = [path.name for path in (Path(settings.out) / "indexes" / "search").iterdir()]
    assert kept == [json.loads(path.read_text())["token"]]


def test_a_reader_goes_on_while_the_index_is_replaced(settings: JobSettings) -> None:
    index_job.run(words_only(settings))
    reader = SearchEngine(settings.out)
    asked = SearchRequest("storm", mode="words")
    assert len(reader.search(asked).hits) == 2
    publish(settings.out, FIRST, {"aa": ["Nothing but sun."]})
    index_job.run(words_only(settings))
    assert [hit.segment_id for hit in reader.search(asked).hits] == ["bb-1"]


def test_the_commands_print_places_as_lines(
    settings: JobSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", settings.out]
    assert main(["search", "storm", *out]) == 2
    assert main(["index", *out, "--words-only"]) == 0
    capsys.readouterr()
    words = ["--mode", "words"]
    assert main(["search", "bees", "--limit", "1", *words, *out, "--format", "table"]) == 0
    assert capsys.readouterr().out == (
        f"/arc/bb.wav 0:00-0:30 transcript {SECOND}\n    [Bees] like sun.\n"
    )
    assert main(["search", "bees", "--limit", "1", *words, *out, "--json"]) == 0
    hit = json.loads(capsys.readouterr().out)
    assert (hit["segment_id"], hit["context"], hit["marks"]) == ("bb-0", "Bees like sun.", [[0, 4]])
    assert main(["search", "thunder", *words, *out]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("kind,corpus,date,recording_id,segment_id,object_uri,start_ms,")
    assert said.out.count("\n") == 1
    assert said.err == "af3: nothing found for 'thunder'\n"
    assert main(["search", "bees", *words, *out, "--output", f"{settings.out}/hits.parquet"]) == 0
    hit, *_ = pq.read_table(f"{settings.out}/hits.parquet").to_pylist()
    assert (hit["segment_id"], hit["start_ms"], hit["marks"]) == ("bb-0", 0, [[0, 4]])
    assert main(["search", "bees", *out, "--json", "--format", "csv"]) == 2
    assert capsys.readouterr().err == ("af3: --json is --format jsonl; take it, or --format csv\n")
    assert main(["search", '"storm', *out]) == 1
    assert capsys.readouterr().err.startswith("af3: search '\"storm': a quote is not closed; ")
    assert main(["search", "storm", "--runner", "X", *out]) == 2
    assert capsys.readouterr().err == "af3: unknown option --runner; see af3 search --help\n"


def test_a_text_of_the_archive_cannot_drive_the_terminal(
    settings: JobSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(settings.out, FIRST, {"aa": ["A storm\x1b]0;owned\x07\r\nof [bold]words[/bold]"]})
    index_job.run(words_only(settings))
    capsys.readouterr()
    asked = ["search", "words", "--mode", "words", "--out", settings.out]
    assert main([*asked, "--format", "table"]) == 0
    assert capsys.readouterr().out == (
        f"/arc/aa.wav 0:00-0:30 transcript {FIRST}\n"
        "    A storm ]0;owned   of [bold][words][/bold]\n"
    )
