"""Open questions, as their publishers give them out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from af3core.evaluation.benchmark_files import Data
from af3core.evaluation.benchmark_registry import benchmark_named
from af3core.evaluation.item import Fault, Item, SoundFile
from tests.af3core.evaluation.published_judged import FIXTURES


def listed(name: str, folder: Path) -> tuple[Item, ...]:
    FIXTURES[name](folder)
    return benchmark_named(name).read(Data(str(folder))).items


def test_compa_r_has_several_questions_a_sound(tmp_path: Path) -> None:
    sound = (SoundFile("compa_r_test_audios/Ya1.wav"),)
    first, second = "Why might the engine slow down?", "Where is this?"
    assert listed("compa-r", tmp_path) == (
        Item("Ya1 1", sound, first, answers=("A siren comes near.",)),
        Item("Ya1 2", sound, second, answers=("On a busy street.",)),
    )


def test_long_audio_bench_by_part_and_category(tmp_path: Path) -> None:
    """The category is the row's, or else the file's; a sound's token is no part of the words."""
    assert listed("long-audio-bench", tmp_path) == (
        Item(
            "long 0",
            (SoundFile("sounds/film.wav"),),
            "What happens?",
            answers=("A ship sinks.",),
            groups=(("part", "sound"), ("category", "Plot")),
        ),
        Item(
            "long_speech 0",
            (SoundFile("sounds/talk.wav"),),
            "What do they agree on?",
            answers=("A date.",),
            groups=(("part", "speech"), ("category", "Topic relationship")),
        ),
    )


def test_librisqa_finds_librispeechs_flac_and_tells_the_judge_what_is_read(tmp_path: Path) -> None:
    assert listed("librisqa", tmp_path) == (
        Item(
            "0000 61-70968-0000",
            (SoundFile("LibriSpeech/test-clean/61/70968/61-70968-0000.flac"),),
            "Whom does he complain about?",
            answers=("He complains about the wizard.",),
            context="HE BEGAN A CONFUSED COMPLAINT AGAINST THE WIZARD",
        ),
    )


def test_librisqa_without_the_sound_keeps_its_published_path(tmp_path: Path) -> None:
    FIXTURES["librisqa"](tmp_path)
    (tmp_path / "LibriSpeech/test-clean/61/70968/61-70968-0000.flac").unlink()
    [item] = benchmark_named("librisqa").read(Data(str(tmp_path))).items
    assert item.sounds == (SoundFile("test-clean/61/70968/61-70968-0000.wav"),)


def test_music_instruct_takes_audiosets_evaluation_clips_alone(tmp_path: Path) -> None:
    assert listed("music-instruct-long", tmp_path) == (
        Item(
            "00001 -d.e_f",
            (SoundFile("MusicCaps_audio/-d.e_f.wav"),),
            "Describe the music.",
            answers=("A slow waltz for piano.",),
        ),
    )


@pytest.mark.parametrize(
    ("task", "table", "question", "answers"),
    [
        ("alpaca", "alpaca_eval", "How do trees drink?", ()),
        ("llama", "llama_questions", "Who wrote Faust?", ("Goethe",)),
        (
            "trivia",
            "trivia_qa",
            "Which river runs through Paris?",
            ("seine", "river seine", "la seine"),
        ),
    ],
)
def test_open_audio_bench(
    tmp_path: Path, task: str, table: str, question: str, answers: tuple[str, ...]
) -> None:
    sound = SoundFile(f"eval_datas/{table}/audios/{table}_0.mp3")
    assert listed(f"openaudiobench-{task}", tmp_path) == (
        Item(f"{table}_0", (sound,), question, answers=answers),
    )


def test_af_chat_asks_the_last_turn_with_the_sounds_that_are_heard(tmp_path: Path) -> None:
    """Of three sounds two are played; an answer that names one does not play it again."""
    assert listed("af-chat", tmp_path) == (
        Item(
            "chat-1",
            (SoundFile("audioset/Ya.wav"), SoundFile("audioset/Yc.wav")),
            "[sound 1] And here, which of both is nearer?",
            answers=("The dog of sound 2.",),
            groups=(("part", "sound"), ("turns", "2")),
            context="User: [sound 2] What is heard?\nAssistant: A dog, as in sound 1.",
        ),
    )


def changed_chat(folder: Path, **fields: object) -> tuple[Item, tuple[Fault, ...]]:
    FIXTURES["af-chat"](folder)
    path = folder / "afchat/sound.json"
    [row] = json.loads(path.read_text())
    path.write_text(json.dumps([row | fields]))
    listing = benchmark_named("af-chat").read(Data(str(folder)))
    [item] = listing.items
    return item, listing.faults


def test_af_chat_of_one_turn_is_asked_as_it_stands(tmp_path: Path) -> None:
    """Sounds that no turn names stand before it; a question without an answer is left out."""
    turns = [("human", "Which is louder?"), ("gpt", "The second."), ("human", "Why?")]
    said = [{"from": side, "value": text} for side, text in turns]
    item, faults = changed_chat(tmp_path, sound=["Yb.wav", "Ya.wav"], conversations=said)
    assert item == Item(
        "chat-1",
        (SoundFile("audioset/Yb.wav"), SoundFile("audioset/Ya.wav")),
        "Which is louder?",
        answers=("The second.",),
        groups=(("part", "sound"), ("turns", "1")),
    )
    assert benchmark_named("af-chat").prompt(item) == "Which is louder?"
    assert faults == ()


def test_af_chat_that_names_a_sound_too_many(tmp_path: Path) -> None:
    item, faults = changed_chat(tmp_path, sound=["Ya.wav"])
    assert item.sounds == (SoundFile("audioset/Ya.wav"),)
    assert benchmark_named("af-chat").prompt(item).startswith("User: sound 3 What is heard?\n")
    assert faults == (Fault("chat-1", "<sound-3> is named, the list has 1 sounds"),)


def test_af_chat_without_an_answer(tmp_path: Path) -> None:
    item, faults = changed_chat(tmp_path, conversations=[{"from": "human", "value": "Why?"}])
    assert item == Item("chat-1", (), "")
    assert faults == (Fault("chat-1", "the conversation has no question with an answer"),)
