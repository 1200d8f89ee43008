"""The engine of a server, against a small one that says what came over the wire."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import soundfile

from af3core.errors import (
    ConfigurationError,
    InvalidAudio,
    ModelError,
    ModelNotServed,
    ServerUnavailable,
    SoundNotKept,
)
from af3core.model.audio_limits import AudioLimit
from af3core.model.engines.openai_engine import OpenAIEngine
from af3core.model.engines.served import retries, wavs
from af3core.model.engines.served.exchange import RequestRefused
from af3core.model.engines.served.retries import Backoff
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


def test_sounds_before_words_are_kept_by_every_server(engine: OpenAIEngine) -> None:
    turns = (
        Turn("user", "<sound-2> <sound-1>\nCompare."),
        Turn("assistant", "They differ."),
        Turn("user", "<sound-2> How?"),
    )
    named = Request((sound(0.5), sound(1)), turns, Decoding(5))
    unnamed = replace(named, turns=(Turn("user", "Compare."), *turns[1:2], Turn("user", "How?")))
    assert texts(engine.answer([named, unnamed])) == [
        "user[1.00s|0.50s|\nCompare.] assistant[They differ.] user[1.00s| How?]",
        "user[0.50s|1.00s|Compare.] assistant[They differ.] user[How?]",
    ]


def test_a_served_model_hears_as_long_as_it_was_said(server: Server) -> None:
    long = ask(sound(601), "Hello", 5)
    error = failed(OpenAIEngine(server.endpoint, "af3"), long)
    assert str(error).startswith("601.0 s of audio: the model takes at most 600 s (20 windows)")
    engine = OpenAIEngine(server.endpoint, "af3", limit=AudioLimit.declared(1800, 30))
    assert texts(engine.answer([long])) == ["user[601.00s|Hello]"]


def test_a_sound_among_words_is_sent_where_it_stays_and_refused_elsewhere(server: Server) -> None:
    turns = (Turn("user", "Compare <sound-2> and <sound-1>."),)
    named = Request((sound(0.5), sound(1)), turns, Decoding(5))
    kept = OpenAIEngine(server.endpoint, "af3", server="openai").answer([named])
    assert texts(kept) == ["user[Compare |1.00s| and |0.50s|.]"]
    server.kind = "vllm"
    error = failed(OpenAIEngine(server.endpoint, "af3"), named)
    assert isinstance(error, SoundNotKept)
    assert (str(error), error.permanent, error.is_machine_fault) == (
        f"endpoint {server.endpoint}: the turn 'Compare <sound-2> and <sound-1>.' has a sound"
        " behind words; at vllm the model's chat template may move it: put a turn's sounds before"
        " its words, or use --engine af3, or --server openai where the order of a message's parts"
        " is kept",
        False,
        True,
    )
    assert len(server.bodies) == 1


def test_questions_on_one_sound_are_neighbours_and_encode_it_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []
    encode_wav = wavs.encode_wav

    def counted(samples: np.ndarray) -> bytes:
        encoded.append(len(samples))
        return encode_wav(samples)

    monkeypatch.setattr(wavs, "encode_wav", counted)
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
    monkeypatch.setattr(retries.random, "uniform", max)
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


def test_a_model_that_is_not_listed_is_tried(server: Server) -> None:
    server.unlisted = {"gpt-4o"}
    assert texts(OpenAIEngine(server.endpoint, "gpt-4o").answer([HELLO]))[0].startswith("user[")
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
    assert (len(server.bodies), server.bodies[0]) == (2, asked)
    server.models = None
    OpenAIEngine(server.endpoint, "gpt-4o", think_model="gpt-4o")
    assert len(server.bodies) == 4


def test_a_wrong_name_is_said_in_the_servers_words(server: Server) -> None:
    said = f"endpoint {server.endpoint}: 'af4': HTTP 404: The model `af4` does not exist; "
    names = "give a name that the server knows: it lists "
    for listed, remedy in (
        (["af3", "af3-think"], f"{names}af3, af3-think"),
        ([str(n) for n in range(10)], f"{names}0, 1, 2, 3, 4, 5, 6, 7 and 2 more"),
        (None, "check the model's name, and the address: it ends in /v1 mostly"),
    ):
        server.models = listed
        with pytest.raises(ConfigurationError) as caught:
            OpenAIEngine(server.endpoint, "af4")
        assert str(caught.value) == said + remedy
    server.models = ["af3"]
    with pytest.raises(ConfigurationError, match="'af5': HTTP 404"):
        OpenAIEngine(server.endpoint, "af3", think_model="af5")


def test_a_model_that_goes_away_is_no_verdict(engine: OpenAIEngine, server: Server) -> None:
    server.models = ["another"]
    error = failed(engine, HELLO)
    assert isinstance(error, ModelNotServed)
    assert not error.permanent
    assert str(error).endswith(
        "The model `af3` does not exist; give a name that the server knows: it lists af3, af3-think"
    )


@pytest.mark.parametrize(
    ("replies", "error", "message"),
    [
        (
            [(401, {}, "who?")],
            ConfigurationError,
            "/models: HTTP 401: who?; check the server's key",
        ),
        ([(503, {}, "loading")], ServerUnavailable, "/models: HTTP 503: loading"),
        ([(403, {}, "no scope"), (403, {}, "no")], ConfigurationError, "HTTP 403: no; check the"),
        ([(403, {}, "no scope"), (500, {}, "oops")], ServerUnavailable, "'af3': HTTP 500: oops;"),
        ([(200, {}, "<html>"), (405, {}, "GET?")], ConfigurationError, "it ends in /v1 mostly"),
    ],
)
def test_what_a_server_says_before_any_work(
    server: Server, replies: list[Any], error: type[Exception], message: str
) -> None:
    server.replies = replies
    with pytest.raises(error) as caught:
        OpenAIEngine(server.endpoint, "af3")
    assert message in str(caught.value)
    assert server.replies == []


def test_a_key_that_may_not_list_models_is_enough(server: Server) -> None:
    """As OpenAI's keys with few rights; and a model that answers a sound alone."""
    server.replies = [(403, {}, "no scope"), (400, {}, {"error": {"message": "needs a sound"}})]
    assert texts(OpenAIEngine(server.endpoint, "af3").answer([HELLO])) == ["user[0.50s|Hello]"]


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
