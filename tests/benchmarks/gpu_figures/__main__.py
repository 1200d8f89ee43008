"""The figures of a GPU, each written as it is measured.

    python -m tests.benchmarks.gpu_figures --quick            at most 3 minutes
    python -m tests.benchmarks.gpu_figures --peer             at most 5
    python -m tests.benchmarks.gpu_figures --quick --device cpu --tiny   every row's code, anywhere

Needs torch, transformers and Triton alone, as an image for CUDA has them; fetches nothing. Exit
code 0: all is measured; 1: a row failed; 2: there is no GPU; 3: the time was up before the last.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_BEGUN = time.monotonic()
"""The limits count the imports too."""
_START_S = 3.0
"""Of Python before it."""
NO_GPU = 2


def main(arguments: list[str] | None = None) -> int:
    """Measure what is asked for; the exit code."""
    parser = argparse.ArgumentParser(
        prog="gpu_figures", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="right, launches, speed, idle share")
    parser.add_argument("--peer", action="store_true", help="transformers' generate, rooflines")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--tiny", action="store_true", help="small sizes, to try the rows")
    parser.add_argument("--out", type=Path, default=Path("build/gpu-figures"), metavar="DIR")
    parser.add_argument("--limit-s", type=float, metavar="S", help="of each form")
    options = parser.parse_args(arguments)

    import torch

    if options.device == "cuda" and not torch.cuda.is_available():
        print(
            "gpu-figures: this machine shows no CUDA device that torch can use; run it where there"
            " is one, or try the rows with --device cpu --tiny",
            file=sys.stderr,
        )
        return NO_GPU
    return _measured(options, torch.device(options.device))


def _measured(options: argparse.Namespace, device: torch.device) -> int:
    from tests.benchmarks.gpu_figures import peer_rows, quick_rows
    from tests.benchmarks.gpu_figures.bench import Bench
    from tests.benchmarks.gpu_figures.figures import Sheet, measure_rows, worst

    forms = {"quick": quick_rows, "peer": peer_rows}
    asked = [name for name in forms if getattr(options, name)] or list(forms)
    bench, code, begun = Bench(device, options.tiny), 0, _BEGUN - _START_S
    for name in asked:
        rows, limit_s = forms[name].ROWS, options.limit_s or forms[name].LIMIT_S
        print(f"{name}: at most {limit_s:.0f} s", flush=True)
        code = worst([code, measure_rows(rows, bench, Sheet(options.out, name), limit_s, begun)])
        begun = time.monotonic()
    return code


if __name__ == "__main__":
    sys.exit(main())
