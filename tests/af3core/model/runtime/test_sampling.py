"""Sampling, penalties, stop texts and JSON, through the engine on random weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.prompt import InvalidPrompt
from af3core.model.request import Decoding, Request, Turn
from af3core.model.runtime.runner import Runner
from af3core.model.runtime.sampling import sample_token
from af3core.model.weights.checkpoint import find_checkpoint
from tests.af3core.model.asking import answers_of, sound_of

SCHEMA = {
    "type": "object",
    "properties": {
        "loud": {"type": "boolean"},
        "speakers": {"type": "integer", "minimum": 0, "maximum": 9},
        "kind": {"enum": ["speech", "music", "noise"]},
    },
    "required": ["loud", "speakers", "kind"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def engine(untrained: Path) -> Af3Engine:
    return Af3Engine.load(find_checkpoint(str(untrained)))


def request_of(decoding: Decoding, text: str = "What is it?", seconds: float = 1.0) -> Request:
    return Request((sound_of(seconds),), (Turn("user", text),), decoding)


def test_a_seed_gives_the_same_answer_in_any_company(engine: Af3Engine) -> None:
    sampled = Decoding(16, temperature=1.0, seed=7)
    (alone,) = answers_of(engine, [request_of(sampled)])
    company = [request_of(Decoding(9, temperature=1.3, seed=n)) for n in range(3)]
    *_, beside = answers_of(engine, [*company, request_of(sampled)])
    assert beside.token_ids == alone.token_ids
    (other,) = answers_of(engine, [request_of(Decoding(16, temperature=1.0, seed=8))])
    assert other.token_ids != alone.token_ids


def test_top_k_and_top_p_leave_the_likeliest() -> None:
    logits = torch.log(torch.tensor([0.05, 0.4, 0.3, 0.2, 0.05]))
    generator = torch.Generator().manual_seed(0)

    def drawn(decoding: Decoding) -> set[int]:
        return {int(sample_token(logits, decoding, generator)) for _ in range(300)}

    assert drawn(Decoding(1, temperature=1.0)) == {0, 1, 2, 3, 4}
    assert drawn(Decoding(1, temperature=1.0, top_k=2)) == {1, 2}
    assert drawn(Decoding(1, temperature=1.0, top_p=0.65)) == {1, 2}
    assert drawn(Decoding(1, temperature=1.0, top_p=0.71)) == {1, 2, 3}
    assert drawn(Decoding(1, temperature=0.01)) == {1}


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_json_answers_fit_their_schema(engine: Af3Engine, temperature: float) -> None:
    decoding = Decoding(120, temperature=temperature, seed=3, json_schema=json.dumps(SCHEMA))
    requests = [request_of(decoding), request_of(Decoding(5)), request_of(decoding, "And now?")]
    first, free, second = answers_of(engine, requests)
    for answer in (first, second):
        document = json.loads(answer.text)
        assert set(document) == {"loud", "speakers", "kind"}
        assert isinstance(document["loud"], bool)
        assert document["speakers"] in range(10)
        assert document["kind"] in ("speech", "music", "noise")
        assert answer.finish_reason == "stop"
    assert free.token_count == 5


def test_a_finished_document_is_left_in_peace_while_others_write_on(engine: Af3Engine) -> None:
    """Its row stays in the batch until a quarter of the rows is finished."""
    schema = json.dumps({"enum": [1]})
    sampled = Decoding(4, temperature=1.0, json_schema=schema)
    others = [Decoding(12, min_new_tokens=12, temperature=1.0, seed=n) for n in range(6)]
    batches: list[int] = []
    start = Runner.start

    def counted(self: Runner, *arguments: object, **named: object) -> object:
        batches.append(1)
        return start(self, *arguments, **named)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Runner, "start", counted)
        first, *rest = answers_of(engine, [request_of(d) for d in (sampled, *others)])
    assert first.text == "1"
    assert {answer.token_count for answer in rest} == {12}
    assert batches == [1], "nothing failed and nothing was asked again"


def test_a_wrong_schema_fails_alone(engine: Af3Engine) -> None:
    bad = [
        request_of(Decoding(5, json_schema=text)) for text in ('{"type": "banana"}', "{not json")
    ]
    first, second, good = engine.answer([*bad, request_of(Decoding(5))])
    assert isinstance(first, InvalidPrompt)
    assert str(first).startswith("the JSON schema cannot be used: ")
    assert isinstance(second, InvalidPrompt)
    assert str(second).startswith("the JSON schema is no JSON (")
    assert not isinstance(good, Exception)


def test_stop_texts_end_an_answer_before_themselves(engine: Af3Engine) -> None:
    (whole,) = answers_of(engine, [request_of(Decoding(20))])
    tokenizer = engine.processor.tokenizer
    stop = tokenizer.decode(whole.token_ids[3:5])
    (cut,) = answers_of(engine, [request_of(Decoding(20, stop=("never there", stop)))])
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert cut.finish_reason == "stop"
    assert cut.token_count <= 5
