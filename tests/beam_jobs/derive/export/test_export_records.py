"""What a row becomes: AF3's form, with its marks of sounds, options and thinking."""

from __future__ import annotations

from af3core.tasks.task import Task
from beam_jobs.derive.export.export_records import answer_record, dialogue_record, pair_record
from schemas.identity import segment_id
from tests.beam_jobs.derive.export.derived_rows import dialogue_row, pair_row

SEGMENT = {
    "recording_id": "rec1",
    "clip_id": "clip1",
    "segment_id": segment_id("clip1", 614_368, 629_152),
    "start_ms": 614_368,
    "end_ms": 629_152,
    "clip_uri": "clips/rec1/cut/1.flac",
    "clip_start_ms": 600_000,
}
OTHER = SEGMENT | {"segment_id": "seg2", "start_ms": 600_000, "end_ms": 604_000}
SEGMENTS = {SEGMENT["segment_id"]: SEGMENT, "clip1": SEGMENT}
SPEAKER = Task("speaker", "question", "Who is speaking?", options=("a man", "a woman"))
MOOD = Task("mood", "question", "Is it sad?", thinking=True)


def _answer(task: Task, **changes: object) -> dict[str, object]:
    return SEGMENT | {"model": "nano", "text": "No.", "prompt_id": task.prompt_id, **changes}


def test_an_answer_is_a_question_of_its_own_about_its_segment() -> None:
    record = answer_record(_answer(SPEAKER, text="(B) a woman"), SPEAKER, SEGMENTS)
    assert record is not None
    assert record.to_json(["sounds/x.flac"]) == {
        "id": f"{SEGMENT['segment_id']}-{SPEAKER.prompt_id}",
        "skill": "speaker",
        "sound": "sounds/x.flac",
        "duration": 14.784,
        "conversations": [
            {
                "from": "human",
                "value": "<sound>\nWho is speaking? Choose the correct option from the following"
                " options:\n(A) a man\n(B) a woman",
            },
            {"from": "gpt", "value": "(B) a woman"},
        ],
    }
    (sound,) = record.sounds
    assert (sound.sound_id, sound.clip_uri) == (SEGMENT["segment_id"], SEGMENT["clip_uri"])
    assert (sound.start_ms, sound.end_ms) == (14_368, 29_152)
    assert sound.pcm_bytes == 14_784 * 32


def test_thinking_stands_before_the_answer() -> None:
    row = _answer(MOOD, thinking="The voice is bright.")
    record = answer_record(row, MOOD, SEGMENTS)
    assert record is not None
    assert record.turns == (
        (
            "human",
            "<sound>\nIs it sad?"
            "\nPlease think and reason about the input audio before you respond.",
        ),
        ("gpt", "The voice is bright.\nNo."),
    )


def test_a_pair_is_asked_as_the_model_is_asked() -> None:
    record = pair_record(pair_row(SEGMENT, "p1"), SEGMENTS)
    assert record is not None
    assert record.turns == (
        (
            "human",
            "<sound>\nWhich sound comes first? Choose the correct option from the following"
            " options:\n(A) rain\n(B) a bell\n(C) thunder\n(D) a dog barking",
        ),
        ("gpt", "(B) a bell"),
    )
    assert (record.record_id, record.skill, record.made_by) == ("p1", "temporal_order", "rules")


def test_an_open_pair_and_a_pair_about_a_whole_clip() -> None:
    whole = {"segment_id": "", "start_ms": 600_000, "end_ms": 700_000}
    row = pair_row(SEGMENT, "p2", options=[], answer="It calls to dinner.", **whole)
    record = pair_record(row, SEGMENTS)
    assert record is not None
    assert record.turns[1] == ("gpt", "It calls to dinner.")
    assert record.sounds[0].sound_id == segment_id("clip1", 600_000, 700_000)
    assert record.duration_s == 100.0


def test_a_row_of_an_unknown_clip_is_no_record() -> None:
    row = pair_row(SEGMENT | {"segment_id": "gone", "clip_id": "gone"}, "p3")
    assert pair_record(row, SEGMENTS) is None
    assert answer_record(_answer(MOOD, segment_id="gone"), MOOD, SEGMENTS) is None


def test_a_dialogue_numbers_its_sounds_and_omits_them_in_turns_of_text_alone() -> None:
    texts = ("Compare <sound-1> and <sound-2>.", "Rain, then bells.", "Which is louder?", "Bells.")
    record = dialogue_record(dialogue_row([SEGMENT, OTHER], "d1", *texts))
    assert record.to_json(["a.flac", "b.flac"]) == {
        "id": "d1",
        "skill": "dialogue",
        "sound": ["a.flac", "b.flac"],
        "duration": 18.784,
        "conversations": [
            {"from": "human", "value": "Compare <sound-1> and <sound-2>."},
            {"from": "gpt", "value": "Rain, then bells."},
            {"from": "human", "value": "Which is louder?"},
            {"from": "gpt", "value": "Bells."},
        ],
    }
    assert record.question_count == 2
    assert record.sound_key == f"{SEGMENT['segment_id']}_seg2"


def test_a_sound_that_no_turn_names_stands_first() -> None:
    texts = ("What is <sound-2>?", "Bells.")
    record = dialogue_record(dialogue_row([SEGMENT, OTHER], "d2", *texts))
    assert record.turns[0] == ("human", "<sound-1>\nWhat is <sound-2>?")
