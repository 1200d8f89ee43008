"""A model on a CUDA device that is not there, and the operations that a forward pass asks of it.

Under torch's FakeTensorMode tensors have shapes and devices, and no numbers. Under `no_grad`, and
not in inference mode, an operation that is made of others is counted as those.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from af3core.model.audio_limits import AudioLimit
from af3core.model.network.af3_model import Af3Model

KERNELS = {
    "add_layer_norm": 1,
    "add_rms_norm": 1,
    "decode_attention": 2,
    "flash_attention": 1,
    "greedy": 2,
    "layer_norm": 1,
    "rms_norm": 1,
    "rotary_and_cache": 1,
    "swiglu": 1,
}
"""Of each operation of ours."""
_NO_WRITE = ("_unsafe_view", "lift_fresh", "empty", "new_empty")
"""Views that do not say so, and bare allocations; by their first letters."""


class Operations(TorchDispatchMode):
    """Counts what writes memory, while it is entered: views and bare allocations are left out, an
    operation of ours counts its kernels.

    Attributes:
        counts: of each operation.
        hosts: operations with a tensor of the host among their arguments.
    """

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.hosts: list[str] = []

    @property
    def total(self) -> int:
        return self.counts.total()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = func._schema.name
        namespace, _, short = name.partition("::")
        if namespace == "af3":
            self.counts[name] += KERNELS[short]
        elif namespace == "aten" and not (_is_view(func) or short.startswith(_NO_WRITE)):
            self.counts[name] += 1
        leaves = tree_leaves((args, kwargs or {}))
        if any(isinstance(leaf, Tensor) and leaf.device.type == "cpu" for leaf in leaves):
            self.hosts.append(name)
        return func(*args, **(kwargs or {}))

    def table(self) -> str:
        """Most frequent first, a line each."""
        return "\n".join(f"{count:5} {name}" for name, count in self.counts.most_common())


def _is_view(func: Any) -> bool:
    returns = func._schema.returns
    return any(r.alias_info is not None and not r.alias_info.is_write for r in returns)


def fake_model(config: Any, dtype: torch.dtype = torch.bfloat16, max_audio_s: int = 600) -> Any:
    """Weights without numbers on `cuda`; to be called under FakeTensorMode."""
    filters = np.zeros((201, config.audio_config.num_mel_bins), np.float32)
    model = Af3Model(config, filters, AudioLimit(max_audio_s // 30))
    weights = {
        name: torch.empty(weight.shape, dtype=dtype, device="cuda")
        for name, weight in model.state_dict().items()
    }
    model.load_state_dict(weights, assign=True)
    device = torch.device("cuda")
    model.log_mel.to(device)
    model.decoder.place_rotation(device)
    if model.encoder.time_rotation is not None:
        model.encoder.time_rotation.place(device)
    return model.eval().requires_grad_(False)
