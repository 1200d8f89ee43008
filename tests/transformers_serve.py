"""`transformers serve`, a strict server of OpenAI's protocol, and small models for it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import torch
from safetensors import safe_open
from transformers import (
    AudioFlamingo3Config,
    AutoTokenizer,
    GenerationConfig,
    Qwen2AudioConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    Qwen2ForCausalLM,
    WhisperFeatureExtractor,
)

from af3core.model.weights.checkpoint import nano_folder
from tests.dags.site import free_port
from tests.servers import needs

_COMMAND = "from transformers.cli.transformers import main; main()"
_PATIENCE_S = 240


def decoder_of_nano(folder: Path) -> Path:
    """The part of nano that writes, as a checkpoint of its own: a Qwen2 that hears nothing."""
    model = Qwen2ForCausalLM(AudioFlamingo3Config.from_pretrained(nano_folder()).text_config)
    prefix = "language_model."
    with safe_open(nano_folder() / "model.safetensors", "pt") as weights:
        names = [name for name in weights.keys() if name.startswith(prefix)]  # noqa: SIM118
        model.load_state_dict({n.removeprefix(prefix): weights.get_tensor(n) for n in names})
    model.generation_config = GenerationConfig(eos_token_id=2, pad_token_id=0)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "chat_template.jinja"):
        shutil.copy(nano_folder() / name, folder)
    tokenizer = json.loads((nano_folder() / "tokenizer_config.json").read_text())
    del tokenizer["processor_class"]  # there is nothing to hear
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    return folder


def random_hearing_model(folder: Path) -> Path:
    """A Qwen2-Audio of random weights: what `transformers serve` has nearest to AF3."""
    tokenizer = AutoTokenizer.from_pretrained(nano_folder())
    special = ["<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"]
    tokenizer.add_special_tokens({"additional_special_tokens": special})
    size = {"d_model": 32, "encoder_layers": 1, "encoder_attention_heads": 2}
    text = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2}
    config = Qwen2AudioConfig(
        audio_config=size | {"encoder_ffn_dim": 64, "num_mel_bins": 128},
        text_config=text | heads | {"model_type": "qwen2", "vocab_size": len(tokenizer)},
        audio_token_index=tokenizer.convert_tokens_to_ids(special[0]),
    )
    torch.manual_seed(7)
    model = Qwen2AudioForConditionalGeneration(config)
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(3)  # or every answer is the same
    model.generation_config = GenerationConfig(eos_token_id=2, pad_token_id=0)
    model.save_pretrained(folder)
    Qwen2AudioProcessor(WhisperFeatureExtractor(feature_size=128), tokenizer).save_pretrained(
        folder
    )
    return folder


@contextmanager
def transformers_serve(home: Path) -> Iterator[str]:
    """The server's endpoint; it loads models when they are asked, from their folders.

    Args:
        home: of its cache, which is empty: it can list no models.
    """
    needs("model_server")
    port = free_port()
    arguments = ("serve", "--host", "127.0.0.1", "--port", str(port), "--device", "cpu")
    serving = subprocess.Popen(
        [sys.executable, "-c", _COMMAND, *arguments],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=(home / "serve.log").open("w"),
    )
    try:
        retries = httpx.HTTPTransport(retries=8)  # waits 0.5 s, 1 s, 2 s … for the port
        with httpx.Client(transport=retries, timeout=_PATIENCE_S) as client:
            client.get(f"http://127.0.0.1:{port}/health").raise_for_status()
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(60)
