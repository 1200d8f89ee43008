"""Against `transformers serve`: what it says of settings is done, and what it passes over is not
passed over here.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from transformers import (
    AutoTokenizer,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    Qwen2ForCausalLM,
)

from af3core.errors import ConfigurationError, ServerUnavailable, SettingUnsupported, SoundNotKept
from af3core.model.engines.openai_engine import OpenAIEngine
from af3core.model.engines.served.retries import Backoff
from af3core.model.engines.served.wavs import encode_wav
from af3core.model.language_model import write_documents, write_texts
from af3core.model.request import Answer, Decoding, Request, Sound, Turn, ask
from af3core.model.streaming.stream import Finished, TextDelta
from tests.transformers_serve import decoder_of_nano, random_hearing_model, transformers_serve

pytestmark = [pytest.mark.model_server, pytest.mark.timeout(600)]

WORDS = (Turn("user", "Who speaks?"),)
SHORT = Decoding(12)
NOISE_AND_TONE = (
    (np.random.default_rng(1).standard_normal(48_000) * 0.1).astype(np.float32),
    (np.sin(np.arange(32_000) * 0.1) * 0.3).astype(np.float32),
)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with transformers_serve(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return decoder_of_nano(tmp_path_factory.mktemp("text_model"))


@pytest.fixture(scope="module")
def hearing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_hearing_model(tmp_path_factory.mktemp("hearing_model"))


@pytest.fixture(scope="module")
def engine(endpoint: str, model: Path) -> OpenAIEngine:
    return OpenAIEngine(endpoint, str(model), concurrency=1, backoff=Backoff(tries=1))


def generated(model: Path, decoding: Decoding) -> str:
    """What transformers' own `generate` writes."""
    tokenizer = AutoTokenizer.from_pretrained(model)
    messages = [{"role": turn.role, "content": turn.text} for turn in WORDS]
    prompt = tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    ids = Qwen2ForCausalLM.from_pretrained(model).generate(
        **prompt,
        do_sample=False,
        max_new_tokens=decoding.max_new_tokens,
        repetition_penalty=decoding.repetition_penalty,
    )
    text: str = tokenizer.decode(ids[0, prompt.input_ids.shape[1] :], skip_special_tokens=True)
    return text.strip()  # as the server does of a model without a processor


def generated_of_sounds(model: Path, sounds: list[Sound]) -> str:
    """What `generate` writes about sounds, as 16 bits hold them."""
    processor = Qwen2AudioProcessor.from_pretrained(model)
    content = [{"type": "audio", "audio_url": "-"} for _ in sounds] + [
        {"type": "text", "text": "Hi"}
    ]
    prompt = processor.apply_chat_template(
        [{"role": "user", "content": content}], add_generation_prompt=True, tokenize=False
    )
    arrived = [
        soundfile.read(io.BytesIO(encode_wav(s.samples)), dtype="float32")[0] for s in sounds
    ]
    inputs = processor(text=prompt, audio=arrived, sampling_rate=16_000, return_tensors="pt")
    ids = Qwen2AudioForConditionalGeneration.from_pretrained(model).generate(
        **inputs, do_sample=False, max_new_tokens=SHORT.max_new_tokens
    )
    written = ids[0, inputs["input_ids"].shape[1] :]
    text: str = processor.tokenizer.decode(written, skip_special_tokens=True)
    return text.strip()


def test_a_model_that_it_cannot_list_is_asked_as_it_takes_it(engine: OpenAIEngine) -> None:
    assert engine.kind_of_server == "transformers"


def test_settings_do_what_they_say(engine: OpenAIEngine, model: Path) -> None:
    penalised = Decoding(12, repetition_penalty=1.5)
    requests = [Request((), WORDS, decoding) for decoding in (SHORT, penalised)]
    answers = engine.answer(requests)
    assert all(isinstance(answer, Answer) for answer in answers), answers
    texts = [answer.text for answer in answers if isinstance(answer, Answer)]
    assert texts == [generated(model, SHORT), generated(model, penalised)]
    assert texts[0] != texts[1]
    drawn = [replace(SHORT, temperature=1.0, top_k=50, seed=seed) for seed in (3, 4, 3)]
    told = engine.answer([Request((), WORDS, decoding) for decoding in drawn])
    first, second, third = (answer.text for answer in told if isinstance(answer, Answer))
    assert first == third != second


def test_answers_are_streamed(engine: OpenAIEngine, model: Path) -> None:
    events = list(engine.stream([Request((), WORDS, SHORT)]))
    last = events[-1]
    assert isinstance(last, Finished)
    assert isinstance(last.result, Answer)
    assert (last.result.text, last.result.token_count) == (generated(model, SHORT), 12)
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == last.result.text


def test_a_sound_that_it_passes_over_is_said(engine: OpenAIEngine) -> None:
    (error,) = engine.answer([ask(Sound(np.zeros(16_000, np.float32)), "Who speaks?", 5)])
    assert isinstance(error, SoundNotKept)
    assert "leaves sounds out" in str(error)


def test_sounds_are_heard_in_their_order(hearing: Path, endpoint: str) -> None:
    engine = OpenAIEngine(endpoint, str(hearing), concurrency=1, backoff=Backoff(tries=1))
    noise, tone = (Sound(samples) for samples in NOISE_AND_TONE)
    question = (Turn("user", "Hi"),)
    back = (Turn("user", "<sound-2> <sound-1>Hi"),)
    requests = [
        Request((noise,), question, SHORT),
        Request((noise, tone), question, SHORT),
        Request((noise, tone), back, SHORT),
    ]
    answers = engine.answer(requests)
    assert all(isinstance(answer, Answer) for answer in answers), answers
    texts = [answer.text.strip() for answer in answers if isinstance(answer, Answer)]
    heard = [[noise], [noise, tone], [tone, noise]]
    assert texts == [generated_of_sounds(hearing, sounds) for sounds in heard]
    assert len({*texts}) == 3
    (streamed,) = [e for e in engine.stream(requests[:1]) if isinstance(e, Finished)]
    assert isinstance(streamed.result, Answer)
    assert streamed.result.text.strip() == texts[0]


def test_what_it_passes_over_is_refused(engine: OpenAIEngine) -> None:
    held = replace(SHORT, json_schema='{"type": "object"}')
    (error,) = engine.answer([Request((), WORDS, held)])
    assert isinstance(error, SettingUnsupported)
    assert str(error).endswith("json_schema: transformers holds no answer to a schema")


def test_a_writer_writes(engine: OpenAIEngine, capsys: pytest.CaptureFixture[str]) -> None:
    texts = write_texts(engine.answer, ["Sum up."], 8)
    documents = write_documents(engine.answer, ["Sum up."], {"type": "object"}, 8)
    assert isinstance(texts[0], Answer)
    assert "no document of the schema after 3 tries" in str(documents[0])
    assert "texts are written without json_schema: " in capsys.readouterr().err


def test_the_model_of_another_place_is_said(endpoint: str, tmp_path: Path) -> None:
    with pytest.raises((ConfigurationError, ServerUnavailable), match="no/such-model"):
        OpenAIEngine(endpoint, "no/such-model", backoff=Backoff(tries=1))
