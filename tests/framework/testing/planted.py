"""Where the planted faults are, and how one is made into an algorithm.

tests/broken/bases holds two good algorithms: `numbers` (numpy, float64 answers) and `texts`
(plain Python, dict answers). tests/broken/faults/CHECK/BASE holds the modules that differ.
"""

import shutil
from dataclasses import replace
from pathlib import Path

from framework.algorithm import Algorithm
from framework.testing.engine import ProcessEngine
from framework.testing.outcome import Result
from framework.testing.session import Session
from framework.testing.subject import Subject
from framework.testing.suite import run_checks, select

BROKEN = Path(__file__).parents[2] / "broken"
BASES = ("numbers", "texts")
FAULTS = sorted(path for path in (BROKEN / "faults").glob("*/*") if path.is_dir())
ISOLATION = {"read-only-root", "other-user", "memory"}


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
    subject = replace(Subject.of(algorithm, room), **limits)
    session = Session(ProcessEngine(directory, room), subject, room)
    try:
        return next(run_checks(session, select([check])))
    finally:
        session.close()
