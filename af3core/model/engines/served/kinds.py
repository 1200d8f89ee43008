"""The servers that speak OpenAI's protocol: what each takes beside the protocol's own fields.

A server is known by what it says of itself, or by the option `--server`. One that says nothing is
asked in the protocol's own fields alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

SettingsForm = Literal["standard", "fields", "generation_config"]
SoundForm = Literal["input_audio", "audio_url"]

_OPENAI_HOSTS = (".openai.com", ".openai.azure.com")
_TRANSFORMERS_PATHS = {"/load_model", "/v1/responses"}
"""What its own description of itself (`/openapi.json`) has beside the protocol (transformers,
cli/serving/server.py)."""


@dataclass(frozen=True)
class ServerKind:
    """What a kind of server takes and keeps.

    Attributes:
        name: as `--server` has it; empty for a server that says nothing of itself.
        settings: how top_k, repetition_penalty and min_new_tokens are told: not at all, in fields
            of their own, or as transformers' GenerationConfig in JSON.
        no_top_k: what top_k is told where there is none.
        sounds: the part of a message that holds a sound.
        keeps_places: a sound among words stays there. Else the model's chat template decides; that
            of AF3 puts a turn's sounds before its words.
        may_drop_sounds: it answers a question with sounds though its model hears none.
        has_logprobs, has_json_schema, counts_streams: it answers with log-probabilities, in JSON
            by a schema, and with the count of tokens behind a stream.
    """

    name: str
    settings: SettingsForm = "standard"
    no_top_k: int = 0
    sounds: SoundForm = "input_audio"
    keeps_places: bool = False
    may_drop_sounds: bool = False
    has_logprobs: bool = True
    has_json_schema: bool = True
    counts_streams: bool = True

    def __str__(self) -> str:
        return f"{self.name}" if self.name else "a server that does not say what it is"


UNKNOWN = ServerKind("", may_drop_sounds=True)
OPENAI = ServerKind("openai", keeps_places=True)
VLLM = ServerKind("vllm", "fields")  # vllm/entrypoints/openai/chat_completion/protocol.py
SGLANG = ServerKind("sglang", "fields", no_top_k=-1, sounds="audio_url")
"""sglang/srt/entrypoints/openai/protocol.py: its messages know `audio_url` alone, and its
sampling_params.py refuses a top_k of 0."""
TRANSFORMERS = ServerKind(
    "transformers",
    "generation_config",
    may_drop_sounds=True,
    has_logprobs=False,
    has_json_schema=False,
    counts_streams=False,
)
"""transformers, cli/serving/chat_completion.py: it refuses fields that it does not know, and
ignores `logprobs`, `response_format` and `stream_options`."""

KINDS: Mapping[str, ServerKind] = {kind.name: kind for kind in (VLLM, SGLANG, TRANSFORMERS, OPENAI)}
"""By name; those of `schemas.options.night.ServerName` but `auto`."""


def kind_of_address(endpoint: str) -> ServerKind | None:
    """OpenAI's own servers, by their address."""
    host = urlsplit(endpoint).hostname or ""
    return OPENAI if f".{host}".endswith(_OPENAI_HOSTS) else None


def kind_of_list(models: Sequence[Mapping[str, Any]], model: str) -> ServerKind | None:
    """By whom the server's list of models names as the owner: vLLM and SGLang name themselves.

    Args:
        models: the entries of `/models`.
        model: the one that is asked; where the list lacks it, all must have one owner.
    """
    owners = {str(entry.get("owned_by")) for entry in models if entry.get("id") == model}
    owners = owners or {str(entry.get("owned_by")) for entry in models}
    return {"vllm": VLLM, "sglang": SGLANG}.get(owners.pop()) if len(owners) == 1 else None


def kind_of_paths(paths: Iterable[str]) -> ServerKind | None:
    """By the paths that the server describes in `/openapi.json`."""
    return TRANSFORMERS if {*paths} >= _TRANSFORMERS_PATHS else None
