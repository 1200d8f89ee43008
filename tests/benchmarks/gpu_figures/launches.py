"""What a device is told and does while an engine works: by torch's profiler, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode

_LAUNCH, _REPLAY = "LaunchKernel", "GraphLaunch"


@dataclass(frozen=True)
class Launches:
    """Of a stretch of work.

    Attributes:
        launched: kernels that the host launched one by one.
        replays: graphs that it launched.
        kernels: what ran on the device, those of graphs included.
        busy_s: in which at least one ran.
    """

    launched: int
    replays: int
    kernels: int
    busy_s: float

    def beyond(self, other: Launches) -> Launches:
        """What this one has more."""
        return Launches(
            self.launched - other.launched,
            self.replays - other.replays,
            self.kernels - other.kernels,
            self.busy_s - other.busy_s,
        )


def profiled(run: Callable[[], object], device: torch.device) -> Launches:
    """What the device was told and did while the function ran."""
    activities = [ProfilerActivity.CPU]
    if device.type == "cuda":
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities) as made:
        run()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
    assert made.profiler is not None
    results: Any = made.profiler.kineto_results
    told: Counter[str] = Counter()
    spans: list[tuple[int, int]] = []
    for event in results.events():
        if event.device_type() == DeviceType.CUDA:
            spans.append((event.start_ns(), event.start_ns() + event.duration_ns()))
        else:
            told[_REPLAY] += _REPLAY in event.name()
            told[_LAUNCH] += _LAUNCH in event.name()
    return Launches(told[_LAUNCH], told[_REPLAY], len(spans), covered_ns(spans) / 1e9)


def covered_ns(spans: list[tuple[int, int]]) -> int:
    """Time that is covered by at least one of the spans."""
    total, reached = 0, 0
    for start, end in sorted(spans):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


class CountOperations(TorchDispatchMode):
    """Counts operations that write memory, views left out.

    On CUDA those that a graph records, and the graphs; elsewhere all.
    """

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self._on_cuda = device.type == "cuda"
        self._was_recording = False
        self.operations = 0
        self.recordings = 0

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        is_recording = self._on_cuda and torch.cuda.is_current_stream_capturing()
        self.recordings += is_recording and not self._was_recording
        self._was_recording = is_recording
        if (is_recording or not self._on_cuda) and not _is_view(operation):
            self.operations += 1
        return operation(*args, **(kwargs or {}))


def _is_view(operation: Any) -> bool:
    returned = operation._schema.returns
    return any(r.alias_info is not None and not r.alias_info.is_write for r in returned)
