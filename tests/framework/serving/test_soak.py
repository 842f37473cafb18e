"""A few seconds of the soak drill."""

import subprocess
import sys

from tests.framework.serving.conftest import REPOSITORY


def test_steady_load_gets_steady_answers() -> None:
    command = [sys.executable, "-m", "tests.drills.soak", "--seconds", "8"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 wrong" in done.stdout
