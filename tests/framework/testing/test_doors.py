"""The doors to the one list of checks: the command, and the pytest door."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from framework.testing.checks import CHECKS

PROJECT = Path(__file__).parents[3]
NUMBERS = PROJECT / "tests" / "broken" / "bases" / "numbers"
UNCHECKED = {"without-network", "read-only-root", "other-user", "memory"}


def check(*options: str, algorithm: Path = NUMBERS) -> subprocess.CompletedProcess[str]:
    return run(["-m", "framework", "check", *options], ALGORITHM_DIR=str(algorithm))


def run(arguments: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_good_algorithm_passes_every_check_that_processes_can_make():
    done = check("--json")
    results = {result["check"]: result for result in json.loads(done.stdout)}
    assert done.returncode == 0
    assert list(results) == [check.name for check in CHECKS]
    unchecked = {name for name, result in results.items() if result["outcome"] == "not checked"}
    assert unchecked == UNCHECKED
    assert {r["outcome"] for name, r in results.items() if name not in UNCHECKED} == {"passed"}
    assert all(result["message"].endswith(".") for result in results.values())


def test_what_could_not_be_checked_fails_only_when_all_is_required():
    assert check("--only", "memory").returncode == 0
    required = check("--only", "memory", "--require-all")
    assert required.returncode == 1
    assert "Only a container can have a memory limit" in " ".join(required.stdout.split())


def test_groups_are_listed_and_unknown_names_get_the_nearest():
    listed = check("--list").stdout
    assert all(check.name in listed and check.purpose in listed for check in CHECKS)
    wrong = check("--only", "rows-togetter")
    assert wrong.returncode == 1
    assert "Did you mean 'rows-together'?" in wrong.stderr


def test_data_and_hyperparameters_can_be_given(tmp_path: Path):
    (tmp_path / "rows.csv").write_text("".join(f"{i % 7},{i % 5},{i}\n" for i in range(40)))
    only = ("--only", "trains", "--json")
    given = check(*only, "--channel", f"train={tmp_path}", "--hyperparameter", "penalty=2")
    assert json.loads(given.stdout)[0]["outcome"] == "passed"
    refused = check(*only, "--channel", f"train={tmp_path}", "--hyperparameter", "penalty=-2")
    assert refused.returncode == 1
    assert "penalty" in json.loads(refused.stdout)[0]["message"]
    absent = check(*only, "--channel", f"train={tmp_path / 'nowhere'}")
    assert absent.returncode == 1
    assert "nowhere" in absent.stderr


def test_without_a_sample_the_ways_to_give_one_are_named(tmp_path: Path):
    (tmp_path / "algorithm.toml").write_text('predictor = "predictor:P"\n')
    done = run(["-m", "framework", "check"], ALGORITHM_DIR=str(tmp_path), SAGEMAKER_BASE_DIR="/no")
    assert done.returncode == 1
    assert "[sample]" in done.stderr
    assert "--channel NAME=PATH" in done.stderr


@pytest.mark.parametrize("fault", [None, "rows-together"])
def test_the_pytest_door_gives_one_test_per_check(tmp_path: Path, fault: str | None):
    door = f'''
from framework.testing.pytest_door import parametrize_with_checks

@parametrize_with_checks(r"{algorithm(tmp_path, fault)}", only=["rows-together", "memory"])
def test_keeps_the_contract(check):
    check()
'''
    (tmp_path / "test_contract.py").write_text(door)
    done = run(["-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "test_contract.py")])
    summary = done.stdout.splitlines()[-1]
    assert "1 skipped" in summary
    assert ("1 failed" if fault else "1 passed") in summary
    assert bool(fault) == ("Compute nothing over the rows of a request" in done.stdout)


def algorithm(scratch: Path, fault: str | None) -> Path:
    if fault is None:
        return NUMBERS
    directory = scratch / "algorithm"
    directory.mkdir()
    broken = PROJECT / "tests" / "broken" / "faults" / fault / "numbers"
    for path in [*NUMBERS.glob("*.*"), *broken.glob("*.py")]:
        (directory / path.name).write_bytes(path.read_bytes())
    return directory
