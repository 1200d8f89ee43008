"""A library in C that stands for NVIDIA's driver: a machine shows GPUs, and torch finds none."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

_DRIVER = """
#include <stddef.h>
#include <string.h>
int cuDriverGetVersion(int *v) { *v = VERSION; return 0; }
int cuInit(unsigned flags) { return INIT; }
int cuDeviceGetCount(int *n) { *n = COUNT; return 0; }
int cuDeviceGetName(char *name, int n, int device) { strncpy(name, "NVIDIA L4", n); return 0; }
int cuDevicePrimaryCtxRetain(void **context, int device) { *context = NULL; return 0; }
int cuCtxSetCurrent(void *context) { return 0; }
int cuMemGetInfo_v2(size_t *free, size_t *total) {
  *free = 20000000000; *total = 24000000000; return 0; }
int cuGetErrorName(int error, const char **name) { *name = "CUDA_ERROR_UNKNOWN"; return 0; }
"""


def show_gpus(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    count: int = 2,
    *,
    init: int = 0,
    version: int = 12_080,
) -> None:
    """The library as the dynamic linker finds it, whatever this machine has."""
    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler")
    (folder / "driver.c").write_text(_DRIVER)
    defined = [f"-DINIT={init}", f"-DCOUNT={count}", f"-DVERSION={version}"]
    command = ["cc", "-shared", "-fPIC", *defined, "-o", str(folder / "libcuda.so.1")]
    subprocess.run([*command, str(folder / "driver.c")], check=True)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
