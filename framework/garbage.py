"""Python's garbage collector, kept away from what is made to stay."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

SELDOM = 100_000  # objects more than there were, instead of 700


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for garbage seldom meanwhile, so that imports and loading take a fifth less time.

    They make many objects and hardly any garbage, and each look goes through all of them. What an
    algorithm sets by itself stays.
    """
    before = gc.get_threshold()
    gc.set_threshold(SELDOM)
    try:
        yield
    finally:
        if gc.get_threshold()[0] == SELDOM:
            gc.set_threshold(*before)


def leave(code: int) -> NoReturn:
    """End the process without a last look for garbage in all that was imported."""
    gc.freeze()
    sys.exit(code)
