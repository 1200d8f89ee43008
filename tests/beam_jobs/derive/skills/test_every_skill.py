"""Every skill of the catalogue at work over the demo's rows, with a writer that reads its facts.

The writer is a script (`tests/fact_writer.py`) behind a real server, so that what is shown is the
path of a pair: evidence, prompt, reply, rules, the writer's own check.
"""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from af3core.skills.catalogue import catalogue
from af3core.storage.address import open_store
from beam_jobs.derive.skills.pairs import make_pairs
from beam_jobs.derive.skills.segment_evidence import ClipEvidence, clip_evidence
from beam_jobs.framework.parquet_encoding import encode_table
from beam_jobs.framework.table_snapshot import partition_rows
from schemas.layout import shard_key
from schemas.tables.night_tables import CAPTIONS
from tests.beam_jobs.demo import demo_pairs, night_with_events
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.skills_night import assert_all_obey, made_night, make
from tests.beam_jobs.small_night import DAY, rows
from tests.chat_server import Server
from tests.fact_writer import write
from tests.writer_server import writer_server

WRITTEN = [skill.name for skill in catalogue().values() if skill.maker == "writer"]
GROUNDLESS = {
    "music_reasoning_lyrics": "Slow organ music, with a woman singing about rivers.",
    "sarcasm_identification": "A man speaking about sport in a mocking voice.",
}
"""Skills for which the demo has no ground: nobody sings, nobody mocks. And the caption that a
larger model would give if somebody did."""


def kept_and_counts(
    out: Path, clips: list[ClipEvidence], skill: str, server: Server
) -> tuple[int, Counter[str]]:
    """Pairs of the first clip that gives any, and what became of the rest until then."""
    given = ("--corpus", "demo", "--skill", skill)
    writer = ("--writer", "af3", "--writer-endpoint", server.endpoint)
    settings = settings_for("skills", "--out", out, *given, *writer)
    counts: Counter[str] = Counter()
    for clip in clips:
        making = make_pairs(clip, settings)
        counts += making.counts
        if making.kept:
            break
    return counts[f"kept: {skill}"], counts


def clips_of(out: Path) -> list[ClipEvidence]:
    """Those of few segments first."""
    found = clip_evidence(open_store(str(out)), "demo", DAY)
    return sorted(found, key=lambda clip: len(clip.segments))


def test_every_written_skill_keeps_a_pair_or_rightly_asks_nothing(shared: Path) -> None:
    out = night_with_events(shared)
    clips = clips_of(out)
    with writer_server(write) as server:
        found = {name: kept_and_counts(out, clips, name, server) for name in WRITTEN}
    assert {name for name, (kept, _) in found.items() if not kept} == set(GROUNDLESS)
    rejected = [key for _, counts in found.values() for key in counts if key.startswith("rejected")]
    assert rejected == []
    for name in GROUNDLESS:
        assert found[name][1][f"nothing_to_ask: {name}"] > 3


def test_the_exact_skills_keep_pairs_without_a_writer(shared: Path) -> None:
    kept = {row["skill"] for row in rows(demo_pairs(shared), "pairs")}
    assert kept | set(WRITTEN) == set(catalogue())
    assert (len(kept), len(WRITTEN), len(catalogue())) == (8, 53, 61)


@pytest.mark.parametrize("skill", GROUNDLESS)
def test_where_a_model_hears_what_a_skill_needs_the_skill_is_asked_for(
    shared: Path, tmp_path: Path, skill: str
) -> None:
    out = Path(shutil.copytree(night_with_events(shared), tmp_path / "out"))
    store = open_store(str(out))
    captions = list(partition_rows(store, CAPTIONS.name, "demo", DAY))
    said = {row["segment_id"] for row in rows(out, "transcripts") if row["text"]}
    heard = next(row for row in captions if row["segment_id"] in said and not row["flags"])
    heard["text"] = GROUNDLESS[skill]
    store.write(shard_key(CAPTIONS.name, "demo", DAY, 0, 1), encode_table(CAPTIONS, captions))
    with writer_server(write) as server:
        kept, counts = kept_and_counts(out, clips_of(out), skill, server)
    assert (kept, sum(n for key, n in counts.items() if key.startswith("rejected"))) == (1, 0)


def test_all_skills_in_one_run_are_published_and_asked_of_the_audio_model(
    shared: Path, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(made_night(shared), tmp_path / "out"))
    with writer_server(write) as server:
        outcome = make(out, "--writer", "af3", "--writer-endpoint", server.endpoint)
    pairs = rows(out, "pairs")
    by_writer = {row["skill"] for row in pairs if row["made_by"] == "af3"}
    assert len(by_writer) > 10
    assert {row["self_check"] for row in pairs if row["made_by"] == "af3"} == {"pass"}
    assert all(row["audio_answer"] and row["agrees"] is not None for row in pairs)
    assert rows(out, "rejected_pairs") == []
    assert sum(n for key, n in outcome.facts.items() if key.startswith("kept: ")) == len(pairs)
    assert_all_obey(out)


def test_the_scripted_writer_fails_what_does_not_follow_from_the_facts() -> None:
    prompt = "\n".join(
        [
            "Judge a question that is to train a listener, who will hear the audio alone.",
            f"The skill to train: {catalogue()['topic_qa'].definition}",
            "",
            "What is known of the audio:",
            "The audio is 40 s long.",
            'Said: "the storm soaked the puddle"',
            "",
            "Question: What is the talk mainly about?",
            "Answer: {}",
            "Wrong options: sport; science; cooking",
        ]
    )
    assert write(prompt.format("the weather"))["check"] == "pass"
    assert write(prompt.format("sport"))["check"] == "fail"
