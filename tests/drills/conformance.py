"""The conformance drill: every check on every good algorithm; none may raise a false alarm.

    python -m tests.drills.conformance --sample 3 --seed 1

The good algorithms are the example, tests/algorithms, and those of tests/broken that are not
broken: the two bases, and the harmless habits that a careless check would take for faults.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).parents[2]
BROKEN = PROJECT / "tests" / "broken"


def good_algorithms() -> dict[str, Sequence[Path]]:
    """Name → directories of modules, each laid over the one before."""
    whole = [PROJECT / "container", *sorted((PROJECT / "tests" / "algorithms").iterdir())]
    whole += sorted((BROKEN / "bases").iterdir())
    found: dict[str, Sequence[Path]] = {
        path.name: (path,) for path in whole if (path / "algorithm.toml").is_file()
    }
    for habit in sorted((BROKEN / "harmless").glob("*/*")):
        found[habit.parent.name] = (BROKEN / "bases" / habit.name, habit)
    return found


def false_alarms(layers: Sequence[Path], scratch: Path) -> list[str]:
    """What `check` finds wrong with a good algorithm, as "check: message"."""
    directory = scratch / "algorithm"
    for layer in layers:
        shutil.copytree(layer, directory, dirs_exist_ok=True)
    command = subprocess.run(
        [sys.executable, "-m", "framework", "check", "--json"],
        env={**os.environ, "ALGORITHM_DIR": str(directory), "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if not command.stdout:
        return [f"check: exit code {command.returncode}: {command.stderr[-500:]}"]
    return [
        f"{result['check']}: {result['outcome']}: {result['message']}"
        for result in json.loads(command.stdout)
        if result["outcome"] in ("failed", "warning")
        or (result["outcome"] == "not checked" and "container" not in result["message"])
    ]


def main() -> int:
    """Check all algorithms, or a sample of them, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sample", type=int, help="so many algorithms, drawn by the seed")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    algorithms = good_algorithms()
    names = sorted(algorithms)
    if options.sample:
        names = random.Random(options.seed).sample(names, options.sample)
    wrong = 0
    for name in names:
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="drill-") as scratch:
            alarms = false_alarms(algorithms[name], Path(scratch))
        wrong += bool(alarms)
        print(f"{name:18}{'FALSE ALARM' if alarms else 'ok':14}{time.monotonic() - started:4.0f} s")
        print("".join(f"    {alarm}\n" for alarm in alarms), end="", flush=True)
    print(f"{len(names) - wrong} of {len(names)} algorithms without a false alarm")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
