"""How commands end: one line on stderr and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable

from af3core.errors import Af3Error, ConfigurationError


def guarded(run: Callable[[], int]) -> int:
    """Turn errors into one line on stderr and an exit code; a bug keeps its traceback."""
    try:
        return run()
    except ConfigurationError as error:
        print(f"af3: {error}", file=sys.stderr)
        return 2
    except Af3Error as error:
        print(f"af3: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "af3: interrupted; what is done is kept, the same command goes on from here",
            file=sys.stderr,
        )
        return 130
