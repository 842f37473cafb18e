"""The `check` command: proves that the algorithm keeps the contract, as plain processes."""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from framework.algorithm import Algorithm
from framework.errors import EXIT_KNOWN, EXIT_OK
from framework.testing import report
from framework.testing.checks import CHECKS
from framework.testing.engine import ProcessEngine
from framework.testing.session import Session
from framework.testing.subject import Subject
from framework.testing.suite import keeps_contract, run_checks, select


def main(arguments: list[str]) -> int:
    """Run the checks and print their results; 1 when the contract is broken."""
    options = parser().parse_args(arguments)
    if options.list:
        print("\n".join(f"{check.name:22}{check.group:10}{check.purpose}" for check in CHECKS))
        return EXIT_OK
    checks = select(options.only)
    algorithm = Algorithm.load()
    results = []
    with tempfile.TemporaryDirectory(prefix="check-") as directory:
        scratch = Path(directory)
        subject = adjusted(subject_of(algorithm, options, scratch), options)
        session = Session(ProcessEngine(algorithm.directory, scratch), subject, scratch)
        try:
            for result in run_checks(session, checks):
                results.append(result)
                if not options.json:
                    print(report.as_lines(result), flush=True)
        finally:
            session.close()
    print(report.as_json(results) if options.json else f"\n{report.summary(results)}")
    return EXIT_OK if keeps_contract(results, options.require_all) else EXIT_KNOWN


def parser() -> argparse.ArgumentParser:
    """The options of `check`, which the bench's command takes, too."""
    parser = argparse.ArgumentParser(
        prog="check", description="Prove that the algorithm keeps SageMaker's contract."
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="run this check or group only; may be repeated",
    )
    parser.add_argument("--list", action="store_true", help="list the checks and end")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument(
        "--require-all", action="store_true", help="fail also when a check could not be made"
    )
    parser.add_argument(
        "--channel",
        action="append",
        default=[],
        type=_pair,
        metavar="NAME=PATH",
        help="train on this data instead of the sample; may be repeated",
    )
    parser.add_argument(
        "--hyperparameter",
        action="append",
        default=[],
        type=_pair,
        metavar="NAME=VALUE",
        help="train with this value; may be repeated",
    )
    parser.add_argument("--start-seconds", type=float, help="limit until /ping says 200")
    parser.add_argument("--stop-seconds", type=float, help="limit for ending after SIGTERM")
    return parser


def subject_of(algorithm: Algorithm, options: argparse.Namespace, scratch: Path) -> Subject:
    """The job that the options name, else the algorithm's own sample."""
    if not options.channel:
        return Subject.of(algorithm, scratch)
    limits = algorithm.file.check
    return Subject(
        {name: Path(path) for name, path in options.channel},
        algorithm.file.sample.hyperparameters,
        limits.start_seconds,
        limits.stop_seconds,
    )


def adjusted(subject: Subject, options: argparse.Namespace) -> Subject:
    """The subject with the hyperparameters and limits that the options give."""
    given: dict[str, Any] = {
        "start_seconds": options.start_seconds,
        "stop_seconds": options.stop_seconds,
    }
    hyperparameters = {**subject.hyperparameters, **dict(options.hyperparameter)}
    limits = {name: seconds for name, seconds in given.items() if seconds is not None}
    return replace(subject, hyperparameters=hyperparameters, **limits)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"'{text}' must have the form NAME=VALUE")
    return name, value
