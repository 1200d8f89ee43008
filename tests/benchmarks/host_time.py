"""Host time of a step on a GPU: the loop over a model that costs nothing.

    python -m tests.benchmarks.host_time

Rows join and leave in mid-answer: eight questions a clip with answers of 16 to 96 tokens, none of
which ends early. Recorded calls, a graph's launch on a GPU, are run and left out of the time. In it
are the tables, the copies, the looking at tokens, the start of clips and the text of answers.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from random import Random
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from af3core.model.audio_limits import AF3_LIMIT
from af3core.model.network.kv_pool import KvPool
from af3core.model.network.step_tables import StepTables
from af3core.model.prompt import Prompt
from af3core.model.request import Decoding
from af3core.model.runtime.accelerator import DirectAccelerator, Recorded
from af3core.model.runtime.batch_loop import Job, RunStats
from af3core.model.runtime.detokenizer import Detokenizer
from af3core.model.runtime.paged_loop import PagedLoop
from af3core.model.runtime.paged_runner import PagedRunner, PoolSizes
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.model.weights.loading import load_processor
from tests.benchmarks.report import header, line

ROWS, QUESTIONS = 256, 8
PREFIX_TOKENS, QUESTION_TOKENS = 760, 14
WORD, END = 100, 2
VOCABULARY = 128


class LaunchesLeftOut(DirectAccelerator):
    """Runs what is recorded, and counts its seconds."""

    def __init__(self) -> None:
        super().__init__(torch.device("cpu"))
        self.launched_s = 0.0

    def record(self, function: Callable[[], Tensor]) -> Recorded:
        """The function, on a clock of its own."""

        def replay() -> Tensor:
            begun = time.thread_time()
            result = function()
            self.launched_s += time.thread_time() - begun
            return result

        return Recorded(replay)


def costless_model() -> Any:
    """What the runner asks of a model, without one: one layer, one number wide."""
    text = SimpleNamespace(num_key_value_heads=1, num_attention_heads=1, head_dim=1, hidden_size=1)
    text.num_hidden_layers = 1
    audio = SimpleNamespace(num_mel_bins=1)
    width = torch.zeros(VOCABULARY, 1)
    decoder = SimpleNamespace(
        embed=SimpleNamespace(weight=width), prefill=lambda embeddings: iter(())
    )
    return SimpleNamespace(
        config=SimpleNamespace(text_config=text, audio_config=audio),
        decoder=decoder,
        limit=AF3_LIMIT,
        encoder=SimpleNamespace(embed_padded=lambda mel, positions, numbers: mel),
        prefix_embeddings=lambda ids, sounds: torch.zeros(len(ids), 1),
    )


def always_the_same(ids: Tensor, positions: Tensor, tables: StepTables, pool: KvPool) -> Tensor:
    """Logits of one word."""
    logits = torch.zeros(len(ids), VOCABULARY)
    logits[:, WORD] = 1.0
    return logits


def jobs_of(clips: int, tokenizer: Any) -> dict[int, Job]:
    """Questions with answers of many lengths."""
    random = Random(0)
    jobs: dict[int, Job] = {}
    for clip in range(clips):
        prefix = (clip % VOCABULARY, *[WORD] * (PREFIX_TOKENS - 1))
        sounds = ()
        for _ in range(QUESTIONS):
            decoding = Decoding(random.randint(16, 96))
            prompt = Prompt((*prefix, *[WORD] * QUESTION_TOKENS), sounds, PREFIX_TOKENS)
            heard = Detokenizer(decoding, frozenset([END]), tokenizer)
            jobs[len(jobs)] = Job(prompt, decoding, "base", heard, None)
    return jobs


def main() -> None:
    """Print the time a step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=120)
    options = parser.parse_args()
    torch.set_num_threads(1)
    device = LaunchesLeftOut()
    greedy = _first_likeliest
    sizes = PoolSizes(4_096, ROWS, 2 * ROWS, 4_096, 2_048, 4_096)
    runner = PagedRunner(costless_model(), sizes, [END], device, always_the_same, greedy)
    jobs = jobs_of(options.clips, load_processor(find_checkpoint("nano")).tokenizer)
    header(f"host time a step, {ROWS} greedy rows, {options.clips} clips", "torch", "numpy")
    stats = RunStats()
    begun, before = time.thread_time(), device.launched_s
    with torch.inference_mode():
        answers = list(PagedLoop(runner, jobs, stats).run(1 << 30))
    took = time.thread_time() - begun
    tokens = sum(job.decoding.max_new_tokens for job in jobs.values())
    assert len(answers) == len(jobs)
    host_s = took - (device.launched_s - before)
    line("rows a step, on average", f"{tokens / stats.steps:.0f}", f"{stats.steps} steps")
    line("starting clips", f"{stats.prefill_s / stats.steps * 1e3:.3f} ms", "a step")
    line("host time", f"{host_s / stats.steps * 1e3:.3f} ms", "a step, the launch left out")


def _first_likeliest(logits: Tensor) -> tuple[Tensor, Tensor]:
    ids = torch.full((len(logits),), WORD)
    return ids, torch.zeros(len(logits))


if __name__ == "__main__":
    main()
