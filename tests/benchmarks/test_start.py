"""The benchmark runs; what it measures is for people to judge."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def test_it_prints_a_line_for_each_ratio() -> None:
    command = [sys.executable, "-m", "benchmarks.start", "--rounds", "1"]
    done = subprocess.run(
        [*command, "--algorithm", "tests/algorithms/linear_npz"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line.partition("  ")[0] for line in done.stdout.splitlines()] == [
        "least / ours",
        "import pydantic / import framework",
        "bare load / serve: linear_npz",
    ]
