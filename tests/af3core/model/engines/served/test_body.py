"""Bodies of any request, for any kind of server: taken by a strict one, or refused here."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from af3core.errors import SettingUnsupported, SoundNotKept
from af3core.model.engines.served.body import LEAVABLE, chat_body
from af3core.model.engines.served.kinds import KINDS, UNKNOWN, ServerKind
from af3core.model.request import Decoding, Request, Sound, Turn
from tests.chat_server import wrong_field

TRANSFORMERS_FIELDS = {"generation_config"}
LACKS: dict[str, set[str]] = {
    "standard": {"repetition_penalty", "top_k", "min_new_tokens"},
    "fields": set(),
    "generation_config": set(),
}

decodings = st.builds(
    Decoding,
    max_new_tokens=st.integers(1, 9),
    min_new_tokens=st.integers(0, 2),
    repetition_penalty=st.sampled_from([1.0, 1.2]),
    temperature=st.sampled_from([0.0, 0.7]),
    top_k=st.integers(0, 3),
    top_p=st.sampled_from([1.0, 0.9]),
    seed=st.integers(0, 5),
    stop=st.sampled_from([(), ("\n",)]),
    json_schema=st.sampled_from([None, '{"type": "object"}']),
)
texts = st.lists(st.sampled_from(["<sound-1>", "<sound-2>", " ", "word"]), max_size=5).map("".join)


@given(
    decodings,
    st.lists(texts, min_size=1, max_size=2),
    st.sampled_from([UNKNOWN, *KINDS.values()]),
    st.sets(st.sampled_from(sorted(LEAVABLE))),
    st.booleans(),
)
def test_a_body_is_taken_or_refused_and_tells_every_setting(
    decoding: Decoding,
    words: list[str],
    kind: ServerKind,
    left_out: set[str],
    is_stream: bool,
) -> None:
    named = [number for number in (1, 2) if any(f"<sound-{number}>" in text for text in words)]
    sounds = tuple(Sound(np.zeros(800, np.float32)) for _ in range(max(named, default=0)))
    if len(named) < len(sounds):
        return  # a sound that no turn names is refused before
    turns = tuple(Turn("user", text) for text in words)
    request = Request(sounds, turns, decoding)
    lacking: frozenset[str] = frozenset()
    try:
        body = chat_body("m", request, ["UklGRg=="] * 2, kind, left_out, is_stream=is_stream)
    except SettingUnsupported as error:
        lacking = error.settings
    except SoundNotKept:
        assert not kind.keeps_places
        assert any("word<" in text.replace(" ", "") for text in words)
        return
    if lacking:
        assert lacking <= LACKS[kind.settings] | (
            set() if kind.has_json_schema else {"json_schema"}
        )
        return
    told = {name: value for name, value in body.items() if name not in TRANSFORMERS_FIELDS}
    assert wrong_field(told, kind.name, set()) == ""
    assert left_out.isdisjoint(body)
    assert json.loads(json.dumps(body)) == body
    config = json.loads(body.get("generation_config", "{}"))
    told_penalty = body.get("repetition_penalty", config.get("repetition_penalty", 1.0))
    assert told_penalty == decoding.repetition_penalty
    assert {body.get("max_tokens"), body.get("max_completion_tokens")} == {
        None,
        decoding.max_new_tokens,
    }
    if decoding.temperature and decoding.top_k:
        assert body.get("top_k", config.get("top_k")) == decoding.top_k
    sent = json.dumps(body["messages"]).count("UklGRg==")
    assert sent == sum(text.count("<sound-") for text in words)
