"""The faults drill: every call of a release and of a rollback breaks, in every way, each by itself.

    python -m tests.drills.faults --jobs 6
    python -m tests.drills.faults --part 0.1 --seed 7

The calls are those of a clean run. What changes something breaks in more ways than what reads.
After each fault the endpoint must answer, the command must have said one clear sentence, and the
same command again must end as if nothing had happened.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from pathlib import Path

from local_test.aws.clock import Clock
from local_test.aws.server import running
from tests.ci.stage import COMMANDS, NOT_REACHED, Command, Stage
from tests.ci.wire import AT_EVERY_CALL, FAULTS, wired

CLOCK_SPEED = 30
Counts = Counter[tuple[str, str, str]]


def drill(stage: Stage, command: Command, mine: Callable[[], bool]) -> Counts:
    """Fault, command and outcome → how often."""
    calls = stage.calls_of(command)
    changing = sum(call.changes for call in calls)
    print(f"{command}: {len(calls)} calls, of which {changing} change something", flush=True)
    counts: Counts = Counter()
    for call in calls:
        for fault in FAULTS if call.changes else AT_EVERY_CALL:
            if not mine():
                continue
            began = time.monotonic()
            wrong = stage.faults_of(command, call, fault)
            outcome = NOT_REACHED if wrong == [NOT_REACHED] else "wrong" if wrong else "ok"
            counts[fault.name, command, outcome] += 1
            told = f"{time.monotonic() - began:5.1f} s  {command}: {call} {fault.name}: {outcome}"
            print("\n    ".join([told, *wrong] if outcome == "wrong" else [told]), flush=True)
    return counts


def job(number: int, jobs: int, part: float, seed: int, commands: list[Command]) -> Counts:
    """Every ``jobs``-th case of the chosen part, on a stage of its own."""
    dice, cases = random.Random(seed), count()

    def mine() -> bool:
        return dice.random() <= part and next(cases) % jobs == number

    counts: Counts = Counter()
    with (
        tempfile.TemporaryDirectory() as scratch,
        running(Path(scratch), clock=Clock(CLOCK_SPEED)) as aws,
        wired(aws.world.url) as wire,
    ):
        stage = Stage(aws, Path(scratch), wire)
        stage.set_up()
        for command in commands:
            counts += drill(stage, command, mine)
    return counts


def table(counts: Counts) -> str:
    """A row a fault, a column a command and an outcome."""
    columns = sorted({(command, outcome) for _, command, outcome in counts})
    rows = [["", *(" ".join(column) for column in columns)]]
    for fault in FAULTS:
        cells = [str(counts[fault.name, *column]) for column in columns]
        rows.append([fault.name, *cells])
    return "\n".join("  ".join(cell.rjust(20) for cell in row) for row in rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", type=float, default=1.0, help="share of all cases; default: all")
    parser.add_argument("--seed", type=int, default=1, help="which cases, where it is a part")
    parser.add_argument("--jobs", type=int, default=1, help="stages side by side; default: 1")
    parser.add_argument(
        "--command",
        choices=COMMANDS,
        action="append",
        dest="commands",
        help="default: each of them",
    )
    options = parser.parse_args()
    commands = options.commands or list(COMMANDS)
    with ProcessPoolExecutor(options.jobs) as pool:
        each = [
            pool.submit(job, number, options.jobs, options.part, options.seed, commands)
            for number in range(options.jobs)
        ]
        counts = sum((one.result() for one in each), Counter())
    print(table(counts))
    wrong = sum(number for (_, _, outcome), number in counts.items() if outcome == "wrong")
    print(f"{wrong} of {counts.total()} went wrong" if wrong else f"passed: {counts.total()} cases")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
