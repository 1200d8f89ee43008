"""What the paged runner asks of a device: recorded calls, host memory for copies, marks in time.

`CudaAccelerator` records CUDA graphs. `DirectAccelerator` runs every call as it is: for devices
without graphs, and for tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


@dataclass(frozen=True)
class Recorded:
    """A call with fixed tensors; `replay` runs it and gives its result, which the next replay of
    any recorded call may overwrite.
    """

    replay: Callable[[], Tensor]


Copy = Callable[[], object]
"""Queues a copy between two fixed stretches of memory, as often as it is called."""


class Mark(Protocol):
    """A place in the device's queue of work."""

    def synchronize(self) -> None:
        """Wait until the device is past it."""
        ...


class HostBuffer:
    """int32 of the host that is copied from and to a device without waiting.

    Args:
        memory: of the host `[count]`, page-locked where the device asks for it.

    Attributes:
        values: the same memory.
    """

    values: npt.NDArray[np.int32]

    def __init__(self, memory: Tensor) -> None:
        self._memory = memory
        self.values = memory.numpy()

    def sender(self, target: Tensor) -> Copy:
        """What queues a copy of the first values to a tensor of the device."""
        return partial(target.copy_, self._memory[: len(target)], non_blocking=True)

    def receiver(self, source: Tensor) -> Copy:
        """What queues a copy of a tensor of the device to the first values."""
        return partial(self._memory[: len(source)].copy_, source, non_blocking=True)


class Accelerator(Protocol):
    """A device as the runner sees it."""

    def record(self, function: Callable[[], Tensor]) -> Recorded:
        """Record a function whose inputs live in fixed tensors. It is run first, to warm up."""
        ...

    def host_buffer(self, count: int) -> HostBuffer:
        """For copies of up to `count` values."""
        ...

    def upload(self, values: np.ndarray) -> Tensor:
        """The values on the device, by a copy that is not waited for."""
        ...

    def mark(self) -> Mark:
        """The end of what is queued now."""
        ...


class CudaAccelerator:
    """CUDA's current device. All graphs share their working memory: one runs at a time."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._memory = torch.cuda.graph_pool_handle()
        # one for all: cuBLAS keeps working memory for each stream that it has run on
        self._beside = torch.cuda.Stream(device)

    def record(self, function: Callable[[], Tensor]) -> Recorded:
        """Warm up beside the current stream, as torch asks for, then capture."""
        beside = self._beside
        beside.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(beside):
            function()
        torch.cuda.current_stream(self._device).wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        # other threads may allocate pinned memory meanwhile
        with torch.cuda.graph(graph, pool=self._memory, capture_error_mode="thread_local"):
            result = function()

        def replay() -> Tensor:
            graph.replay()
            return result

        return Recorded(replay)

    def host_buffer(self, count: int) -> HostBuffer:
        """Page-locked."""
        return HostBuffer(torch.zeros(count, dtype=torch.int32, pin_memory=True))

    def upload(self, values: np.ndarray) -> Tensor:
        """Through page-locked memory, which torch keeps until the copy is made."""
        return torch.from_numpy(values).pin_memory().to(self._device, non_blocking=True)

    def mark(self) -> Mark:
        """An event on the current stream."""
        event = torch.cuda.Event()
        event.record()
        return event


class _Now:
    """A mark that the device is past."""

    def synchronize(self) -> None:
        """Nothing is waited for."""


class DirectAccelerator:
    """A device on which every call is run when it is asked for."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def record(self, function: Callable[[], Tensor]) -> Recorded:
        """The function itself."""
        return Recorded(function)

    def host_buffer(self, count: int) -> HostBuffer:
        """Of the host."""
        return HostBuffer(torch.zeros(count, dtype=torch.int32))

    def upload(self, values: np.ndarray) -> Tensor:
        """A copy on the device."""
        return torch.from_numpy(values).to(self._device, copy=True)

    def mark(self) -> Mark:
        """A place that is passed already."""
        return _Now()
