"""The catalogue: every skill of AudioSkills-XL and LongAudio-XL, each with what it needs."""

from __future__ import annotations

import pytest

from af3core.errors import ConfigurationError
from af3core.skills.catalogue import KINDS, catalogue, chosen_skills, parse_catalogue
from af3core.skills.evidence import HeardEvent, SegmentEvidence

EXACT = """
    temporal_order temporal_attribute temporal_referring temporal_grounding
    attribute_identification counting_level_1 counting_level_2 counting_level_3
""".split()
AUDIOSKILLS_WRITTEN = """
    contextual_sound_event_reasoning contextual_speech_event_reasoning information_extraction
    general_reasoning general_reasoning_yes_no
    sound_reasoning_speech_in_sound sound_reasoning_eco_acoustic sound_reasoning_acoustic_scene
    sound_reasoning_sound_event
    music_knowledge_instrumentation music_knowledge_performance music_knowledge_sound_texture
    music_knowledge_metre_rhythm music_knowledge_melody music_knowledge_dynamics_expression
    music_knowledge_harmony
    music_reasoning_genre_style music_reasoning_mood_expression music_reasoning_temporal_relations
    music_reasoning_functional_context music_reasoning_lyrics music_reasoning_historical_cultural
    music_reasoning_texture music_reasoning_melody music_reasoning_rhythm_tempo
    music_reasoning_harmony_chords music_reasoning_general_complex
    speech_in_sound_qa speech_qa_order speech_qa_causal speech_qa_needle speech_qa_response
""".split()
LONGAUDIO = """
    long_audio_captioning long_audio_plot long_audio_temporal long_audio_needle long_audio_subscene
    long_audio_general long_audio_complex
    sarcasm_identification emotional_state_identification emotional_state_causal
    emotional_state_flip topic_relationship needle_qa causal_qa response_qa topic_qa summary
    order_temporal_order order_temporal_attribute order_temporal_referring order_temporal_grounding
""".split()
ONE = "{family: longaudio_xl, group: g, definition: d, form: open, maker: %s, evidence: %s}"


def test_every_skill_is_there_in_the_order_of_the_papers() -> None:
    assert list(catalogue()) == [*EXACT, *AUDIOSKILLS_WRITTEN, *LONGAUDIO]


def test_families_makers_and_units() -> None:
    skills = catalogue()
    assert [s.name for s in skills.values() if s.maker == "rules"] == EXACT
    assert [s.name for s in skills.values() if s.family == "longaudio_xl"] == LONGAUDIO
    assert [s.name for s in skills.values() if s.unit == "clip"] == LONGAUDIO
    assert [s.name for s in skills.values() if s.form == "open"] == [
        "long_audio_captioning",
        "summary",
    ]
    assert [s.name for s in skills.values() if s.needs_music] == [
        name for name in AUDIOSKILLS_WRITTEN if name.startswith("music_")
    ]


def test_each_says_what_it_is_what_it_needs_and_what_its_writer_is_told() -> None:
    for skill in catalogue().values():
        assert skill.definition.endswith(".")
        assert set(skill.evidence) <= set(KINDS)
        assert skill.evidence
        assert bool(skill.prompt) == (skill.maker == "writer")
    definitions = [skill.definition for skill in catalogue().values()]
    assert len(set(definitions)) == 61
    assert catalogue()["counting_level_2"].paper_pairs == 50_000
    assert catalogue()["speech_in_sound_qa"].paper_pairs == 1_739_000


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "temporal_ordr",
            "--skill temporal_ordr: no such skill; near it are temporal_order,"
            " order_temporal_order, temporal_referring",
        ),
        ("sarcasm", "--skill sarcasm: no such skill; near it are sarcasm_identification"),
        ("xyz", "--skill xyz: no such skill; af3 skills list shows them all"),
    ],
)
def test_a_wrong_name_is_told_its_neighbours(name: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        chosen_skills(["summary", name])
    assert str(error.value) == message


def test_chosen_skills_keep_the_order_of_the_catalogue() -> None:
    chosen = chosen_skills(["summary", "temporal_order", "summary"])
    assert [skill.name for skill in chosen] == ["temporal_order", "summary"]
    assert len(chosen_skills(())) == 61


@pytest.mark.parametrize(
    ("maker", "evidence", "message"),
    [
        ("rules", "[captions, smells]", "evidence must be some of captions, transcripts, events"),
        ("rules", "[]", "evidence must be some of captions, transcripts, events"),
        ("writer", "[captions]", "a prompt is what a writer needs, and rules do not"),
        ("someone", "[captions]", "maker must be one of rules, writer, not 'someone'"),
    ],
)
def test_a_wrong_line_is_named(maker: str, evidence: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        parse_catalogue(f"s: {ONE % (maker, evidence)}", "own.yaml")
    assert str(error.value).startswith(f"own.yaml:1: skill s: {message}")


def test_missing_evidence_is_named() -> None:
    quiet = SegmentEvidence("r", "c", "s", 0, 20_000, captions=("A dog barking.",))
    tune = SegmentEvidence("r", "c", "t", 0, 20_000, captions=("Slow piano music.",))
    bell = HeardEvent("sound", "a bell", 0, 900, loudness_lufs=-20.0)
    rung = SegmentEvidence("r", "c", "u", 0, 20_000, events=(bell,))
    skills = catalogue()
    assert skills["music_reasoning_lyrics"].missing_evidence([quiet]) == ("transcripts", "music")
    assert skills["music_knowledge_melody"].missing_evidence([tune]) == ()
    assert skills["temporal_attribute"].missing_evidence([quiet]) == ("events", "descriptors")
    assert skills["temporal_attribute"].missing_evidence([rung]) == ()
    assert skills["long_audio_plot"].missing_evidence([rung, tune]) == ()
