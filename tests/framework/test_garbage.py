"""Nothing is collected while what is made is to stay; before and after, garbage is."""

import gc
import subprocess
import sys

import pytest

from framework.garbage import uncollected


def test_nothing_is_collected_until_the_outermost_end() -> None:
    assert gc.isenabled()
    with uncollected():
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_garbage_is_collected_after_a_fault() -> None:
    with pytest.raises(ImportError), uncollected():
        raise ImportError
    assert gc.isenabled()


def test_who_leaves_keeps_the_exit_code_and_does_what_was_to_be_done_at_the_end() -> None:
    program = "import atexit; from framework.garbage import leave; atexit.register(print, 'bye')"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; leave(3)"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "bye\n", "")
