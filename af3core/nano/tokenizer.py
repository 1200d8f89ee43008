"""Nano's tokenizer: Qwen2's byte-level BPE and special tokens, over the words of its world."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from af3core.nano.questions import choice_questions, open_questions, sample_questions, thinking
from af3core.nano.scenes import Event, Scene
from af3core.nano.sentences import random_topic, sentence

VOCABULARY = 3072
END_OF_TEXT, IM_START, IM_END, SOUND = "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<sound>"
SYSTEM = "You are a helpful assistant."

CHAT_TEMPLATE = (
    "{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}"
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'audio' %}{{ '<sound>' }}"
    "{% endif %}{% endfor %}"
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
    "{% endif %}{% endfor %}{% endif %}"
    "{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

PROMPT_HEAD = f"{IM_START}system\n{SYSTEM}{IM_END}\n{IM_START}user\n"
PROMPT_TAIL = f"{IM_END}\n{IM_START}assistant\n"

_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train_tokenizer(seed: int = 0) -> PreTrainedTokenizerFast:
    """Merges learnt from sentences and questions of the world."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END_OF_TEXT, IM_START, IM_END, SOUND],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(Random(seed)), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=IM_END,
        pad_token=END_OF_TEXT,
        additional_special_tokens=[IM_START, SOUND],
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=32768,
    )


def _corpus(random: Random) -> Iterator[str]:
    for _ in range(20_000):
        yield " " + sentence(random_topic(random), random)
    for _ in range(1_500):
        scene = _silent_scene(random)
        choices = choice_questions(scene, random)
        questions = [*sample_questions(scene, random, 4), *choices, *open_questions(scene)]
        for question in [*questions, thinking(choices[0], scene)]:
            yield f"{question.prompt}\n{question.answer}"


def _silent_scene(random: Random) -> Scene:
    """A scene for its text alone, without audio."""
    from af3core.nano.synthesis import SOUNDS

    topic = random_topic(random)
    events = [Event("sound", 0, 0, random.choice(tuple(SOUNDS))) for _ in range(3)]
    sex = random.choice(("man", "woman"))
    events.append(Event("speech", 0, 0, sentence(topic, random), 0, sex, topic.name))
    random.shuffle(events)
    bed = random.choice(("", f"{random.choice(('slow', 'fast'))} piano music"))
    return Scene(tuple(events), bed, 10_000)
