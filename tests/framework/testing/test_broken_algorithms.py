"""Every fault, planted in two unlike algorithms, is found by its own check.

tests/broken/bases holds two good algorithms: `numbers` (numpy, float64 answers) and `texts`
(plain Python, dict answers). tests/broken/faults/CHECK/BASE holds the modules that differ.
"""

import shutil
from pathlib import Path

import pytest

from framework.algorithm import Algorithm
from framework.testing.checks import CHECKS
from framework.testing.engine import ProcessEngine
from framework.testing.outcome import Outcome, Result
from framework.testing.session import Session
from framework.testing.subject import Subject
from framework.testing.suite import run_checks, select

BROKEN = Path(__file__).parents[2] / "broken"
FAULTS = sorted(path for path in (BROKEN / "faults").glob("*/*") if path.is_dir())
WARNINGS = {"modules-apart", "no-growth"}
ISOLATION = {"read-only-root", "other-user", "memory"}
LIMITS = {
    "starts": {"start_seconds": 4},
    "stop": {"stop_seconds": 3},
    "drains": {"stop_seconds": 4},
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_its_own_check_finds_it(fault: Path, tmp_path: Path) -> None:
    check = fault.parent.name
    result = checked(assembled(fault, tmp_path), tmp_path, check, **LIMITS.get(check, {}))
    expected = Outcome.WARNING if check in WARNINGS else Outcome.FAILED
    assert result.outcome == expected, result.message
    seen, _, remedy = result.message.partition(". ")
    assert seen
    assert remedy, f"says no remedy: {result.message}"


def test_every_check_has_its_faults() -> None:
    planted = {(fault.parent.name, fault.name) for fault in FAULTS}
    checks = {check.name for check in CHECKS} - ISOLATION
    assert planted == {(check, base) for check in checks for base in ("numbers", "texts")}


def assembled(fault: Path, scratch: Path) -> Path:
    """The base with the fault's modules over it, under a name that tells nothing."""
    directory = scratch / "algorithm"
    shutil.copytree(BROKEN / "bases" / fault.name, directory)
    shutil.copytree(fault, directory, dirs_exist_ok=True)
    return directory


def checked(directory: Path, scratch: Path, check: str, **limits: float) -> Result:
    """The result of one check alone."""
    room = scratch / "room"
    room.mkdir()
    algorithm = Algorithm.load(directory)
    subject = Subject.of(algorithm, room)
    subject = Subject(subject.channels, subject.hyperparameters, **limits)
    session = Session(ProcessEngine(directory, room), subject, room)
    try:
        return next(run_checks(session, select([check])))
    finally:
        session.close()
