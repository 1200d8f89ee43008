"""Music Flamingo's form, which Audio Flamingo Next's checkpoints have too: all that AF3's can."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import MusicFlamingoForConditionalGeneration, MusicFlamingoProcessor
from transformers.models.musicflamingo.modeling_musicflamingo import (
    MusicFlamingoRotaryEmbedding,
    apply_rotary_time_emb,
)

from af3core.errors import AudioTooLong, ConfigurationError
from af3core.model.audio_limits import AudioLimit
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.engines.transformers_engine import TransformersEngine
from af3core.model.network.time_rotation import TimeRotation
from af3core.model.request import Answer, Decoding, Request, Sound, Turn, ask
from af3core.model.weights.checkpoint import find_checkpoint
from tests.af3core.model.asking import answers_of, assert_same_answers, sound_of
from tests.af3core.model.family_checkpoints import BOS, EOS, Form, checkpoint_of, make
from tests.af3core.model.streaming.test_stream import assert_streamed

WHO = "Who is speaking?"
SCHEMA = '{"type": "object", "properties": {"a": {"enum": ["x", "y"]}}, "required": ["a"]}'


@pytest.fixture(scope="module")
def folder(shared: Path, untrained: Path) -> Path:
    return checkpoint_of(Form("music-engine", seed=8), shared, untrained)


@pytest.fixture(scope="module")
def engine(folder: Path) -> Af3Engine:
    return Af3Engine.load(find_checkpoint(str(folder)))


@pytest.mark.parametrize("engine_class", [Af3Engine, TransformersEngine])
def test_answers_are_those_of_transformers_alone(folder: Path, engine_class: Any) -> None:
    """Nothing of this project between processor, model and tokens."""
    model = MusicFlamingoForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    processor: Any = MusicFlamingoProcessor.from_pretrained(folder)
    ours = engine_class.load(find_checkpoint(str(folder)))
    for sound in (sound_of(2.5), sound_of(65.0)):
        text = processor.apply_chat_template(
            [{"role": "user", "content": [{"type": "text", "text": WHO}, {"type": "audio"}]}],
            add_generation_prompt=True,
            tokenize=False,
        )
        inputs = processor(text=[text], audio=[sound.samples])
        generator: Any = model
        out = generator.generate(**inputs, do_sample=False, max_new_tokens=6)
        new = out[0, inputs["input_ids"].shape[1] :].tolist()
        prompt = ours.prompt_builder.build(ask(sound, WHO, 6))
        assert list(prompt.ids) == inputs["input_ids"][0].tolist()
        (answer,) = answers_of(ours, [ask(sound, WHO, 6)])
        assert list(answer.token_ids) == new[: len(answer.token_ids)]
        assert len(answer.token_ids) >= 5


def test_a_sound_stands_between_its_tokens(engine: Af3Engine) -> None:
    prompt = engine.prompt_builder.build(ask(sound_of(1.0), WHO, 4))
    audio = engine.processor.audio_token_id
    before, *heard, after = [t for t in prompt.ids if t in (audio, BOS, EOS)]
    assert (before, after, heard) == (BOS, EOS, [audio] * 25)
    assert prompt.ids[prompt.prefix - 1] == EOS


def test_rotary_times_are_transformers_bit_by_bit(folder: Path) -> None:
    """Of the first window, of others, and of the last of half an hour."""
    config = MusicFlamingoForConditionalGeneration.from_pretrained(folder).config
    torch.manual_seed(0)
    states, numbers = torch.randn(4, 750, 40), torch.tensor([0, 1, 7, 59])
    rotation = TimeRotation(config)
    rotation.place(torch.device("cpu"))
    offsets = torch.arange(750, dtype=torch.float32) * 0.04
    times = numbers.unsqueeze(1) * 750 * 0.04 + offsets
    cos, sin = MusicFlamingoRotaryEmbedding(config)(times, seq_len=750)
    theirs = apply_rotary_time_emb(states, cos, sin)
    assert torch.equal(rotation(states, numbers), theirs)
    assert torch.equal(rotation(states[:, :30], numbers), theirs[:, :30])
    assert not torch.allclose(theirs[2], states[2], atol=0.1)


def test_the_same_window_sounds_otherwise_later(engine: Af3Engine) -> None:
    window = sound_of(30.0)
    twice = Sound(np.tile(window.samples, 2))
    (embeddings,) = engine.runners["base"].encode([twice])
    first, second = embeddings[:750], embeddings[750:]
    assert not torch.allclose(first, second, atol=0.1)
    (states,) = engine.runners["base"].encoder_states([twice])
    torch.testing.assert_close(states[:750], states[750:])


def test_questions_share_a_prefix_stream_and_write_json(engine: Af3Engine) -> None:
    sound, turns = sound_of(4.0), (Turn("user", WHO),)
    decodings = [
        Decoding(8),
        Decoding(8, stop=("e",)),
        Decoding(8, temperature=0.8, seed=3),
        Decoding(30, json_schema=SCHEMA),
    ]
    requests = [Request((sound,), turns, decoding) for decoding in decodings]
    together = answers_of(engine, requests)
    alone = [answers_of(engine, [request])[0] for request in requests]
    assert_same_answers(together, alone)
    assert json.loads(together[3].text)["a"] in ("x", "y")
    assert_streamed(list(engine.stream(requests)), list(together))


def test_embeddings_are_the_reference_ones(engine: Af3Engine, folder: Path) -> None:
    sounds = [sound_of(0.3), sound_of(30.001), sound_of(47.0)]
    reference = TransformersEngine.load(find_checkpoint(str(folder)))
    for mine, theirs in zip(engine.embed(sounds), reference.embed(sounds), strict=True):
        assert isinstance(mine, np.ndarray)
        np.testing.assert_allclose(mine, theirs, atol=1e-4)  # type: ignore[arg-type]


def test_a_rest_without_a_token_is_no_window(engine: Af3Engine, folder: Path) -> None:
    """30.001 s; transformers' own model of this form fails on it, as its window has no token."""
    reference = TransformersEngine.load(find_checkpoint(str(folder)))
    requests = [
        Request((sound_of(30.001), sound_of(3.0, seed=1)), (Turn("user", WHO),), Decoding(6)),
        ask(sound_of(60.005), WHO, 6),
    ]
    assert_same_answers(answers_of(engine, requests), answers_of(reference, requests))


def test_the_length_is_the_processors(engine: Af3Engine, folder: Path, tmp_path: Path) -> None:
    assert find_checkpoint(str(folder)).limit == AudioLimit(60)
    (long,) = engine.answer([ask(Sound(np.zeros(1801 * 16_000, np.float32)), WHO, 4)])
    assert isinstance(long, AudioTooLong)
    assert str(long) == (
        "1801.0 s of audio: the model takes at most 1800 s (60 windows); cut it into clips"
    )
    changed = _copy(folder, tmp_path / "short")
    _set(changed / "processor_config.json", max_audio_len=70)
    short = Af3Engine.load(find_checkpoint(str(changed)))
    good, long = short.answer([ask(sound_of(60.0), WHO, 2), ask(sound_of(60.5), WHO, 2)])
    assert isinstance(good, Answer)
    assert str(long).endswith("at most 60 s (2 windows); cut it into clips")


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("max_audio_len", "long", r"says max_audio_len 'long': no number of seconds"),
        ("max_audio_len", 20, r"max_audio_len 20 and chunk_length 30: the length holds no window"),
    ],
)
def test_a_length_that_is_none_is_said(
    folder: Path, tmp_path: Path, setting: str, value: object, message: str
) -> None:
    changed = _copy(folder, tmp_path / "wrong")
    _set(changed / "processor_config.json", **{setting: value})
    with pytest.raises(ConfigurationError, match=message):
        find_checkpoint(str(changed))


def test_a_checkpoint_before_processor_files_has_its_classes_length(
    folder: Path, tmp_path: Path
) -> None:
    bare = _copy(folder, tmp_path / "bare")
    (bare / "processor_config.json").unlink()
    assert find_checkpoint(str(bare)).limit == AudioLimit(40)


def test_windows_of_another_length(tmp_path: Path, untrained: Path) -> None:
    """The window is the feature extractor's, where the encoder has its positions."""
    make(Form("ten", window_s=10, max_audio_s=600, seed=9), tmp_path / "ten", untrained)
    checkpoint = find_checkpoint(str(tmp_path / "ten"))
    assert checkpoint.limit == AudioLimit(60, window_s=10)
    ours, reference = Af3Engine.load(checkpoint), TransformersEngine.load(checkpoint)
    requests = [ask(sound_of(seconds), WHO, 6) for seconds in (3.0, 10.0, 27.3)]
    assert_same_answers(answers_of(ours, requests), answers_of(reference, requests))
    _set(tmp_path / "ten" / "config.json", audio_frame_step=0.01, rope_parameters=_theta(200.0))
    with pytest.raises(ConfigurationError, match=r"at 200 places, which its windows of 250"):
        Af3Engine.load(find_checkpoint(str(tmp_path / "ten")))


def test_a_table_of_rotary_times_in_the_weights_is_left(folder: Path, tmp_path: Path) -> None:
    """Early conversions hold one; what else is left over is refused."""
    changed = _copy(folder, tmp_path / "early")
    weights = load_file(changed / "model.safetensors")
    weights["audio_tower.pos_emb.freqs"] = torch.zeros(128)
    save_file(weights, changed / "model.safetensors", {"format": "pt"})
    early = Af3Engine.load(find_checkpoint(str(changed)))
    plain = Af3Engine.load(find_checkpoint(str(folder)))
    requests = [ask(sound_of(2.0), WHO, 6)]
    assert_same_answers(answers_of(early, requests), answers_of(plain, requests))
    weights["audio_tower.pos_table"] = torch.zeros(128)
    save_file(weights, changed / "model.safetensors", {"format": "pt"})
    with pytest.raises(ConfigurationError, match=r"1 left over .*pos_table"):
        Af3Engine.load(find_checkpoint(str(changed)))


def test_a_name_that_transformers_does_not_know(folder: Path, tmp_path: Path) -> None:
    renamed = _copy(folder, tmp_path / "next")
    _set(renamed / "config.json", model_type="audioflamingonext")
    checkpoint = find_checkpoint(str(renamed))
    assert checkpoint.limit == AudioLimit(60)
    with pytest.raises(
        ConfigurationError, match=r"has no AudioFlamingoNextForConditionalGeneration; install"
    ):
        Af3Engine.load(checkpoint)


def test_a_whole_checkpoint_thinks_beside_another(
    folder: Path, shared: Path, untrained: Path
) -> None:
    """Each answers as alone, in one call, also where they are of two architectures."""
    other = checkpoint_of(Form("music-thinks", seed=13), shared, untrained)
    for base in (folder, untrained):
        alone, thinker = find_checkpoint(str(base)), find_checkpoint(str(other))
        pair = alone.with_think(thinker)
        assert pair.revision == f"{alone.revision}+{thinker.revision}"
        requests = [ask(sound_of(seconds), WHO, 6) for seconds in (1.0, 31.0)]
        thinking = [replace(request, weights="think") for request in requests]
        together = answers_of(Af3Engine.load(pair), [*requests, *thinking])
        assert_same_answers(together[:2], answers_of(Af3Engine.load(alone), requests))
        assert_same_answers(together[2:], answers_of(Af3Engine.load(thinker), requests))
        assert together[0].token_ids != together[2].token_ids


def test_a_dynamic_rope_is_left_to_transformers(folder: Path, tmp_path: Path) -> None:
    changed = _copy(folder, tmp_path / "dynamic")
    config = json.loads((changed / "config.json").read_text("utf-8"))
    config["text_config"]["rope_parameters"] |= {"rope_type": "dynamic", "factor": 2.0}
    (changed / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigurationError, match=r"rope_type is 'dynamic'.*--engine transformers"):
        Af3Engine.load(find_checkpoint(str(changed)))


def _theta(theta: float) -> dict[str, object]:
    return {"rope_theta": theta, "rope_type": "default", "partial_rotary_factor": 0.2}


def _copy(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to)
    return to


def _set(path: Path, **values: object) -> None:
    settings = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(settings | values))
