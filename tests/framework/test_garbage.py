"""Garbage is seldom looked for while what is made is to stay; before and after, as ever."""

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from framework.garbage import SELDOM, seldom_collected


@pytest.fixture(autouse=True)
def usual() -> Iterator[tuple[int, int, int]]:
    """The thresholds that Python has."""
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield (700, 10, 10)
    gc.set_threshold(*before)


def test_garbage_is_seldom_looked_for_until_the_outermost_end(usual: tuple[int, int, int]) -> None:
    with seldom_collected():
        with seldom_collected():
            assert gc.get_threshold()[0] == SELDOM
        assert gc.get_threshold()[0] == SELDOM
    assert gc.get_threshold() == usual


def test_a_fault_changes_nothing(usual: tuple[int, int, int]) -> None:
    with pytest.raises(ImportError), seldom_collected():
        raise ImportError
    assert gc.get_threshold() == usual


def test_what_is_set_within_stays() -> None:
    with seldom_collected():
        gc.set_threshold(5_000)
    assert gc.get_threshold()[0] == 5_000


def test_who_leaves_keeps_the_exit_code_and_does_what_was_to_be_done_at_the_end() -> None:
    program = "import atexit; from framework.garbage import leave; atexit.register(print, 'bye')"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; leave(3)"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "bye\n", "")
