"""Host time of a step on a GPU: the loop over a model that costs nothing.

    python -m tests.benchmarks.host_time

Rows join and leave in mid-answer: eight questions a clip with answers of 16 to 96 tokens, none of
which ends early. Recorded calls, a graph's launch on a GPU, are run and left out of the time. In it
are the tables, the copies, the looking at tokens, the start of clips and the text of answers.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from random import Random
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from af3core.model.audio_limits import AF3_LIMIT
from af3core.model.network.step_tables import PagedKeysValues, StepTables
from af3core.model.prompt import Prompt
from af3core.model.request import Decoding, Waveform
from af3core.model.runtime.accelerator import DirectAccelerator, Recorded
from af3core.model.runtime.detokenizer import Detokenizer
from af3core.model.runtime.memory_budget import PoolSizes
from af3core.model.runtime.paged_loop import PagedLoop
from af3core.model.runtime.paged_runner import PagedRunner
from af3core.model.runtime.run_jobs import Job, RunStats
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.model.weights.loading import load_processor
from tests.benchmarks.report import header, line

ROWS, QUESTIONS = 256, 8
PREFIX_TOKENS, QUESTION_TOKENS = 760, 14
WORD, END = 100, 2
TIMES = 7
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


class CostlessNetwork:
    """What the runner asks of a model, without one: one layer, one number wide, one word."""

    limit = AF3_LIMIT

    def __init__(self) -> None:
        text = SimpleNamespace(
            num_hidden_layers=1, num_key_value_heads=1, num_attention_heads=1, head_dim=1
        )
        audio = SimpleNamespace(num_mel_bins=1)
        self.config = SimpleNamespace(text_config=text, audio_config=audio)
        self.like = torch.zeros(VOCABULARY, 1)

    def log_mel(self, windows: Sequence[Waveform]) -> Tensor:
        """Of no sound."""
        return torch.zeros(len(windows), 1, 0)

    def embed_windows(self, mel: Tensor, lengths: Tensor, numbers: Tensor) -> Tensor:
        """Nothing."""
        return mel

    def states(self, mel: Tensor, frames: list[int]) -> list[Tensor]:
        """Nothing."""
        return list(mel)

    def prefix_embeddings(self, ids: Tensor, sounds: Sequence[Tensor]) -> Tensor:
        """Zeros."""
        return torch.zeros(len(ids), 1)

    def prefill(self, embeddings: Tensor, slots: Tensor, pool: PagedKeysValues) -> None:
        """Nothing."""

    def step(
        self, ids: Tensor, positions: Tensor, tables: StepTables, pool: PagedKeysValues
    ) -> Tensor:
        """Logits of no word."""
        return torch.zeros(len(ids), VOCABULARY)

    def greedy(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """One word."""
        return torch.full((len(logits),), WORD), torch.zeros(len(logits))


def jobs_of(clips: int, tokenizer: Any) -> dict[int, Job]:
    """Questions with answers of many lengths."""
    random = Random(0)
    jobs: dict[int, Job] = {}
    for clip in range(clips):
        prefix = (clip % VOCABULARY, *[WORD] * (PREFIX_TOKENS - 1))
        for _ in range(QUESTIONS):
            decoding = Decoding(random.randint(16, 96))
            prompt = Prompt((*prefix, *[WORD] * QUESTION_TOKENS), (), PREFIX_TOKENS)
            heard = Detokenizer(decoding, frozenset([END]), tokenizer)
            jobs[len(jobs)] = Job(prompt, decoding, "base", heard, None)
    return jobs


def main() -> None:
    """Print the time of a step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=120)
    options = parser.parse_args()
    torch.set_num_threads(1)
    device = LaunchesLeftOut()
    sizes = PoolSizes(4_096, ROWS, 2 * ROWS, 4_096, 2_048, 4_096)
    runner = PagedRunner(CostlessNetwork(), sizes, [END], device)
    tokenizer = load_processor(find_checkpoint("nano")).tokenizer
    header(f"host time a step, {ROWS} greedy rows, {options.clips} clips", "torch", "numpy")
    host_s, rows = min(
        measured(runner, device, jobs_of(options.clips, tokenizer)) for _ in range(TIMES)
    )
    line("rows a step, on average", f"{rows:.0f}")
    line("host time", f"{host_s * 1e3:.3f} ms", f"a step, the launch left out, best of {TIMES}")


def measured(
    runner: PagedRunner, device: LaunchesLeftOut, jobs: dict[int, Job]
) -> tuple[float, float]:
    """Seconds of the host a step, and rows."""
    stats = RunStats()
    begun, before = time.thread_time(), device.launched_s
    with torch.inference_mode():
        answers = list(PagedLoop(runner, jobs, stats).run(1 << 30))
    took = time.thread_time() - begun
    tokens = sum(job.decoding.max_new_tokens for job in jobs.values())
    assert len(answers) == len(jobs)
    return (took - (device.launched_s - before)) / stats.steps, tokens / stats.steps


if __name__ == "__main__":
    main()
