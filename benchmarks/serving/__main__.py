"""Measures everything, prints the table, writes benchmarks/results/."""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.serving import report
from benchmarks.serving.bench import Bench
from benchmarks.serving.cases import grid
from benchmarks.serving.peers import SERVERS
from benchmarks.serving.peers.environment import CannotInstall, install
from benchmarks.serving.peers.peer import PROJECT, Peer
from benchmarks.serving.rounds import Effort


def main() -> int:
    options = arguments()
    if not shutil.which("wrk"):
        sys.exit("wrk is not on PATH; install it (Debian: apt-get install wrk).")
    machine = f"{os.cpu_count()} CPUs, Python {platform.python_version()}"
    print(f"{machine}, framework {version(options.framework)}", flush=True)
    peers, reasons = available(options.servers)
    print(report.servers_text(peers, reasons), flush=True)
    results = []
    with tempfile.TemporaryDirectory() as scratch:
        effort = Effort(options.rounds, options.seconds, Path(scratch))
        bench = Bench(options.framework, effort, peers, reasons)
        for result in bench.results(options.only or [], options.gigabytes):
            print(result.text(), flush=True)
            results.append(result)
    print(report.summary(results))
    report.write(results, about(options, reasons), options.output)
    return int(any(result.failed for result in results))


def arguments() -> argparse.Namespace:
    names = [server.name for server in SERVERS]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving",
        description="Measures our server and its peers on the same models, in turn.",
        epilog="Cases: " + ", ".join([*(case.key for case in grid()), "ping", "start", "memory"]),
    )
    parser.add_argument("--rounds", type=int, default=3, help="of each measurement (default 3)")
    parser.add_argument("--seconds", type=float, default=3, help="of load in each (default 3)")
    parser.add_argument("--only", nargs="+", help="cases, or how their names begin: linear-csv")
    parser.add_argument("--servers", nargs="+", default=names, choices=names, help="default: all")
    parser.add_argument(
        "--framework", type=Path, default=PROJECT, help="tree to measure (default: this one)"
    )
    parser.add_argument(
        "--gigabytes", type=float, default=1, help="of the models of memory (default 1)"
    )
    parser.add_argument("--output", type=Path, default=PROJECT / "benchmarks/results")
    options = parser.parse_args()
    options.framework = options.framework.resolve()
    return options


def available(names: Sequence[str]) -> tuple[list[Peer], dict[str, str]]:
    """Servers that are installed, and why the others are not."""
    found, reasons = [], {}
    for server in SERVERS:
        if server.name not in names:
            continue
        try:
            install(server)
            found.append(server)
        except CannotInstall as error:
            reasons[server.name] = str(error)
    return found, reasons


def about(options: argparse.Namespace, reasons: dict[str, str]) -> dict:
    return {
        "when": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "framework": version(options.framework),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "servers": {server.name: server.settings for server in SERVERS},
        "not measured": reasons,
    }


def version(framework: Path) -> str:
    """The commit of a tree, and whether it was changed since."""
    command = ["git", "-C", str(framework), "describe", "--always", "--dirty", "--exclude", "*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "without a commit"


if __name__ == "__main__":
    sys.exit(main())
