"""Runs checks on one algorithm: what every door (command, bench, pytest) calls."""

import time
from collections.abc import Iterable, Iterator, Sequence

from framework.errors import ConfigurationError, FrameworkError, did_you_mean
from framework.testing.checks import CHECKS, Check
from framework.testing.client import NotServing
from framework.testing.outcome import Outcome, Result, Verdict
from framework.testing.session import Session


def select(names: Sequence[str] = ()) -> list[Check]:
    """The checks, or groups of checks, of these names, in the list's order; none means all.

    Raises:
        ConfigurationError: there is no such check.
    """
    known = {check.name for check in CHECKS} | {check.group for check in CHECKS}
    for name in names:
        if name not in known:
            raise ConfigurationError(f"There is no check '{name}'. {did_you_mean(name, known)}")
    return [check for check in CHECKS if not names or {check.name, check.group} & set(names)]


def run_checks(session: Session, checks: Iterable[Check]) -> Iterator[Result]:
    """The result of each check, as soon as it is known."""
    return (run_check(session, check) for check in checks)


def run_check(session: Session, check: Check) -> Result:
    """One check's result. Nothing that an algorithm does makes this raise."""
    started = time.monotonic()
    outcome, message = _verdict(session, check)
    return Result(check.name, check.group, outcome, message, time.monotonic() - started)


def _verdict(session: Session, check: Check) -> tuple[Outcome, str]:
    try:
        return Outcome.PASSED, check.run(session)
    except Verdict as verdict:
        return verdict.outcome, str(verdict)
    except NotServing as error:
        return Outcome.NOT_CHECKED, f"It needs a server, but {error}."
    except FrameworkError as error:
        return Outcome.FAILED, str(error)
    except OSError as error:
        return Outcome.FAILED, f"What ran broke off ({type(error).__name__}: {error})."


def keeps_contract(results: Sequence[Result], require_all: bool = False) -> bool:
    """Whether nothing failed and, when all are required, nothing was left unchecked."""
    refused = {Outcome.FAILED} | ({Outcome.NOT_CHECKED} if require_all else set())
    return not any(result.outcome in refused for result in results)
