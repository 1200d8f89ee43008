"""Asks the driver which GPUs there are, in a process of its own: prints one JSON object.

Run as a file (`af3core.model.cuda` does), without torch and without our packages. A process that
has asked the driver can no longer be forked for CUDA, and a driver that hangs stops this one alone.
"""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any

LIBRARY = "libcuda.so.1"


def main(with_memory: bool) -> dict[str, Any]:
    """What the driver says: `driver` is the CUDA version that it serves, None where it is missing.

    `memory`, free and whole bytes of each GPU, is asked with a context on it, as torch makes one.
    """
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError:
        return {"driver": None}
    found: dict[str, Any] = {"driver": "", "names": [], "error": ""}
    number = ctypes.c_int()
    if library.cuDriverGetVersion(ctypes.byref(number)) == 0:
        found["driver"] = f"{number.value // 1000}.{number.value % 1000 // 10}"
    status = library.cuInit(0) or library.cuDeviceGetCount(ctypes.byref(number))
    if status:
        return found | {"error": _said(library, status)}
    for device in range(number.value):
        name = ctypes.create_string_buffer(256)
        library.cuDeviceGetName(name, 256, device)
        found["names"].append(name.value.decode(errors="replace"))
    if not with_memory:
        return found
    found["memory"] = []
    for device in range(number.value):
        status, free, total = _memory(library, device)
        if status:
            return found | {"error": _said(library, status), "memory": []}
        found["memory"].append([free, total])
    return found


def _memory(library: Any, device: int) -> tuple[int, int, int]:
    """The driver's error, free and whole bytes."""
    context, free, total = ctypes.c_void_p(), ctypes.c_size_t(), ctypes.c_size_t()
    status = (
        library.cuDevicePrimaryCtxRetain(ctypes.byref(context), device)
        or library.cuCtxSetCurrent(context)
        or library.cuMemGetInfo_v2(ctypes.byref(free), ctypes.byref(total))
    )
    return status, free.value, total.value


def _said(library: Any, status: int) -> str:
    """The driver's own name of an error."""
    name = ctypes.c_char_p()
    if library.cuGetErrorName(status, ctypes.byref(name)) or not name.value:
        return f"error {status}"
    return name.value.decode(errors="replace")


if __name__ == "__main__":
    print(json.dumps(main("--memory" in sys.argv)))
