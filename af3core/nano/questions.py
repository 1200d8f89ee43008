"""What may be asked of a scene, and the true answer: the prompts of the default tasks and more."""

from __future__ import annotations

import string
from collections import Counter
from dataclasses import dataclass
from random import Random

from af3core.nano.lexicon import TOPICS, all_words
from af3core.nano.scenes import Event, Scene
from af3core.nano.sentences import phrase_of
from af3core.nano.synthesis import SOUNDS
from af3core.tasks.task import Task
from af3core.tasks.thinking import with_think_suffix

CAPTION_PROMPTS = ("Please describe the audio in detail.", "Describe the audio.")
TRANSCRIPT_PROMPTS = ("Transcribe the input speech.", "Transcribe the speech.")
NO_SPEECH = "There is no speech."
_COUNTS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight")
_ORDER = ("first", "second", "third")


@dataclass(frozen=True)
class Question:
    """A prompt with its answer. `kind` names what is asked, for the figures."""

    kind: str
    prompt: str
    answer: str
    options: tuple[str, ...] = ()


def caption(scene: Scene) -> str:
    """The scene in one sentence, in the order of its events."""
    parts: list[str] = []
    for event in scene.events:
        part = _named(event)
        if not parts or parts[-1] != part:
            parts.append(part)
    text = ", then ".join(parts)
    if scene.bed:
        text = f"{text}, with {scene.bed} in the background" if text else scene.bed
    return _sentence(text or "nothing but noise")


def _named(event: Event) -> str:
    if event.kind == "speech":
        return f"a {event.sex} speaking about {event.topic}"
    return event.what


def transcript(scene: Scene) -> str:
    """The words, or the sentence that says that there are none."""
    return scene.words or NO_SPEECH


def heard_sounds(scene: Scene) -> str:
    """Each sound once, in order of its first time."""
    return _sentence(_listed(list(dict.fromkeys(scene.sounds))) or "no sounds")


def who_speaks(scene: Scene) -> str:
    """a man, a woman, several speakers or nobody."""
    speakers = scene.speakers
    if len(speakers) > 1:
        return "several speakers"
    return f"a {next(iter(speakers.values()))}" if speakers else "nobody"


def heard_music(scene: Scene) -> str:
    """Yes with the music's name, or no."""
    pieces = list(dict.fromkeys(e.what for e in scene.events if e.kind == "music"))
    names = pieces + ([scene.bed] if scene.bed and scene.bed not in pieces else [])
    return _sentence(f"yes, {_listed(names)}" if names else "no")


def topic_of(scene: Scene) -> str:
    """The topic of the speech."""
    topics = [event.topic for event in scene.events if event.kind == "speech"]
    return _sentence(topics[0] if topics else "nobody is speaking")


def open_questions(scene: Scene) -> list[Question]:
    """Every open question with its answer, in the words of the default tasks."""
    return [
        Question("sounds", "What sounds can be heard in the audio?", heard_sounds(scene)),
        Question("speaker_count", "How many speakers are there?", _count(len(scene.speakers))),
        Question("who", "Who is speaking?", _sentence(who_speaks(scene))),
        Question("music", "Is there music in the audio?", heard_music(scene)),
        Question("topic", "What is the speaker talking about?", topic_of(scene)),
    ]


def choice_questions(scene: Scene, random: Random) -> list[Question]:
    """A multiple-choice question of every kind that the scene has an answer to."""
    sounds = list(dict.fromkeys(scene.sounds))
    absent = [name for name in SOUNDS if name not in sounds]
    questions = [
        _choice("who", "Who is speaking?", who_speaks(scene),
                ["a man", "a woman", "several speakers", "nobody"], random, shuffle=False),
    ]  # fmt: skip
    if sounds:
        wrong = random.sample(absent, 3)
        questions.append(
            _choice(
                "which_sound", "Which sound can be heard?", random.choice(sounds), wrong, random
            )
        )
    countable = [(name, n) for name, n in Counter(scene.sounds).items() if n < len(_COUNTS)]
    if countable:
        name, times = random.choice(countable)
        counts = sorted({times, *random.sample([n for n in range(1, 6) if n != times], 3)})
        questions.append(
            _choice("how_many", f"How many times can {name} be heard?", _COUNTS[times],
                    [_COUNTS[n] for n in counts], random, shuffle=False)
        )  # fmt: skip
    if len(sounds) >= 2:
        place = random.randrange(min(len(sounds), len(_ORDER)))
        others = [s for i, s in enumerate(sounds) if i != place] + absent
        question = f"Which sound is heard {_ORDER[place]}?"
        questions.append(_choice("order", question, sounds[place], others[:3], random))
    speech = [event for event in scene.events if event.kind == "speech"]
    if speech:
        said = random.choice(speech).what
        questions.append(_said(scene, said, random))
        wrong = random.sample([t.name for t in TOPICS if t.name != speech[0].topic], 3)
        topic = "What is the speaker talking about?"
        questions.append(_choice("topic_choice", topic, speech[0].topic, wrong, random))
    return questions


def _said(scene: Scene, said: str, random: Random) -> Question:
    heard = set(scene.words.split())
    if random.random() < 0.5:
        right = random.choice([w for w in said.split() if len(w) > 3] or said.split())
        wrong = random.sample(sorted(w for w in all_words() - heard if len(w) > 3), 3)
        return _choice("said_word", "Which word is said?", right, wrong, random)
    words = sorted(all_words() - heard)
    right = phrase_of(said, random)
    count = len(right.split())
    drawn = random.sample(words, 3 * count)  # no word twice, so that no two options are the same
    wrong = [" ".join(drawn[i : i + count]) for i in range(0, 3 * count, count)]
    return _choice("said", "What is said?", right, wrong, random)


def thinking(question: Question, scene: Scene) -> Question:
    """The same question with AF3's request to reason; the reasoning is what is heard."""
    reasoning = "I hear " + caption(scene)[0].lower() + caption(scene)[1:]
    return Question(
        f"{question.kind}_thinking",
        with_think_suffix(question.prompt),
        f"{reasoning}\n{question.answer}",
        question.options,
    )


def sample_questions(scene: Scene, random: Random, count: int) -> list[Question]:
    """A transcript, a caption and other questions, for one training step."""
    chosen = [
        Question("transcript", _pick_prompt(TRANSCRIPT_PROMPTS, random), transcript(scene)),
        Question("caption", _pick_prompt(CAPTION_PROMPTS, random), caption(scene)),
    ]
    choices = choice_questions(scene, random) + choice_questions(scene, random)
    # what was said is the hardest to choose: it is asked twice wherever it can be
    said = [question for question in choices if question.kind.startswith("said")]
    others = [question for question in choices if question not in said]
    rest = random.sample(others, min(len(others), max(1, count - 3 - len(said)))) + said
    rest += random.sample(open_questions(scene), 1)
    if random.random() < 0.3:
        rest[0] = thinking(rest[0], scene)
    return [*chosen, *rest]


def _pick_prompt(prompts: tuple[str, ...], random: Random) -> str:
    return prompts[0] if random.random() < 0.8 else random.choice(prompts[1:])


def _choice(
    kind: str, prompt: str, right: str, others: list[str], random: Random, shuffle: bool = True
) -> Question:
    options = [right, *others] if shuffle else others
    if shuffle:
        random.shuffle(options)
    task = Task("choice", "question", prompt, options=tuple(options))
    letter = string.ascii_uppercase[options.index(right)]
    return Question(kind, task.prompt_text, f"({letter}) {right}", task.options)


def _count(number: int) -> str:
    return _sentence(_COUNTS[number])


def _listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."
