"""Python's garbage collector, kept away from what is made to stay."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage meanwhile, so that imports and loading take a fifth less time.

    They make many objects and hardly any garbage, and each collection looks at all of them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def leave(code: int) -> NoReturn:
    """End the process without a last look for garbage in all that was imported."""
    gc.freeze()
    sys.exit(code)
