"""What each kind of server is sent, and what is done where it refuses, changes or leaves out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from af3core.errors import ModelError, SettingUnsupported, SoundNotKept
from af3core.model.engines.openai_engine import OpenAIEngine
from af3core.model.engines.served.exchange import RequestRefused
from af3core.model.engines.served.retries import Backoff
from af3core.model.language_model import Document, write_documents, write_texts
from af3core.model.request import Answer, Decoding, Request, Sound, ask
from schemas.options.night import ServerName
from tests.chat_server import Server, chat_server

HELLO = ask(Sound(np.zeros(8_000, np.float32)), "Hello", 5)
DRAWN = replace(HELLO, decoding=Decoding(9, temperature=0.7, top_p=0.9, seed=3, stop=("\n",)))
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}},
    "required": ["a"],
    "additionalProperties": False,
}


@pytest.fixture
def server() -> Iterator[Server]:
    with chat_server() as running:
        yield running


def engine_of(server: Server, kind: ServerName = "auto") -> OpenAIEngine:
    backoff = Backoff(tries=3, first_s=0.0, ceiling_s=0.0)
    return OpenAIEngine(server.endpoint, "af3", concurrency=1, backoff=backoff, server=kind)


def answer(engine: OpenAIEngine, request: Request) -> Answer | ModelError:
    (result,) = engine.answer([request])
    return result


def sent(server: Server, engine: OpenAIEngine, request: Request) -> dict[str, Any]:
    """The fields of a body that was taken, but those of every one."""
    result = answer(engine, request)
    assert isinstance(result, Answer), result
    shown = ("model", "messages", "max_tokens")
    return {name: value for name, value in server.bodies[-1].items() if name not in shown}


def test_a_server_that_says_nothing_is_sent_the_protocols_fields_alone(server: Server) -> None:
    engine = engine_of(server)
    assert engine.kind_of_server == ""
    assert sent(server, engine, HELLO) == {"temperature": 0.0, "logprobs": True}
    drawn = {"temperature": 0.7, "top_p": 0.9, "seed": 3, "stop": ["\n"], "logprobs": True}
    assert sent(server, engine, DRAWN) == drawn
    assert list(server.bodies[-1])[:3] == ["model", "messages", "max_tokens"]


@pytest.mark.parametrize(("kind", "no_top_k"), [("vllm", 0), ("sglang", -1)])
def test_vllm_and_sglang_are_told_what_the_checkpoint_would_else_decide(
    server: Server, kind: str, no_top_k: int
) -> None:
    server.kind = kind
    engine = engine_of(server)
    assert engine.kind_of_server == kind
    greedy = {"temperature": 0.0, "logprobs": True, "repetition_penalty": 1.0}
    assert sent(server, engine, HELLO) == greedy
    drawn = {"temperature": 0.7, "top_p": 0.9, "seed": 3, "stop": ["\n"], "logprobs": True}
    assert sent(server, engine, DRAWN) == drawn | {"repetition_penalty": 1.0, "top_k": no_top_k}
    asked = replace(DRAWN.decoding, top_k=40, repetition_penalty=1.2, min_new_tokens=2)
    told = {"repetition_penalty": 1.2, "top_k": 40, "min_tokens": 2}
    assert sent(server, engine, replace(HELLO, decoding=asked)) == drawn | told
    part = server.bodies[-1]["messages"][0]["content"][0]
    assert part["type"] == {"vllm": "input_audio", "sglang": "audio_url"}[kind]


def test_a_schema_is_strict_where_it_closes_its_objects(server: Server) -> None:
    engine = engine_of(server)
    for schema, is_strict in ((SCHEMA, True), ({"type": "object"}, False)):
        decoding = Decoding(5, json_schema=json.dumps(schema))
        asked = sent(server, engine, replace(HELLO, decoding=decoding))["response_format"]
        named = {"name": "answer", "strict": is_strict, "schema": schema}
        assert asked == {"type": "json_schema", "json_schema": named}


def test_what_the_protocol_lacks_is_refused_not_dropped(server: Server) -> None:
    decoding = Decoding(5, 2, 1.2, temperature=0.5, top_k=4)
    error = answer(engine_of(server), replace(HELLO, decoding=decoding))
    assert isinstance(error, SettingUnsupported)
    assert error.settings == {"repetition_penalty", "top_k", "min_new_tokens"}
    assert (error.permanent, error.is_machine_fault) == (False, True)
    assert str(error) == (
        f"endpoint {server.endpoint}: repetition_penalty and top_k and min_new_tokens: OpenAI's"
        " protocol has no such field, and this is a server that does not say what it is; leave it"
        " out, or name the server's kind with --server (--writer-server, --judge-server)"
    )
    assert server.bodies == []


@pytest.mark.parametrize(
    ("refused", "instead", "said"),
    [
        ("logprobs", {}, "gives no log-probabilities"),
        ("seed", {}, "takes no seed: an answer that is drawn is another one each time"),
        ("max_tokens", {"max_completion_tokens": 9}, ""),
    ],
)
def test_a_field_that_may_be_missing_is_left_out_and_that_is_remembered(
    server: Server,
    refused: str,
    instead: dict[str, Any],
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.refused = {refused}
    server.extra = {"logprobs": {"content": [{"token": "a", "logprob": -0.5}]}}
    engine = engine_of(server)
    for _ in range(2):
        body = sent(server, engine, DRAWN)
        assert refused not in body
        assert {name: body.get(name) for name in instead} == instead
    assert server.wrong == 1, "a refusal teaches once"
    told = capsys.readouterr().err
    assert (told.count("\n"), said in told) == (bool(said), True)


def test_nothing_is_learned_from_a_field_that_is_not_at_fault(server: Server) -> None:
    """A prompt that is too long: servers then speak of max_tokens."""
    engine = engine_of(server)
    words = {"error": {"message": "max_tokens is too large: 5"}}
    server.replies = [(400, {}, words), (400, {}, {"error": {"message": "too long"}})]
    error = answer(engine, HELLO)
    assert isinstance(error, RequestRefused)
    assert str(error) == f"endpoint {server.endpoint}: HTTP 400: max_tokens is too large: 5"
    sent(server, engine, HELLO)
    assert server.bodies[-1]["max_tokens"] == 5


def test_a_setting_that_one_model_refuses_is_no_verdict(server: Server) -> None:
    words = "Unsupported value: 'temperature' does not support 0 with this model."
    server.replies = []
    engine = engine_of(server)
    server.replies = [(400, {}, {"error": {"message": words, "param": "temperature"}})]
    error = answer(engine, HELLO)
    assert isinstance(error, SettingUnsupported)
    assert (error.settings, error.permanent) == ({"temperature"}, False)
    assert str(error) == f"endpoint {server.endpoint}: HTTP 400: {words}"


@pytest.mark.parametrize("has_been_away", [True, False])
def test_another_server_at_the_same_address_is_asked_as_it_takes_it(
    server: Server, has_been_away: bool
) -> None:
    server.kind = "vllm"
    engine = engine_of(server)
    assert "repetition_penalty" in sent(server, engine, HELLO)
    server.kind = ""
    if has_been_away:
        server.replies = [(503, {}, "starting")]
    assert "repetition_penalty" not in sent(server, engine, HELLO)
    assert engine.kind_of_server == ""
    server.kind = "vllm"
    assert "repetition_penalty" not in sent(server, engine, HELLO), "it takes both forms"
    server.replies = [(502, {}, "starting")]
    assert "repetition_penalty" in sent(server, engine, HELLO)


def test_what_was_refused_is_tried_again_after_an_outage(server: Server) -> None:
    engine = engine_of(server)
    server.refused = {"logprobs"}
    assert "logprobs" not in sent(server, engine, HELLO)
    server.refused = set()
    assert "logprobs" not in sent(server, engine, HELLO)
    server.replies = [(503, {}, "starting")]
    sent(server, engine, HELLO)
    assert "logprobs" in sent(server, engine, HELLO)


def test_a_server_that_was_named_stays_what_it_was_named(server: Server) -> None:
    server.kind = "sglang"
    engine = engine_of(server, "vllm")
    error = answer(engine, HELLO)
    assert isinstance(error, SoundNotKept)
    assert str(error).endswith(
        "HTTP 400: Unrecognized request argument supplied: input_audio; a model that hears takes"
        " sounds there, if --server is right"
    )
    assert engine.kind_of_server == "vllm"


def test_a_server_that_leaves_sounds_out_is_found_out(server: Server) -> None:
    """As one with a text model that passes over what is no text: the counts tell."""
    server.usage = lambda body: {"completion_tokens": 7, "prompt_tokens": 12}
    engine = engine_of(server)
    results = engine.answer([HELLO, HELLO])
    assert [type(result) for result in results] == [SoundNotKept, SoundNotKept]
    assert str(results[0]) == (
        f"endpoint {server.endpoint}: leaves sounds out: a question has as many tokens without"
        " them; af3 takes text alone there"
    )
    assert [len(body["messages"][0]["content"]) for body in server.bodies] == [2, 1, 2]
    assert server.bodies[1]["max_tokens"] == 1

    def counted(body: dict[str, Any]) -> dict[str, int]:
        return {"completion_tokens": 7, "prompt_tokens": 12 * len(body["messages"][0]["content"])}

    server.usage = counted
    hearing = engine_of(server)
    assert all(isinstance(result, Answer) for result in hearing.answer([HELLO, HELLO]))
    assert len(server.bodies) == 6


def test_a_writer_does_without_what_its_server_lacks_and_says_so(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    (text,) = write_texts(engine_of(server).answer, ["Write."], 20)
    assert isinstance(text, Answer)
    assert text.text == "user[Write.]"
    said = capsys.readouterr().err
    assert said.startswith("af3: texts are written without repetition_penalty: endpoint http")
    assert said.count("\n") == 1
    server.kind = "vllm"
    write_texts(engine_of(server).answer, ["Write."], 20)
    assert server.bodies[-1]["repetition_penalty"] == 1.05
    server.refused = {"response_format"}
    server.replies = [(200, {}, {"data": [{"id": "af3"}]})]
    documents = write_documents(engine_of(server).answer, ["Write."], SCHEMA, 20)
    assert not isinstance(documents[0], Document)
    assert "no document of the schema after 3 tries" in str(documents[0])
    assert "texts are written without json_schema: " in capsys.readouterr().err
