"""The engine of a server, against a small one that says what came over the wire."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from af3core.errors import ConfigurationError, InvalidAudio, ModelError, ServerUnavailable
from af3core.model.engines import openai_engine
from af3core.model.engines.openai_engine import (
    Backoff,
    OpenAIEngine,
    RequestRefused,
)
from af3core.model.prompt import InvalidPrompt
from af3core.model.request import Answer, Decoding, Request, Sound, Turn, ask
from tests.chat_server import Server, chat_server, decoded


@pytest.fixture
def server() -> Iterator[Server]:
    with chat_server() as running:
        yield running


@pytest.fixture
def engine(server: Server) -> OpenAIEngine:
    backoff = Backoff(tries=3, first_s=1.0, ceiling_s=1.5, sleep=server.waits.append)
    return OpenAIEngine(server.endpoint, "af3", concurrency=4, backoff=backoff)


def sound(seconds: float) -> Sound:
    return Sound(np.zeros(int(seconds * 16_000), np.float32))


def texts(results: list[Answer | ModelError]) -> list[str]:
    return [result.text if isinstance(result, Answer) else repr(result) for result in results]


def failed(engine: OpenAIEngine, request: Request) -> ModelError:
    (result,) = engine.answer([request])
    assert isinstance(result, ModelError)
    return result


HELLO = ask(sound(0.5), "Hello", 5)


def test_results_keep_the_order_of_the_requests(engine: OpenAIEngine) -> None:
    """The first answer comes last."""
    requests = [ask(sound(0.5), "wait for others", 5), HELLO, ask(sound(1), "Hi", 5)]
    kept = ["user[0.50s|wait for others]", "user[0.50s|Hello]", "user[1.00s|Hi]"]
    assert texts(engine.answer(requests)) == kept
    assert engine.answer([]) == []


def test_sounds_stand_where_the_turns_name_them(engine: OpenAIEngine) -> None:
    turns = (
        Turn("user", "Compare <sound-2> and <sound-1>."),
        Turn("assistant", "They differ."),
        Turn("user", "<sound-2> How?"),
    )
    named = Request((sound(0.5), sound(1)), turns, Decoding(5))
    unnamed = replace(named, turns=(Turn("user", "Compare."), *turns[1:2], Turn("user", "How?")))
    assert texts(engine.answer([named, unnamed])) == [
        "user[Compare |1.00s| and |0.50s|.] assistant[They differ.] user[1.00s| How?]",
        "user[0.50s|1.00s|Compare.] assistant[They differ.] user[How?]",
    ]


def test_questions_on_one_sound_are_neighbours_and_encode_it_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []
    encode_wav = openai_engine.encode_wav

    def counted(samples: np.ndarray) -> bytes:
        encoded.append(len(samples))
        return encode_wav(samples)

    monkeypatch.setattr(openai_engine, "encode_wav", counted)
    half, one = sound(0.5), sound(1)
    requests = [ask(half if text.isupper() else one, text, 5) for text in "AaBbCc"]
    results = OpenAIEngine(server.endpoint, "af3", concurrency=1).answer(requests)
    assert "".join(text[-2] for text in texts(results)) == "AaBbCc"
    asked = [body["messages"][0]["content"][1]["text"] for body in server.bodies]
    assert "".join(asked) == "ABCabc"
    assert encoded == [8_000, 16_000]


def test_samples_arrive_as_16_bits_and_clipped(engine: OpenAIEngine, server: Server) -> None:
    samples = np.tile(np.array([0.5, 2.0, -2.0, -1 / 32768], np.float32), 200)
    engine.answer([ask(Sound(samples), "Hello", 5)])
    wav = decoded(server.bodies[0]["messages"][0]["content"][0])
    arrived, _ = soundfile.read(io.BytesIO(wav), dtype="int16")
    assert arrived.tolist() == [16_384, 32_767, -32_768, -1] * 200


def test_temperature_is_always_said(engine: OpenAIEngine, server: Server) -> None:
    schema = {"name": "answer", "strict": True, "schema": {"type": "object"}}
    decoding = Decoding(9, 2, 1.2, 0.7, 40, 0.9, 3, ("\n",), '{"type": "object"}')
    for request in (HELLO, replace(HELLO, decoding=decoding)):
        engine.answer([request])
    greedy, sampled = ({**body, "messages": ""} for body in server.bodies)
    always = {"model": "af3", "messages": "", "logprobs": True}
    plain = {"temperature": 0, "top_k": 0, "top_p": 1, "seed": 0, "repetition_penalty": 1}
    assert greedy == always | plain | {"max_tokens": 5, "stop": []}
    assert sampled == always | {
        **{"max_tokens": 9, "min_tokens": 2, "repetition_penalty": 1.2, "temperature": 0.7},
        **{"top_k": 40, "top_p": 0.9, "seed": 3, "stop": ["\n"]},
        "response_format": {"type": "json_schema", "json_schema": schema},
    }


def test_an_answer_is_read_whole(engine: OpenAIEngine, server: Server) -> None:
    assert engine.answer([HELLO]) == [Answer("user[0.50s|Hello]", 7, None, "stop")]
    tokens = [{"token": "a", "logprob": -0.25}, {"token": "b", "logprob": -0.75}]
    server.extra = {"logprobs": {"content": tokens}, "finish_reason": "length"}
    cut = Answer("user[0.50s|Hello]", 7, -0.5, "length", logprobs=(-0.25, -0.75))
    assert engine.answer([HELLO]) == [cut]


def test_a_bad_request_fails_alone(engine: OpenAIEngine, server: Server) -> None:
    bad = [
        ask(sound(0.5), "forbidden", 5),
        ask(Sound(np.full(8_000, np.nan, np.float32)), "Hello", 5),
        ask(sound(0.5), "<sound-2>", 5),
        replace(HELLO, decoding=Decoding(5, json_schema="{")),
    ]
    results = engine.answer([bad[0], HELLO, *bad[1:]])
    kinds = [RequestRefused, Answer, InvalidAudio, InvalidPrompt, InvalidPrompt]
    assert [type(result) for result in results] == kinds
    assert str(results[0]) == f"endpoint {server.endpoint}: HTTP 400: no such word"
    assert all(result.permanent for result in results if isinstance(result, ModelError))
    assert len(server.bodies) == 2


def test_think_weights_are_asked_of_their_own_model(engine: OpenAIEngine, server: Server) -> None:
    thinking = replace(HELLO, weights="think")
    error = failed(engine, thinking)
    assert "think_model" in str(error)
    assert not error.permanent
    OpenAIEngine(server.endpoint, "af3", think_model="af3-think").answer([thinking])
    assert server.bodies[0]["model"] == "af3-think"


def test_a_broken_server_is_asked_again(
    engine: OpenAIEngine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_engine.random, "uniform", max)
    server.replies = [(500, {}, {"error": {"message": "out of memory"}}), (503, {}, "loading")]
    assert texts(engine.answer([HELLO])) == ["user[0.50s|Hello]"]
    assert server.waits == [1.0, 1.5]
    server.replies = [(500, {}, "out of memory")] * 3
    error = failed(engine, HELLO)
    assert str(error) == f"endpoint {server.endpoint}: HTTP 500: out of memory (tries: 3)"
    assert (error.permanent, len(server.waits)) == (False, 4)


def test_retry_after_is_waited_out(engine: OpenAIEngine, server: Server) -> None:
    server.replies = [(429, {"Retry-After": "7"}, {"message": "slow down"})]
    assert texts(engine.answer([HELLO])) == ["user[0.50s|Hello]"]
    assert 7 <= server.waits[0] <= 8
    server.replies = [(429, {"Retry-After": "3600"}, {"message": "slow down"})]
    assert str(failed(engine, HELLO)).endswith("HTTP 429: slow down (tries: 1)")
    assert len(server.waits) == 1


def test_a_silent_server_is_not_asked_again(server: Server) -> None:
    error = failed(OpenAIEngine(server.endpoint, "af3", timeout_s=0.05), ask(sound(1), "sleep", 5))
    assert str(error) == f"endpoint {server.endpoint}: ReadTimeout('timed out') (tries: 1)"
    assert len(server.bodies) == 1


def test_a_server_that_is_down_is_no_verdict(engine: OpenAIEngine, server: Server) -> None:
    server.shutdown()
    server.server_close()
    error = failed(engine, HELLO)
    assert str(error).startswith(f"endpoint {server.endpoint}: ConnectError(")
    assert (error.permanent, len(server.waits)) == (False, 2)
    with pytest.raises(ServerUnavailable, match=f"endpoint {server.endpoint}: no answer"):
        engine.check()


def test_a_fault_of_the_server_is_no_verdict(engine: OpenAIEngine, server: Server) -> None:
    server.replies = [(200, {}, {"choices": []}), (401, {}, {"error": "who?"})]
    errors = [failed(engine, HELLO), failed(engine, HELLO)]
    assert [error.permanent for error in errors] == [False, False]
    assert len(server.bodies) == 2


def test_a_server_without_the_model_says_what_it_has(server: Server) -> None:
    with pytest.raises(ConfigurationError, match="serves af3, af3-think, not 'af4'"):
        OpenAIEngine(server.endpoint, "af4")
    with pytest.raises(ConfigurationError, match="serves af3, af3-think, not 'af5'"):
        OpenAIEngine(server.endpoint, "af3", think_model="af5")
    server.replies = [(404, {}, {"detail": "Not Found"})]
    with pytest.raises(ConfigurationError, match="/models: no models: HTTP 404: Not Found"):
        OpenAIEngine(server.endpoint, "af3")


@pytest.mark.parametrize("address", ["localhost:8000/v1", "ftp://h/v1", "http://u:pass@h/v1", ""])
def test_an_address_must_be_http_and_hold_no_password(address: str) -> None:
    with pytest.raises(ConfigurationError, match="must have the form http") as caught:
        OpenAIEngine(address, "af3")
    assert "pass@" not in str(caught.value)


def test_the_key_goes_into_the_header_and_nowhere_else(server: Server) -> None:
    engine = OpenAIEngine(server.endpoint, "af3", api_key="s3cret")
    server.replies = [(401, {}, "bad key s3cret")]
    error = failed(engine, HELLO)
    assert server.keys == ["Bearer s3cret"] * 2
    assert "HTTP 401: bad key [key]" in str(error)
    assert "s3cret" not in repr(engine) + repr(error) + repr(error.__cause__)
    with pytest.raises(ConfigurationError) as caught:
        OpenAIEngine(server.endpoint, "af3", api_key="s3cret\n")
    assert "s3cret" not in str(caught.value)
