"""Questions that follow from facts, one maker for each written skill of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from af3core.nano.lexicon import TOPICS
from af3core.skills.contrast import absent_labels
from tests.prompt_facts import Facts, heard_of


@dataclass(frozen=True)
class Asked:
    """A question with its answer; `options` hold it, or are none."""

    question: str
    answer: str
    options: tuple[str, ...] = ()


Maker = Callable[[Facts], Asked | None]

_MEANINGS = {
    "a dog barking": ("an animal watches over something", "a yard"),
    "birdsong": ("animals are awake outdoors", "a garden"),
    "rain": ("the weather is wet", "an open field in bad weather"),
    "thunder": ("bad weather draws near", "the open land below clouds"),
    "wind": ("the air moves strongly", "a bare hill"),
    "waves": ("water meets the shore", "a beach"),
    "a bell": ("an hour or an event is announced", "a church square"),
    "a siren": ("helpers rush to an emergency", "a main road in town"),
    "a car horn": ("a driver warns others", "a busy crossing"),
    "an engine": ("a machine is running", "a workshop"),
    "knocking": ("somebody wants to come in", "a house at its entrance"),
    "footsteps": ("somebody walks about", "a corridor"),
    "a clock ticking": ("time is counted in a quiet room", "a silent parlour"),
    "a telephone": ("somebody calls from elsewhere", "an office"),
    "applause": ("an audience shows its approval", "a theatre"),
    "a whistle": ("a signal is given to players", "a playing field"),
}
_NATURE = {
    "rain": "it is wet",
    "thunder": "a storm is near",
    "wind": "the air moves strongly",
    "waves": "a shore lies close by",
    "birdsong": "it is day in spring",
    "a dog barking": "farm animals live here",
}
_INSTRUMENTS = {
    "piano": ("keys with hammers", "salon music"),
    "guitar": ("plucked strings", "folk songs"),
    "organ": ("wind in many pipes", "sacred music of churches"),
    "flute": ("breath across an opening", "pastoral music"),
    "drum": ("sticks on a skin", "marching music"),
    "violin": ("a bow on strings", "chamber music"),
}
_FEELINGS = {
    "happily": "joy",
    "nervously": "unrest",
    "sadly": "grief",
    "proudly": "pride",
    "bravely": "courage",
    "coldly": "indifference",
    "warmly": "affection",
}
_MOODS = ("nervous", "sad", "lucky", "stubborn", "lonely", "proud")
_SUBJECTS = tuple(topic.name for topic in TOPICS)
_UNSAID = ("gravel", "ribbon", "lantern", "marble", "candle", "whisper", "button", "pillow")
_REASONS = ("nobody had asked for it", "it was cheaper so", "the road was closed", "it was broken")


def choice(question: str, answer: str, among: Sequence[str]) -> Asked:
    """A question with three wrong options of `among`."""
    wrong = [option for option in dict.fromkeys(among) if option != answer][:3]
    return Asked(question, answer, (answer, *wrong))


def _absent(facts: Facts, count: int = 3) -> list[str]:
    return absent_labels(facts.heard, Random(len(facts.heard)))[:count]


def _of_sound(question: str, meanings: dict[str, str]) -> Maker:
    """What one heard sound tells; the wrong options belong to sounds that are not heard."""

    def make(facts: Facts) -> Asked | None:
        heard = [sound for sound in facts.sounds if sound in meanings]
        others = [text for sound, text in meanings.items() if sound not in facts.sounds]
        return choice(question, meanings[heard[0]], others) if heard and others[2:] else None

    return make


def _of_place(question: str, place: Callable[[Sequence[str]], str | None]) -> Maker:
    """What is heard at a place in the order; the wrong options are surely not heard."""

    def make(facts: Facts) -> Asked | None:
        found = place(facts.heard)
        return choice(question, found, _absent(facts)) if found else None

    return make


def _at(position: int) -> Callable[[Sequence[str]], str | None]:
    return lambda items: items[position] if len(items) > abs(position) else None


def _of_music(question: str, answers: Callable[[Facts], tuple[str, Sequence[str]] | None]) -> Maker:
    def make(facts: Facts) -> Asked | None:
        found = answers(facts) if facts.music else None
        return choice(question, *found) if found else None

    return make


def _by_pace(slow: str, fast: str, *others: str) -> Callable[[Facts], tuple[str, Sequence[str]]]:
    return lambda facts: (slow if facts.music[0].pace == "slow" else fast, (slow, fast, *others))


def _by_instrument(number: int) -> Callable[[Facts], tuple[str, Sequence[str]] | None]:
    """What goes with the first instrument; the wrong options go with instruments not heard."""

    def answers(facts: Facts) -> tuple[str, Sequence[str]] | None:
        names = {name: (name, *told)[number] for name, told in _INSTRUMENTS.items()}
        heard = [music.instrument for music in facts.music]
        others = [text for name, text in names.items() if name not in heard]
        return (names[heard[0]], others) if heard[0] in names and others[2:] else None

    return answers


def _by_measure(
    pattern: str, limit: float, below: str, above: str, *others: str
) -> Callable[[Facts], tuple[str, Sequence[str]] | None]:
    def answers(facts: Facts) -> tuple[str, Sequence[str]] | None:
        found = facts.music_measure(pattern)
        if found is None:
            return None
        return below if found < limit else above, (below, above, *others)

    return answers


def _drums(answer: str, *others: str) -> Callable[[Facts], tuple[str, Sequence[str]] | None]:
    """Of chords nothing is known but where there can be none: drums alone."""

    def answers(facts: Facts) -> tuple[str, Sequence[str]] | None:
        only = {music.instrument for music in facts.music} == {"drum"}
        return (answer, others) if only else None

    return answers


def _texture(facts: Facts) -> tuple[str, Sequence[str]]:
    under = any("in the background" in part.caption for part in facts.parts)
    answers = ("it lies softly below the speech", "it stands by itself")
    return answers[not under], (*answers, "it interrupts a fight", "it copies an animal")


def _development(facts: Facts) -> tuple[str, Sequence[str]]:
    paces = [music.pace for music in facts.music]
    answers = {
        ("slow", "fast"): "it becomes quicker",
        ("fast", "slow"): "it calms down",
    }
    found = answers.get((paces[0], paces[-1]), "its pace stays as it began")
    return found, ("it becomes quicker", "it calms down", "its pace stays as it began", "it halts")


def _lyrics(facts: Facts) -> Asked | None:
    """Only where a caption says that somebody sings; spoken words are no lyrics."""
    sung = [match for p in facts.parts for match in re.findall(r"singing about (\w+)", p.caption)]
    return choice("What are the sung words about?", sung[0], _UNSAID) if sung else None


def _sarcasm(facts: Facts) -> Asked | None:
    """Only where a caption hears mockery."""
    mocked = any("mocking" in part.caption for part in facts.parts)
    options = ("honest delight", "a plain greeting", "deep gratitude")
    question = "What does the speaker really mean by the praise?"
    return choice(question, "the opposite of it", options) if mocked else None


def _words(text: str) -> list[str]:
    """Telling words of speech in their order, each once."""
    return [word for word in dict.fromkeys(text.split()) if len(word) > 5]


def _of_word(question: str, position: int) -> Maker:
    """A word that is said; the wrong options are not."""

    def make(facts: Facts) -> Asked | None:
        said = _words(facts.said)
        return choice(question, said[position], _UNSAID) if len(said) > 3 else None

    return make


def _order(question: str, position: int) -> Maker:
    """Which of four words is said first or last."""

    def make(facts: Facts) -> Asked | None:
        said = _words(facts.said)
        shown = said[:: max(1, len(said) // 4)][:4]
        return choice(question, shown[position], shown) if len(shown) == 4 else None

    return make


def _reason(question: str, moods: Sequence[str] = ()) -> Maker:
    """The reason that the speech gives by `because`."""

    def make(facts: Facts) -> Asked | None:
        for about, reason in re.findall(r"(\w+) because ((?:\w+ ?){3})", facts.said):
            if not moods or about in moods:
                return choice(question.format(about), reason.strip(), _REASONS)
        return None

    return make


def _response(question: str) -> Maker:
    def make(facts: Facts) -> Asked | None:
        answers = {"no i do not think": "by disagreement", "yes i really believe": "by agreement"}
        given = [answer for words, answer in answers.items() if words in facts.said]
        options = ("by disagreement", "by agreement", "by laughter", "by silence")
        return choice(question, given[0], options) if len(given) == 1 else None

    return make


def _topic(question: str, answer: str) -> Maker:
    """The field that most of the words belong to."""

    def make(facts: Facts) -> Asked | None:
        said = facts.said.split()
        counts = {t.name: sum(w in (*t.nouns, *t.verbs) for w in said) for t in TOPICS}
        field = max(counts, key=lambda name: counts[name])
        others = [answer.format(name) for name in _SUBJECTS if name not in (field, "the weather")]
        return choice(question, answer.format(field), others) if counts[field] > 1 else None

    return make


def _feelings(facts: Facts) -> list[tuple[str, str]]:
    """Each feeling that is told, with the word of the deed."""
    found = re.findall(rf"({'|'.join(_FEELINGS)}) (\w+)", facts.said)
    return [(_FEELINGS[adverb], deed) for adverb, deed in found]


def _feeling(facts: Facts) -> Asked | None:
    told = _feelings(facts)
    options = [f for f in _FEELINGS.values() if f not in [feeling for feeling, _ in told]]
    if not told or not options[2:]:
        return None
    return choice("Which feeling shows where the deed is told?", told[0][0], options)


def _flip(facts: Facts) -> Asked | None:
    told = _feelings(facts)
    turned = [deed for feeling, deed in told if feeling != told[0][0]]
    if not turned:
        return None
    question = "With which deed does the first feeling turn into another?"
    return choice(question, turned[0], [word for word in _UNSAID if word not in facts.said])


def _pace_of_talk(facts: Facts) -> Asked | None:
    spoken = [part for part in facts.parts if part.said]
    if len(spoken) < 2:
        return None
    first, last = len(spoken[0].said.split()), len(spoken[-1].said.split())
    answer = "it takes more words" if last > first else "it takes fewer words"
    options = ("it takes more words", "it takes fewer words", "it is sung", "it is whispered")
    return choice("How does the talk change from its beginning to its end?", answer, options)


def _grounding(facts: Facts) -> Asked | None:
    for part in facts.parts:
        mine = [w for w in _words(part.said) if facts.said.split().count(w) == 1]
        if mine and len(facts.parts) > 3:
            times = [other.times for other in facts.parts]
            return choice(f"In which part does the speaker say {mine[0]}?", part.times, times)
    return None


def _three_words(facts: Facts) -> Asked | None:
    said = _words(facts.said)
    one, two, three = [*said[:: max(1, len(said) // 3)][:3], "", "", ""][:3]
    orders = [(one, two, three), (two, one, three), (three, two, one), (two, three, one)]
    options = [", ".join(order) for order in orders]
    return choice("In which order are these spoken of?", options[0], options) if three else None


def _yes_no(facts: Facts) -> Asked | None:
    items = facts.heard if facts.wanted == "Yes" else _absent(facts)
    return Asked(f"Can {items[0]} be heard?", facts.wanted) if items else None


def _first_and_last(facts: Facts) -> Asked | None:
    short = [item for item in facts.heard if "speaking" not in item]
    if not short or short[0] == short[-1]:
        return None
    other, more, *_ = _absent(facts)
    ends = [(short[0], short[-1]), (short[-1], short[0]), (other, short[-1]), (short[0], more)]
    options = [f"first {first}, at last {last}" for first, last in ends]
    return choice("Which two sounds frame the whole?", options[0], options)


def _common_subject(facts: Facts) -> Asked | None:
    found = facts.subjects
    if not found:
        return None
    others = [name for name in _SUBJECTS if name not in found]
    question = "What do most of the parts speak of?"
    return choice(question, max(found, key=found.count), others)


def _late_start(facts: Facts) -> Asked | None:
    items = heard_of(facts.parts[-1])
    question = "What is heard first in the last part?"
    return choice(question, items[0], _absent(facts)) if items else None


def _account(facts: Facts) -> Asked | None:
    told = " ".join(" ".join(part.caption for part in facts.parts).split()[:75])
    return Asked("What happens in this audio from start to end?", told) if told else None


def _speech_and_sound(question: str) -> Maker:
    """The subject of speech that is heard together with a sound or with music."""

    def make(facts: Facts) -> Asked | None:
        if not facts.subjects or len(facts.heard) < 2:
            return None
        others = [name for name in _SUBJECTS if name not in facts.subjects]
        return choice(question, facts.subjects[0], others)

    return make


def _summary(facts: Facts) -> Asked | None:
    topic = _topic("", "{}")(facts)
    if topic is None:
        return None
    return Asked("What is said?", f"A talk about {topic.answer}, in {len(facts.parts)} parts.")


_EVENTS = {sound: told[0] for sound, told in _MEANINGS.items()}
_PLACES = {sound: told[1] for sound, told in _MEANINGS.items()}

MAKERS: dict[str, Maker] = {
    "contextual_sound_event_reasoning": _of_sound("What does the first noise tell?", _EVENTS),
    "contextual_speech_event_reasoning": _speech_and_sound("What do the words amid noise serve?"),
    "information_extraction": _speech_and_sound("To which field does the talk belong?"),
    "general_reasoning": _of_place("What follows upon the opening?", _at(1)),
    "general_reasoning_yes_no": _yes_no,
    "sound_reasoning_speech_in_sound": _speech_and_sound("What is the speaker busy with?"),
    "sound_reasoning_eco_acoustic": _of_sound("What do the sounds of nature tell?", _NATURE),
    "sound_reasoning_acoustic_scene": _of_sound("Where does this most likely happen?", _PLACES),
    "sound_reasoning_sound_event": _of_sound("What goes on beside the talk?", _EVENTS),
    "music_knowledge_instrumentation": _of_music("Which instrument leads?", _by_instrument(0)),
    "music_knowledge_performance": _of_music("What makes the tone?", _by_instrument(1)),
    "music_knowledge_sound_texture": _of_music("How does the tune stand in the whole?", _texture),
    "music_knowledge_metre_rhythm": _of_music(
        "Of what kind is the beat?",
        _by_pace("slow and even", "quick and even", "absent", "free and wavering"),
    ),
    "music_knowledge_melody": _of_music(
        "In which range does the tune lie?",
        _by_measure(r"pitch (\S+) Hz", 300, "low", "middle", "extremely high", "below hearing"),
    ),
    "music_knowledge_dynamics_expression": _of_music(
        "How is the strength of the tune shaped?",
        _by_measure(r"(-\S+) LUFS", -18, "softly", "loudly", "silently", "painfully"),
    ),
    "music_knowledge_harmony": _of_music(
        "Which chords are played?",
        _drums("unpitched beats alone", "major triads", "minor triads", "diminished triads"),
    ),
    "music_reasoning_genre_style": _of_music("Which kind of music fits?", _by_instrument(2)),
    "music_reasoning_mood_expression": _of_music(
        "Which feeling does the tune convey?", _by_pace("calm", "eagerness", "fury", "disgust")
    ),
    "music_reasoning_temporal_relations": _of_music("How does the tune go on?", _development),
    "music_reasoning_functional_context": _of_music(
        "Which occasion would it serve?",
        _by_pace("a quiet farewell", "a lively opening", "a fire drill", "a silent prayer"),
    ),
    "music_reasoning_lyrics": _lyrics,
    "music_reasoning_historical_cultural": _of_music(
        "From which practice does this playing stem?", _by_instrument(2)
    ),
    "music_reasoning_texture": _of_music("What does the layer of the tune achieve?", _texture),
    "music_reasoning_melody": _of_music(
        "What does the range of the tune lend it?",
        _by_measure(r"pitch (\S+) Hz", 300, "weight", "lightness", "harshness", "menace"),
    ),
    "music_reasoning_rhythm_tempo": _of_music(
        "What does the pulse do to listeners?",
        _by_pace("it soothes them", "it drives them on", "it frightens them", "it stops them"),
    ),
    "music_reasoning_harmony_chords": _of_music(
        "How do the chords move?",
        _drums("they are absent", "downward by fifths", "upward by thirds", "to a cadence"),
    ),
    "music_reasoning_general_complex": _of_music(
        "What do pace and tone suggest together?",
        _by_pace("rest at the end of a day", "a busy morning", "a battle", "an accident"),
    ),
    "speech_in_sound_qa": _speech_and_sound("What is spoken of beside the other sounds?"),
    "speech_qa_order": _order("Which of these is said first?", 0),
    "speech_qa_causal": _reason("Why is it {}, by the words themselves?"),
    "speech_qa_needle": _of_word("Which of these words is said?", 2),
    "speech_qa_response": _response("How is the remark answered?"),
    "long_audio_captioning": _account,
    "long_audio_plot": _of_place("What comes right after the opening?", _at(1)),
    "long_audio_temporal": _late_start,
    "long_audio_needle": _of_sound("What does the noise that stands out tell?", _EVENTS),
    "long_audio_subscene": _of_place("What is heard early on?", _at(0)),
    "long_audio_general": _common_subject,
    "long_audio_complex": _first_and_last,
    "sarcasm_identification": _sarcasm,
    "emotional_state_identification": _feeling,
    "emotional_state_causal": _reason("What makes somebody {}?", _MOODS),
    "emotional_state_flip": _flip,
    "topic_relationship": _topic("What joins the subjects of the talk?", "all belong to {}"),
    "needle_qa": _of_word("Which of these things is spoken of?", 3),
    "causal_qa": _reason("What brings about that it is {}?"),
    "response_qa": _response("How does somebody react to the remark?"),
    "topic_qa": _topic("What is the talk mainly about?", "{}"),
    "summary": _summary,
    "order_temporal_order": _three_words,
    "order_temporal_attribute": _pace_of_talk,
    "order_temporal_referring": _order("Which of these is said nearest the end?", -1),
    "order_temporal_grounding": _grounding,
}
