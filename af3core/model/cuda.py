"""Whether a model can run on this GPU, told without torch: driver, devices, torch's build."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from af3core.errors import ConfigurationError
from af3core.installation import install_command

PATIENCE_S = 30.0
VISIBLE = "CUDA_VISIBLE_DEVICES"
"""The environment variable by which a process sees some of the GPUs, as CUDA reads it at start."""
_PROBE = Path(__file__).with_name("cuda_probe.py")
_BUILT_FOR = re.compile(r"^cuda\b[^=]*=\s*'([\d.]+)'", re.MULTILINE)
_ROCM = re.compile(r"^hip\b[^=]*=\s*'([\d.]+)", re.MULTILINE)


@dataclass(frozen=True)
class GpuMemory:
    """Of one device."""

    free_bytes: int
    total_bytes: int


@dataclass(frozen=True)
class Gpus:
    """What the driver says.

    Attributes:
        driver: the CUDA version that it serves, such as `12.8`; empty: unknown; None: no driver.
        names: of the devices.
        error: the driver's own, where it named no devices or no memory.
        memory: of the devices, where it was asked for.
    """

    driver: str | None
    names: tuple[str, ...] = ()
    error: str = ""
    memory: tuple[GpuMemory, ...] = ()


@dataclass(frozen=True)
class TorchBuild:
    """What the installed torch was built for; `cuda` and `rocm` are versions, empty: not for it."""

    cuda: str = ""
    rocm: str = ""


def gpus(with_memory: bool = False) -> Gpus:
    """Ask the driver. With memory it takes some 300 ms a device, else 50.

    `CUDA_VISIBLE_DEVICES` counts, as for torch.
    """
    command = [sys.executable, "-I", "-S", str(_PROBE), *(["--memory"] if with_memory else [])]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        )
        said = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return Gpus("", error=f"the driver gives no answer for {PATIENCE_S:g} s")
    except (subprocess.CalledProcessError, ValueError) as error:
        return Gpus("", error=f"the driver cannot be asked ({type(error).__name__})")
    return Gpus(
        driver=said["driver"],
        names=tuple(said.get("names", ())),
        error=said.get("error", ""),
        memory=tuple(GpuMemory(free, total) for free, total in said.get("memory", ())),
    )


def torch_build() -> TorchBuild | None:
    """Read from torch's own file of its version; None where there is no torch."""
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.origin:
        return None
    try:
        text = (Path(spec.origin).parent / "version.py").read_text("utf-8")
    except OSError:
        return TorchBuild()
    cuda, rocm = _BUILT_FOR.search(text), _ROCM.search(text)
    return TorchBuild(cuda[1] if cuda else "", rocm[1] if rocm else "")


def why_no_cuda(found: Gpus, build: TorchBuild | None) -> str:
    """Why torch cannot use a GPU here, with the remedy; empty where it can.

    A driver serves the programs of its major version of CUDA, and of those before
    (docs.nvidia.com/deploy/cuda-compatibility).
    """
    if build is None:
        return f"torch is not installed: {install_command('model')}"
    if build.rocm and not build.cuda:
        return ""  # torch asks ROCm's driver itself
    if not found.names:
        why = f" ({found.error})" if found.error else ""
        if found.driver is None:
            why = " (no NVIDIA driver: libcuda.so.1 is missing)"
        return (
            f"this machine shows no CUDA device{why}; use --device cpu, or a machine that has one"
        )
    if not build.cuda:
        return (
            "torch is built for CPUs alone; install torch for CUDA, as pytorch.org/get-started says"
        )
    if found.driver and _major(found.driver) < _major(build.cuda):
        return (
            f"the driver serves CUDA {found.driver}, and torch is built for {build.cuda}; update"
            f" the NVIDIA driver, or install torch for CUDA {_major(found.driver)}"
        )
    return ""


def visible_gpus(wanted: int | Literal["all"]) -> tuple[str, ...]:
    """What `CUDA_VISIBLE_DEVICES` names each GPU of a process by, so many of those that are seen.

    Raises:
        ConfigurationError: there are none, or not so many.
    """
    found, build = gpus(), torch_build()
    why = why_no_cuda(found, build)
    if why:
        raise ConfigurationError(f"--gpus {wanted}: {why}")
    if not found.names:
        raise ConfigurationError(
            f"--gpus {wanted}: ROCm's devices are not counted; start a process for each with --part"
            " and HIP_VISIBLE_DEVICES"
        )
    count = len(found.names)
    named = os.environ.get(VISIBLE, "")
    # CUDA counts them to the first name that is none
    names = [name.strip() for name in named.split(",")] if named else list(map(str, range(count)))
    if wanted == "all":
        return tuple(names[:count])
    if wanted > count:
        raise ConfigurationError(
            f"--gpus {wanted}: this machine shows {count}"
            f" ({', '.join(dict.fromkeys(found.names))}); take all, or at most {count}"
        )
    return tuple(names[:wanted])


def check_device(device: str) -> None:
    """Raise where a device is asked for that is not there; `auto` and `cpu` always are.

    Raises:
        ConfigurationError: names the reason and the remedy.
    """
    if device == "cuda":
        why = why_no_cuda(gpus(), torch_build())
        if why:
            raise ConfigurationError(f"--device cuda: {why}")


def _major(version: str) -> int:
    return int(version.partition(".")[0])
