"""A request as the body of a chat completion, in fields that the server takes. Pure.

What a request asks for and the server does not take is refused, never left out.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from af3core.errors import SettingUnsupported, SoundNotKept
from af3core.model.engines.served.kinds import ServerKind
from af3core.model.prompt import AUDIO_TOKEN, InvalidPrompt, place_sounds
from af3core.model.request import Decoding, Request, Turn

Body = dict[str, Any]

LEAVABLE = frozenset({"logprobs", "seed", "stream", "stream_options", "max_tokens"})
"""Fields of which a server may refuse any: an answer without is still the answer that was asked
for, and what is missing is said. Without `max_tokens` the length stands in
`max_completion_tokens`."""

SETTING_OF_FIELD = {
    "temperature": "temperature",
    "top_p": "top_p",
    "stop": "stop",
    "response_format": "json_schema",
    "top_k": "top_k",
    "repetition_penalty": "repetition_penalty",
    "min_tokens": "min_new_tokens",
    "generation_config": "generation_config",
}
"""The settings of `Decoding` that a field tells."""


def chat_body(
    model: str,
    request: Request,
    audio: Sequence[str],
    kind: ServerKind,
    left_out: Collection[str] = (),
    *,
    is_stream: bool = False,
) -> Body:
    """The body of a chat completion.

    Args:
        model: as the server calls it.
        request: what is asked.
        audio: the request's sounds as WAV in base64.
        kind: of the server.
        left_out: fields of `LEAVABLE` that the server has refused.
        is_stream: whether the answer is to come piece by piece.

    Raises:
        InvalidPrompt: markers that do not fit the sounds, or a schema that is no JSON.
        SettingUnsupported: a setting that this kind of server does not take.
        SoundNotKept: a sound among words, where the server would move it.
    """
    body = {
        "model": model,
        "messages": _messages(request, audio, kind),
        **_settings(request.decoding, kind),
    }
    if kind.has_logprobs:
        body["logprobs"] = True
    if is_stream:
        body["stream"] = True
        if kind.counts_streams and "stream" not in left_out:
            body["stream_options"] = {"include_usage": True}
    if "max_tokens" in left_out:
        body["max_completion_tokens"] = body["max_tokens"]
    return {name: value for name, value in body.items() if name not in left_out}


def without_sounds(body: Body) -> Body:
    """The same question with nothing to hear, to be answered in one token."""
    messages = []
    for message in body["messages"]:
        words = [part for part in message["content"] if part["type"] == "text"]
        messages.append({**message, "content": words or [{"type": "text", "text": "."}]})
    kept = ("model", "temperature", "max_tokens", "max_completion_tokens")
    asked = {name: value for name, value in body.items() if name in kept}
    return asked | {name: 1 for name in asked if name.startswith("max_")} | {"messages": messages}


def _messages(request: Request, audio: Sequence[str], kind: ServerKind) -> list[Body]:
    numbers, texts = place_sounds(request)
    places = iter(numbers)
    messages = []
    for turn, text in zip(request.turns, texts, strict=True):
        pieces = text.split(AUDIO_TOKEN)
        if not kind.keeps_places:
            pieces = _sounds_first(pieces, turn, kind)
        parts: list[Body] = []
        for position, words in enumerate(pieces):
            if position:
                parts.append(_sound_part(audio[next(places)], kind))
            if words:
                parts.append({"type": "text", "text": words})
        messages.append({"role": turn.role, "content": parts})
    return messages


def _sounds_first(pieces: list[str], turn: Turn, kind: ServerKind) -> list[str]:
    """A turn's pieces with no blanks before and between its sounds, which a template would move.

    Raises:
        SoundNotKept: there are words before a sound.
    """
    *before, words = pieces
    if any(piece.strip() for piece in before):
        raise SoundNotKept(
            f"the turn {_shown(turn.text)} has a sound behind words; at {kind} the model's chat"
            " template may move it: put a turn's sounds before its words, or use --engine af3, or"
            " --server openai where the order of a message's parts is kept"
        )
    return [*("" for _ in before), words]


def _shown(text: str) -> str:
    words = " ".join(text.split())
    return repr(words if len(words) <= 60 else f"{words[:59]}…")


def _sound_part(wav: str, kind: ServerKind) -> Body:
    if kind.sounds == "audio_url":
        return {"type": "audio_url", "audio_url": {"url": f"data:audio/wav;base64,{wav}"}}
    return {"type": "input_audio", "input_audio": {"data": wav, "format": "wav"}}


def _settings(decoding: Decoding, kind: ServerKind) -> Body:
    fields: Body = {
        "max_tokens": decoding.max_new_tokens,
        # said even where 0: servers take what is left out from the model's generation_config.json
        "temperature": decoding.temperature,
    }
    if decoding.temperature:
        fields["seed"] = decoding.seed
    if decoding.temperature and (decoding.top_p != 1.0 or kind.settings != "standard"):
        fields["top_p"] = decoding.top_p
    if decoding.stop:
        fields["stop"] = list(decoding.stop)
    if decoding.json_schema is not None:
        fields["response_format"] = _response_format(decoding.json_schema, kind)
    return fields | _own_settings(decoding, kind)


def _own_settings(decoding: Decoding, kind: ServerKind) -> Body:
    """What the protocol has no fields for, as this kind of server is told it."""
    if kind.settings == "fields":
        # said even where it changes nothing, for generation_config.json again
        told: Body = {"repetition_penalty": decoding.repetition_penalty}
        if decoding.temperature:
            told["top_k"] = decoding.top_k or kind.no_top_k
        if decoding.min_new_tokens:
            told["min_tokens"] = decoding.min_new_tokens
        return told
    if kind.settings == "generation_config":
        config = {
            "do_sample": bool(decoding.temperature),
            "repetition_penalty": decoding.repetition_penalty,
            "top_k": decoding.top_k,
            "min_new_tokens": decoding.min_new_tokens or None,
        }
        return {"generation_config": json.dumps(config)}
    wanted = {
        "repetition_penalty": decoding.repetition_penalty != 1.0,
        "top_k": bool(decoding.temperature and decoding.top_k),
        "min_new_tokens": bool(decoding.min_new_tokens),
    }
    asked = [name for name, is_asked in wanted.items() if is_asked]
    if asked:
        raise SettingUnsupported(
            f"{' and '.join(asked)}: OpenAI's protocol has no such field, and this is {kind}; leave"
            " it out, or name the server's kind with --server (--writer-server, --judge-server)",
            frozenset(asked),
        )
    return {}


def _response_format(json_schema: str, kind: ServerKind) -> Body:
    try:
        schema = json.loads(json_schema)
    except ValueError as error:
        raise InvalidPrompt(f"json_schema is no JSON: {error}") from error
    if not kind.has_json_schema:
        raise SettingUnsupported(
            f"json_schema: {kind} holds no answer to a schema",
            frozenset({"json_schema"}),
        )
    named = {"name": "answer", "strict": _is_strict(schema), "schema": schema}
    return {"type": "json_schema", "json_schema": named}


def _is_strict(schema: object) -> bool:
    """Whether OpenAI's servers take a schema as strict: all objects are closed, and all their
    properties required (platform.openai.com/docs/guides/structured-outputs).
    """
    if isinstance(schema, list):
        return all(map(_is_strict, schema))
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object":
        names = schema.get("properties", {})
        if schema.get("additionalProperties") is not False:
            return False
        if {*names} != {*schema.get("required", ())}:
            return False
    return all(map(_is_strict, schema.values()))
