"""How long from the start of `serve` to the first 200, against the least that it could take."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.framework.serving.conftest import PREDICTOR, REPOSITORY, eventually, started

HEAVY = "import pandas\nimport sklearn.ensemble\n" + PREDICTOR
BARE = (
    "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import predictor; "
    "predictor.Toy().load(pathlib.Path(sys.argv[2]))"
)


def seconds_of_a_bare_process(room: Path) -> float:
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", BARE, str(room / "algorithm"), str(room / "ml/model")],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
    )
    return time.monotonic() - begun


def seconds_to_the_first_200(room: Path) -> float:
    begun = time.monotonic()
    with started(room, HEAVY) as served:
        eventually(lambda: served.ping() == 200, seconds=60)
        return time.monotonic() - begun


def test_serving_starts_about_as_quickly_as_its_libraries_load(tmp_path: Path) -> None:
    """The best of four pairs, because other tests run at the same time."""
    seconds_to_the_first_200(tmp_path)
    pairs = [
        (seconds_of_a_bare_process(tmp_path), seconds_to_the_first_200(tmp_path)) for _ in range(4)
    ]
    assert any(serve <= 1.3 * bare + 0.5 for bare, serve in pairs), pairs
