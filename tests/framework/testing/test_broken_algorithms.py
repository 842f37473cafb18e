"""Every fault, planted in two unlike algorithms, is found by its own check."""

from pathlib import Path

import pytest

from framework.algorithm import Algorithm
from framework.testing.checks import CHECKS
from framework.testing.engine import ProcessEngine
from framework.testing.outcome import Outcome, Result
from framework.testing.session import Session
from framework.testing.subject import Subject
from framework.testing.suite import run_checks, select
from tests.framework.testing.planted import BASES, FAULTS, ISOLATION, assembled

FAULTS_HERE = [fault for fault in FAULTS if fault.parent.name not in ISOLATION]
WARNINGS = {"modules-apart", "no-growth"}
LIMITS = {
    "starts": {"start_seconds": 4},
    "stop": {"stop_seconds": 3},
    "drains": {"stop_seconds": 4},
}


@pytest.mark.parametrize("fault", FAULTS_HERE, ids=lambda path: f"{path.parent.name}-{path.name}")
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
    assert planted == {(check.name, base) for check in CHECKS for base in BASES}


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
