"""The pytest door: one test per check.

    from framework.testing.pytest_door import parametrize_with_checks

    @parametrize_with_checks("container")
    def test_keeps_the_contract(check):
        check()

Each test passes, fails with the check's sentence, warns, or is skipped as not checked. Trainings
and servers are shared between the tests of one process.
"""

import atexit
import shutil
import tempfile
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest

from framework.algorithm import Algorithm
from framework.testing.checks import Check
from framework.testing.engine import ProcessEngine
from framework.testing.outcome import Outcome
from framework.testing.session import Session
from framework.testing.subject import Subject
from framework.testing.suite import run_check, select


def parametrize_with_checks(algorithm_dir: str | Path, only: Sequence[str] = ()) -> Callable:
    """Parametrize a test's argument ``check`` with the checks of one algorithm directory."""
    directory = Path(algorithm_dir).resolve()
    tests = [
        pytest.param(lambda check=check: _perform(directory, check), id=check.name)
        for check in select(only)
    ]
    return pytest.mark.parametrize("check", tests)


def _perform(directory: Path, check: Check) -> None:
    result = run_check(_session(directory), check)
    if result.outcome == Outcome.FAILED:
        pytest.fail(f"{result.check}: {result.message}", pytrace=False)
    if result.outcome == Outcome.NOT_CHECKED:
        pytest.skip(result.message)
    if result.outcome == Outcome.WARNING:
        warnings.warn(f"{result.check}: {result.message}", stacklevel=2)


@cache
def _session(directory: Path) -> Session:
    algorithm = Algorithm.load(directory)
    scratch = Path(tempfile.mkdtemp(prefix="check-"))
    session = Session(ProcessEngine(directory, scratch), Subject.of(algorithm, scratch), scratch)
    atexit.register(_end, session, scratch)
    return session


def _end(session: Session, scratch: Path) -> None:
    session.close()
    shutil.rmtree(scratch, ignore_errors=True)
