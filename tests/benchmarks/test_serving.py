"""The comparison runs; what it measures is for people to judge."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    not shutil.which("wrk"), reason="wrk is not installed: .ci/bench does it"
)


def test_a_case_is_printed_judged_and_written(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.serving", "--servers", "ours"]
    done = subprocess.run(
        [
            *command,
            "--only",
            "linear-csv-1",
            "--rounds",
            "1",
            "--seconds",
            "1",
            "--output",
            tmp_path,
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "linear, 1-row CSV, 1 connection " in done.stdout, done.stderr
    assert "= nothing to compare p50 of the best peer: aim 0.25 not measured" in done.stdout
    (result,) = json.loads((tmp_path / "serving.json").read_text())["results"]
    assert result["rounds"]["ours"]["rate"][0] > 0
    assert (tmp_path / "serving.png").exists()
