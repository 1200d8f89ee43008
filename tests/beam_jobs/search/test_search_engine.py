"""The index asked over small tables: words, phrases, fields, filters, meaning and sound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from af3core.errors import ConfigurationError
from beam_jobs.cli import main
from beam_jobs.search.search_engine import SearchEngine
from beam_jobs.search.search_request import Hit, Results, SearchError, SearchRequest
from tests.beam_jobs.search.said import FIRST, SECOND, place, publish, put

STORM = "After the news we talk of bees, and whether a storm in May does harm to them all"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days: a programme about a storm, and one that names it by the way."""
    out = tmp_path_factory.mktemp("said") / "out"
    publish(out, FIRST, {"aa": ["The storm, the storm! A storm.", "Rainy days in Zürich", ""]})
    doubt = ["low_confidence"]
    seen = "A woman speaking."
    publish(out, SECOND, {"bb": ["Bees like sun.", STORM]}, seen=seen, flags=doubt, language="yue")
    choice = {"task_id": "where", "text": "(B) a garden", "choice": "garden"}
    clip = place("aa", 0) | {"segment_id": "", "end_ms": 60_000, "task_id": "mood", "text": "grim"}
    put(out, SECOND, "answers", [place("bb", 0) | choice])
    put(out, FIRST, "answers", [clip])
    put(out, FIRST, "captions", [place("aa", 2) | {"text": "Wind in the trees."}])
    about = {"recording_id": "bb", "duration_ms": 60_000, "summary": "Insects and the weather."}
    part = {"recording_id": "bb", "chapter": 1, "end_ms": 60_000, "title": "Honey"}
    put(out, SECOND, "summaries", [about])
    put(out, SECOND, "chapters", [part])
    sounds = {("aa", 0): [1.0, 0.0], ("aa", 1): [0.8, 0.6]}, {("bb", 0): [0.6, 0.8]}
    for day, heard in zip((FIRST, SECOND), sounds, strict=True):
        rows = [
            place(*segment) | {"audio_embedding": vector, "audio_model": "sounds@1"}
            for segment, vector in heard.items()
        ]
        put(out, day, "embeddings", rows)
    assert main(["index", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def engine(out: Path) -> SearchEngine:
    return SearchEngine(str(out))


def names(results: Results) -> list[str]:
    """Segments by id, other hits by their kind."""
    return [hit.segment_id or f"{hit.recording_id}:{hit.kind}" for hit in results.hits]


def by_words(engine: SearchEngine, words: str, **filters: Any) -> list[str]:
    return names(engine.search(SearchRequest(words, mode="words", **filters)))


def test_a_hit_says_where_what_and_why(engine: SearchEngine) -> None:
    [hit] = engine.search(SearchRequest('"storm in May"', mode="words")).hits
    assert hit == Hit(
        kind="segment",
        corpus="default",
        date=SECOND,
        recording_id="bb",
        segment_id="bb-1",
        object_uri="/arc/bb.wav",
        start_ms=30_000,
        end_ms=60_000,
        flags=("low_confidence",),
        field="transcript",
        context=STORM,
        marks=((46, 58),),
        score=hit.score,
    )
    assert STORM[46:58] == "storm in May"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("storm", ["aa-0", "bb-1"]),
        ("STORM may", ["bb-1", "aa-0"]),
        ('"a storm in"', ["bb-1"]),
        ('"storm bees"', []),
        ("+storm +bees", ["bb-1"]),
        ("storm -bees", ["aa-0"]),
        ("zurich", ["aa-1"]),
        ("zürich", ["aa-1"]),
        ("rain", []),
        ("rainny~", ["aa-1"]),
        ("caption:woman", ["bb-0", "bb-1"]),
        ("transcript:woman", []),
        ("answers:garden", ["bb-0"]),
        ('answers:"a garden"', []),
        ("summary:honey", ["bb:chapter"]),
        ("insects", ["bb:recording"]),
        ("grim", ["aa:clip"]),
        ("thunder", []),
        ("the", ["aa-0", "bb-1", "bb:recording", "aa-2"]),
    ],
)
def test_words_phrases_signs_fields_and_spelling(
    engine: SearchEngine, words: str, found: list[str]
) -> None:
    assert sorted(by_words(engine, words)) == sorted(found)
    assert by_words(engine, words)[:1] == found[:1]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"corpus": "default"}, ["aa-0", "bb-1"]),
        ({"corpus": "other"}, []),
        ({"corpus": "x' OR '1'='1"}, []),
        ({"since": SECOND}, ["bb-1"]),
        ({"until": FIRST}, ["aa-0"]),
        ({"unflagged": True}, ["aa-0"]),
        ({"without_flags": ("low_confidence",)}, ["aa-0"]),
        ({"without_flags": ("cut_off",)}, ["aa-0", "bb-1"]),
        ({"languages": ("yue",)}, ["bb-1"]),
        ({"languages": ("en", "yue")}, ["aa-0", "bb-1"]),
        ({"languages": ("de",)}, []),
        ({"kinds": ("chapter",)}, []),
        ({"limit": 1}, ["aa-0"]),
        ({"limit": 1, "offset": 1}, ["bb-1"]),
    ],
)
def test_filters_leave_out(engine: SearchEngine, filters: dict[str, Any], found: list[str]) -> None:
    assert by_words(engine, "storm", **filters) == found


def test_clips_chapters_and_recordings_have_the_languages_within_them(engine: SearchEngine) -> None:
    words = "grim honey insects"
    every = ["aa:clip", "bb:chapter", "bb:recording"]
    assert sorted(by_words(engine, words)) == every
    assert sorted(by_words(engine, words, languages=("yue",))) == every[1:]


def test_places_where_nobody_speaks(engine: SearchEngine) -> None:
    assert by_words(engine, "wind woman") == ["aa-2", "bb-0", "bb-1"]
    assert by_words(engine, "wind woman", speech="without") == ["aa-2"]
    assert by_words(engine, "wind woman", speech="with") == ["bb-0", "bb-1"]


def test_meaning_finds_what_no_word_names(engine: SearchEngine) -> None:
    assert by_words(engine, "thunderstorm") == []
    meant = names(engine.search(SearchRequest("thunderstorm", mode="meaning")))
    assert meant[0] == "aa-0"
    assert names(engine.search(SearchRequest("thunderstorm")))[0] == "aa-0"


def test_both_orders_make_one_with_what_both_name_first(engine: SearchEngine) -> None:
    found = engine.search(SearchRequest("storm"))
    assert names(found)[:2] == ["aa-0", "bb-1"]
    assert [hit.score for hit in found.hits] == sorted((h.score for h in found.hits), reverse=True)
    assert found.hits[0].score == pytest.approx(2 / 61)


def test_a_phrase_decides_what_is_found_and_meaning_only_orders_it(engine: SearchEngine) -> None:
    assert names(engine.search(SearchRequest('"a storm in"'))) == ["bb-1"]
    assert names(engine.search(SearchRequest('"no such words"'))) == []


def test_words_of_no_language_have_no_meaning(engine: SearchEngine) -> None:
    assert names(engine.search(SearchRequest("qzxv wkrt", mode="meaning"))) == []


def test_what_sounds_alike_comes_nearest_first_without_itself(engine: SearchEngine) -> None:
    found = engine.search(SearchRequest(like="aa-0"))
    assert names(found) == ["aa-1", "bb-0"]
    assert [hit.score for hit in found.hits] == [
        pytest.approx(0.8, abs=1e-3),
        pytest.approx(0.6, abs=1e-3),
    ]
    assert names(engine.search(SearchRequest(like="aa-0", since=SECOND))) == ["bb-0"]


def test_a_place_is_a_segment(engine: SearchEngine) -> None:
    assert engine.segment_at("bb.wav@0:31") == "bb-1"
    assert engine.segment_at("arc/bb.wav@0:29.9") == "bb-0"
    assert engine.segment_at("bb-1") == "bb-1"
    with pytest.raises(SearchError) as caught:
        engine.segment_at("b.wav@0:31")
    assert str(caught.value) == "b.wav@0:31: no indexed recording has that name and that time"


def test_more_says_that_there_are_hits_after_these(engine: SearchEngine) -> None:
    assert engine.search(SearchRequest("storm", mode="words", limit=1)).more
    assert not engine.search(SearchRequest("storm", mode="words", limit=2)).more


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        (
            SearchRequest('"a storm"', mode="meaning"),
            "search '\"a storm\"': by meaning, write plain words; quotes, signs and fields are for"
            " --mode hybrid or words",
        ),
        (
            SearchRequest(like="none"),
            "like 'none': the index knows no sound of such a segment; run af3 embed --out OUT"
            " and af3 index --out OUT",
        ),
    ],
)
def test_what_cannot_be_answered_is_one_line(
    engine: SearchEngine, request_: SearchRequest, line: str
) -> None:
    with pytest.raises(SearchError) as caught:
        engine.search(request_)
    assert str(caught.value) == line.replace("OUT", engine.out)


def test_without_an_index_the_remedy_is_named(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ConfigurationError) as caught:
        SearchEngine(str(out)).search(SearchRequest("storm"))
    assert (
        str(caught.value)
        == f"--out {out}: no tables there; name the folder that af3 annotate wrote to"
    )
    assert not out.exists()
    publish(out, FIRST, {"aa": ["Fog."]}, corpus="radio")
    with pytest.raises(ConfigurationError) as caught:
        SearchEngine(str(out)).search(SearchRequest("storm"))
    assert str(caught.value) == (
        f"--out {out}: no index there; make it with af3 index --out {out} --corpus radio"
    )
