"""`doctor`: whether an account is ready for a push, and how to mend what is not."""

import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict

from ci.deployment import Deployment
from ci.doctor import NOT_CHECKED, PROBLEM, Finding, examine
from ci.errors import EXIT_KNOWN, EXIT_OK


def run(options: Namespace) -> int:
    """Print what every check finds; the exit code is 1 when something must be mended."""
    findings = list(examine(Deployment.of(options.environment)))
    if options.json:
        print(json.dumps([asdict(one) for one in findings], indent=2))
    else:
        print("\n".join(_told(findings)))
    return EXIT_KNOWN if any(one.outcome == PROBLEM for one in findings) else EXIT_OK


def _told(findings: list[Finding]) -> Iterator[str]:
    width = max(len(one.name) for one in findings)
    for one in findings:
        yield f"{one.outcome:>11}  {one.name.ljust(width)}  {one.sentence}"
        if one.mend:
            yield f"{'':>11}  {'':{width}}  → {one.mend}"
    counted = {
        kind: sum(one.outcome == kind for one in findings) for kind in (PROBLEM, NOT_CHECKED)
    }
    rest = len(findings) - sum(counted.values())
    yield f"{rest} ok, {counted[PROBLEM]} to mend, {counted[NOT_CHECKED]} not checked"
