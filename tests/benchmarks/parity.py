"""Our engine's greedy answers against transformers' `generate`, as a table by model.

python -m tests.benchmarks.parity [--requests 10] [--longest 40]

Small random checkpoints of each form, and requests of every kind, as `make test` asks them: sizes,
kv heads, tied embeddings, scaled rope; several sounds and turns, text alone, stop texts, penalties.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import torch

from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.engines.transformers_engine import TransformersEngine
from af3core.model.request import Answer
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.nano.model import new_model, save_checkpoint
from af3core.nano.tokenizer import train_tokenizer
from tests.af3core.model.asking import answers_of
from tests.af3core.model.family_checkpoints import Form, checkpoint_of
from tests.af3core.model.family_requests import random_requests, total_s
from tests.af3core.model.test_family_parity import FORMS
from tests.benchmarks.report import header

MODELS = {"af3": "Audio Flamingo 3", "music": "Music Flamingo", "next": "Audio Flamingo Next"}
"""By what the names of forms begin with."""


@dataclass(frozen=True)
class Compared:
    """Answers of both engines to the same requests."""

    requests: int = 0
    audio_s: float = 0.0
    tokens: int = 0
    differing: int = 0
    largest: float = 0.0

    def __add__(self, other: Compared) -> Compared:
        return Compared(
            self.requests + other.requests,
            self.audio_s + other.audio_s,
            self.tokens + other.tokens,
            self.differing + other.differing,
            max(self.largest, other.largest),
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10, help="of each of eight checkpoints")
    parser.add_argument("--longest", type=float, default=40.0, help="seconds of a request's sounds")
    options = parser.parse_args()
    header("parity with transformers", "torch", "transformers")
    print(
        "\n| model | checkpoints | requests | minutes of sound | tokens | that differ | largest |"
    )
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        shared = Path(folder)
        untrained = _untrained(shared / "untrained")
        for prefix, model in MODELS.items():
            forms = [form for form in FORMS if form.name.startswith(prefix)]
            found = sum(
                (_compared(f, options.requests, options.longest, shared, untrained) for f in forms),
                Compared(),
            )
            print(
                f"| {model} | {len(forms)} | {found.requests} | {found.audio_s / 60:.1f} |"
                f" {found.tokens} | {found.differing} | {found.largest:.1e} |",
                flush=True,
            )


def _untrained(folder: Path) -> Path:
    torch.manual_seed(1)
    tokenizer = train_tokenizer()
    save_checkpoint(new_model(tokenizer), tokenizer, folder)
    return folder


def _compared(form: Form, count: int, longest_s: float, shared: Path, untrained: Path) -> Compared:
    checkpoint = find_checkpoint(str(checkpoint_of(form, shared, untrained)))
    requests = random_requests(100 + form.seed, count, longest_s)
    ours = answers_of(Af3Engine.load(checkpoint), requests)
    theirs = answers_of(TransformersEngine.load(checkpoint), requests)
    pairs = [pair for mine, other in zip(ours, theirs, strict=True) for pair in _pairs(mine, other)]
    same = [abs(a[1] - b[1]) for a, b in pairs if a and b and a[0] == b[0]]
    return Compared(
        requests=count,
        audio_s=total_s(requests),
        tokens=len(pairs),
        differing=len(pairs) - len(same),
        largest=max(same, default=0.0),
    )


_Token = tuple[int, float]


def _pairs(mine: Answer, theirs: Answer) -> Iterator[tuple[_Token | None, _Token | None]]:
    """Token by token, with its log-probability; None where an answer has ended."""
    yield from zip_longest(_tokens(mine), _tokens(theirs))


def _tokens(answer: Answer) -> Sequence[_Token]:
    return list(zip(answer.token_ids, answer.logprobs, strict=False))


if __name__ == "__main__":
    main()
