"""A request in the words of OpenAI's chat completions."""

from __future__ import annotations

import json
from typing import Any, Protocol

from af3core.model.prompt import AUDIO_TOKEN, InvalidPrompt, place_sounds
from af3core.model.request import Decoding, Request


class Wavs(Protocol):
    """Gives the sounds of a request as WAV in base64, in their order."""

    def take(self, request: Request) -> list[str]: ...


def chat_body(request: Request, wavs: Wavs) -> dict[str, Any]:
    """The body of a chat completion, less the model.

    Args:
        request: whose sounds go with it.
        wavs: gives them as WAV in base64.

    Raises:
        InvalidPrompt: markers that do not fit the sounds, or a schema that is no JSON.
    """
    numbers, texts = place_sounds(request)
    sampling, audio, places = _sampling(request.decoding), wavs.take(request), iter(numbers)
    messages = []
    for turn, text in zip(request.turns, texts, strict=True):
        parts: list[dict[str, Any]] = []
        for position, words in enumerate(text.split(AUDIO_TOKEN)):
            if position:
                wav = {"data": audio[next(places)], "format": "wav"}
                parts.append({"type": "input_audio", "input_audio": wav})
            if words:
                parts.append({"type": "text", "text": words})
        messages.append({"role": turn.role, "content": parts})
    return {"messages": messages, **sampling}


def _sampling(decoding: Decoding) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "max_tokens": decoding.max_new_tokens,
        # said even where 0: vLLM takes what is left out from the model's generation_config.json
        "temperature": decoding.temperature,
        "top_p": decoding.top_p,
        "seed": decoding.seed,
        "stop": list(decoding.stop),
        "logprobs": True,
        "top_k": decoding.top_k,
        "min_tokens": decoding.min_new_tokens or None,
        "repetition_penalty": decoding.repetition_penalty,
    }
    if decoding.json_schema is not None:
        try:
            named = {"name": "answer", "strict": True, "schema": json.loads(decoding.json_schema)}
        except ValueError as error:
            raise InvalidPrompt(f"json_schema is no JSON: {error}") from error
        fields["response_format"] = {"type": "json_schema", "json_schema": named}
    return {name: value for name, value in fields.items() if value is not None}
