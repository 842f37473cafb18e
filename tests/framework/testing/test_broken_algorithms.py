"""Every fault, planted in two unlike algorithms, is found by its own check."""

from pathlib import Path

import pytest

from framework.testing.checks import CHECKS
from framework.testing.outcome import Outcome
from tests.framework.testing.planted import BASES, FAULTS, ISOLATION, assembled, checked

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
