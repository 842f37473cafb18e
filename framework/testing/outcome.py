"""What a check may say."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    WARNING = "warning"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Result:
    """One check on one algorithm.

    Attributes:
        check: the check's name, as ``--only`` takes it.
        group: training, artifact, serving or process.
        message: one or two sentences: what was seen, and what to change.
        seconds: how long it took, including what it prepared for the checks after it.
    """

    check: str
    group: str
    outcome: Outcome
    message: str
    seconds: float


class Verdict(Exception):
    """Ends a check with another outcome than passed."""

    outcome: Outcome


class Failed(Verdict):
    """The algorithm would break on SageMaker."""

    outcome = Outcome.FAILED


class Warned(Verdict):
    """It works, but costs something that is easily avoided."""

    outcome = Outcome.WARNING


class NotChecked(Verdict):
    """Nothing can be said here; the message gives the reason."""

    outcome = Outcome.NOT_CHECKED
