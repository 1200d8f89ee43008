"""Threads that make log-mels for a GPU take a core each, and a CPU's engine all of them."""

from __future__ import annotations

import subprocess
import sys

_CODE = """
import threading, torch
from af3core.model.engines.af3_engine import share_cores
torch.set_num_threads(4)
share_cores(torch.device({device!r}))
found = []
for _ in range(2):
    reader = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    reader.start()
    reader.join()
print(torch.get_num_threads(), *found)
"""


def threads_where_the_model_is_on(device: str) -> list[int]:
    code = _CODE.format(device=device)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [int(count) for count in done.stdout.split()]


def test_readers_beside_a_gpu_have_one_thread_each() -> None:
    assert threads_where_the_model_is_on("cuda") == [1, 1, 1]


def test_a_cpu_computes_with_all_its_cores() -> None:
    assert threads_where_the_model_is_on("cpu") == [4, 4, 4]
