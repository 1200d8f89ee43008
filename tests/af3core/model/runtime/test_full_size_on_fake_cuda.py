"""AF3's sizes on a GPU that is not there: shapes and devices of the whole path, no numbers.

Under torch's FakeTensorMode an operation whose result depends on data fails, and one that mixes
devices too. What a CUDA graph would record is watched besides: nothing of the host comes in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode, unset_fake_temporarily
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from af3core.model.audio_limits import AudioLimit, audio_tokens
from af3core.model.network.af3_model import Af3Model
from af3core.model.prompt import Prompt
from af3core.model.request import Decoding, Sound, Weights
from af3core.model.runtime.accelerator import Copy, DirectAccelerator, HostBuffer, Recorded
from af3core.model.runtime.paged_runner import NewQuestion, PagedRunner
from af3core.model.runtime.paged_setup import paged_runners
from tests.benchmarks.full_model import full_config

CUDA = torch.device("cuda")
AUDIO_ID, WORD, END = 151_669, 100, 151_645
H200_FREE_BYTES = 120 * 10**9


class Watched(TorchDispatchMode):
    """Refuses what a CUDA graph cannot hold: values of the host, and asking for values."""

    asks = ("aten::_local_scalar_dense", "aten::nonzero", "aten::lift_fresh", "aten::is_nonzero")

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = func._schema.name
        assert name not in self.asks, name
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves((args, kwargs or {}, result)):
            if isinstance(leaf, Tensor):
                assert leaf.device.type == "cuda", f"{name}: a tensor on {leaf.device}"
        self.operations += 1
        return result


class RealMemory(HostBuffer):
    """Memory of the host beside a device that has none."""

    def __init__(self, count: int) -> None:
        self.values = np.zeros(count, np.int32)

    def sender(self, target: Tensor) -> Copy:
        """Nothing is there to take it."""
        assert (target.device.type, target.dtype) == ("cuda", torch.int32)
        return lambda: None

    def receiver(self, source: Tensor) -> Copy:
        """Nothing is there to give."""
        assert (source.device.type, source.dtype) == ("cuda", torch.int32)
        return lambda: None


class FakeGpu(DirectAccelerator):
    """Watches what is recorded; memory of the host is real."""

    def __init__(self) -> None:
        super().__init__(CUDA)
        self.recorded = 0

    def record(self, function: Callable[[], Tensor]) -> Recorded:
        """Run under watch, now and at each replay."""
        self.recorded += 1

        def replay() -> Tensor:
            with Watched() as watched:
                result = function()
            assert watched.operations
            return result

        replay()
        return Recorded(replay)

    def upload(self, values: np.ndarray) -> Tensor:
        """A tensor of that form; torch would keep the values and compute with them."""
        with unset_fake_temporarily():
            dtype = torch.from_numpy(values).dtype
        return torch.empty(values.shape, dtype=dtype, device=CUDA)

    def host_buffer(self, count: int) -> HostBuffer:
        """Not fake."""
        return RealMemory(count)


@dataclass(frozen=True)
class Form:
    """A kind of checkpoint: the class of transformers, and how much it hears."""

    kind: str
    max_audio_s: int


FORMS = {
    "audioflamingo3": Form("AudioFlamingo3", 600),
    "musicflamingo": Form("MusicFlamingo", 1800),
}


def config_of(form: Form) -> Any:
    """AF3's sizes; those of Music Flamingo, which tells the time, with its longer positions."""
    af3: Any = full_config(AUDIO_ID)
    if form.kind == "AudioFlamingo3":
        return af3
    text = af3.text_config.to_dict() | {"max_position_embeddings": 131_072}
    return transformers.MusicFlamingoConfig(
        audio_config=af3.audio_config.to_dict(),
        text_config=text,
        audio_token_id=AUDIO_ID,
        audio_bos_token_id=AUDIO_ID + 1,
        audio_eos_token_id=AUDIO_ID + 2,
    )


def model_of(form: Form) -> Af3Model:
    """With transformers' weights by name, as a checkpoint brings them."""
    config = config_of(form)
    with unset_fake_temporarily(), torch.device("meta"):
        theirs = getattr(transformers, f"{form.kind}ForConditionalGeneration")(config)
        shapes = {name: weight.shape for name, weight in theirs.state_dict().items()}
    state = {
        name: torch.empty(shape, dtype=torch.bfloat16, device=CUDA)
        for name, shape in shapes.items()
        if "pos_emb" not in name
    }
    filters = np.zeros((201, config.audio_config.num_mel_bins), np.float32)
    model = Af3Model(config, filters, AudioLimit(form.max_audio_s // 30))
    model.take_weights(state)
    return model


@contextmanager
def fake_gpu() -> Iterator[None]:
    """Tensors without numbers, in inference mode as the engine's."""
    with FakeTensorMode(allow_non_fake_inputs=True), torch.inference_mode():
        yield


def question(number: int, sound: Sound, decoding: Decoding, own: int = 14) -> NewQuestion:
    """About one sound."""
    before = [WORD] * 5 + [AUDIO_ID] * sum(audio_tokens(len(w)) for w in windows(sound)) + [WORD]
    return NewQuestion(
        number, Prompt((*before, *[WORD] * own), (sound,), len(before)), decoding, None
    )


def windows(sound: Sound) -> list[np.ndarray]:
    return sound.windows(AudioLimit(60))


def silence(seconds: float) -> Sound:
    return Sound(np.zeros(round(seconds * 16_000), np.float32))


DECODINGS = [
    Decoding(96),
    Decoding(24, min_new_tokens=24),
    Decoding(24, temperature=0.7, top_k=50, top_p=0.9, seed=3),
    Decoding(24, repetition_penalty=1.1),
]


def run_all(runner: PagedRunner, device: FakeGpu, longest_s: int) -> None:
    """Encode, prefill, read, write and sample, of every length; nothing is recorded on the way."""
    recorded = device.recorded
    clips = [
        [question(10 * clip + n, sound, decoding) for n, decoding in enumerate(DECODINGS)]
        for clip, sound in enumerate(map(silence, (longest_s, 75.0, 30.0, 4.0)))
    ]
    runner.start(clips)
    launched = [runner.launch() for _ in range(3)]
    assert [len(step.step.slots) for step in launched if step] == [16, 16, 16]
    assert [len(step.step.beside) for step in launched if step] == [8, 8, 8]
    assert device.recorded == recorded


@pytest.mark.parametrize(
    "think", ["musicflamingo", pytest.param("audioflamingo3", marks=pytest.mark.long)]
)
def test_encode_prefill_steps_and_sampling(think: str) -> None:
    """AF3 beside a checkpoint that thinks, or beside its think adapter, which has its shapes."""
    base, other = FORMS["audioflamingo3"], FORMS[think]
    with fake_gpu():
        models: dict[Weights, Af3Model] = {"base": model_of(base), "think": model_of(other)}
        device, ends = FakeGpu(), frozenset([END])
        runners = paged_runners(
            models, {"base": ends, "think": ends}, device, H200_FREE_BYTES, None
        )
        assert (runners["base"].pool is runners["think"].pool) == (think == "audioflamingo3")
        steps, prefills, windows = 18, 6, 6
        assert device.recorded == 2 * (steps + prefills + windows)
        run_all(runners["base"], device, base.max_audio_s)
        run_all(runners["think"], device, other.max_audio_s)
        states = runners["think"].encoder_states([silence(31.0)])
        assert [tuple(of_sound.shape) for of_sound in states] == [(775, 1280)]


def test_the_watch_sees_what_a_graph_cannot_hold() -> None:
    with fake_gpu():
        rows = torch.zeros(4, device=CUDA)
        for refused in (
            lambda: rows.nonzero(),
            lambda: torch.zeros(4),
            lambda: rows + torch.ones(4, device="cpu").sum(),
        ):
            with pytest.raises(Exception), Watched():  # noqa: B017, PT011 - torch's or the watch's
                refused()
