"""`check`: the conformance suite on an algorithm directory or on any image."""

from argparse import Namespace
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from framework.testing import EXIT_KNOWN, EXIT_OK
from framework.testing.checks import CHECKS
from framework.testing.program import adjusted
from framework.testing.session import Session
from framework.testing.subject import Subject
from framework.testing.suite import keeps_contract, run_check, select
from local_test.choice import open_cluster
from local_test.cluster import Cluster
from local_test.commands.arguments import scratch
from local_test.console import Screen, table
from local_test.sample import HOST, write_sample


def run(options: Namespace, screen: Screen) -> int:
    """Run the checks and show their results; exit code 1 when the contract is broken."""
    if options.list:
        rows = [(check.name, check.group, check.purpose) for check in CHECKS]
        screen.result(
            {"checks": [check.name for check in CHECKS]}, [table("", ["check", "group", ""], rows)]
        )
        return EXIT_OK
    checks = select(options.only)
    results = []
    with (
        scratch(options.jobs) as room,
        open_cluster(options, screen, room / "runs") as cluster,
    ):
        subject = adjusted(_subject(options, cluster, room / "sample"), options)
        bases = room / "bases"
        bases.mkdir()
        session = Session(cluster.engine(HOST), subject, bases)
        try:
            for check in checks:
                with screen.waiting(f"checking {check.name}"):
                    results.append(run_check(session, check))
                screen.status(results[-1].outcome, f"{check.name}: {results[-1].message}")
        finally:
            session.close()
    counts = Counter(str(result.outcome) for result in results)
    rows = [(result.check, str(result.outcome), result.message) for result in results]
    screen.result(
        {
            "engine": cluster.kind,
            "counts": counts,
            "results": [asdict(result) for result in results],
        },
        [
            table(f"check ({cluster.kind} engine)", ["check", "outcome", ""], rows),
            table("", ["outcome", "checks"], counts.items()),
        ],
    )
    return EXIT_OK if keeps_contract(results, options.require_all) else EXIT_KNOWN


def _subject(options: Namespace, cluster: Cluster, directory: Path) -> Subject:
    """The job that the options name, else the algorithm's own sample."""
    if options.channel:
        return Subject({name: Path(path).resolve() for name, path in options.channel})
    sample = write_sample(cluster, directory)
    return Subject(
        {path.name: path for path in sample.channels},
        sample.hyperparameters,
        sample.start_seconds,
        sample.stop_seconds,
        sample.replies,
    )
