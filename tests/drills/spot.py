"""The Spot drill: kill a training job again and again; its model must not tell.

    python -m tests.drills.spot --kills 20 --seed 1

Every kill is a SIGKILL of the whole process group, at a random moment of the training loop or
while a checkpoint is being written. Every restart gets what SageMaker keeps, the checkpoints,
and nothing else.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framework.testing import Run
from tests.algorithms.workshop import ALGORITHMS, Job, Workshop

SLOW_LEARNING = {"learning_rate": 0.00003, "momentum": 0.5}  # every epoch is the best so far
LONG_RUN = {**SLOW_LEARNING, "epochs": 11_000, "hidden": 1024, "checkpoint_every": 20}
ONE_THREAD = {"OMP_NUM_THREADS": "1"}  # steady on a busy machine
LONG_SECONDS = 30
STALLED_SECONDS = 600


@dataclass(frozen=True)
class Kill:
    """One kill: the newest checkpoint it left, and whether it left another one half written."""

    step: int
    in_write: bool


@dataclass
class Outcome:
    """What a drill saw.

    Attributes:
        seconds: how long the uninterrupted run took.
        faults: why the drill failed; none when it passed.
    """

    seconds: float
    kills: list[Kill] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def drill(scratch: Path, kills: int, seed: int, hyperparameters: Mapping[str, Any]) -> Outcome:
    """Train once undisturbed and once with ``kills`` restarts, and compare the models."""
    workshop = Workshop(ALGORITHMS / "resumable_mlp", scratch, ONE_THREAD)
    started = time.monotonic()
    undisturbed = workshop.start("undisturbed", **hyperparameters).finish(STALLED_SECONDS)
    outcome = Outcome(time.monotonic() - started)

    writes = hyperparameters["epochs"] / hyperparameters["checkpoint_every"]
    between_checkpoints = outcome.seconds / writes
    dice = random.Random(seed)
    checkpoints = scratch / "checkpoints"
    resumed_from = 0
    for number in range(kills):
        job = workshop.start(f"killed-{number}", checkpoints, **hyperparameters)
        try:
            aim = hyperparameters["epochs"] * 0.95 * (number + dice.random()) / kills
            wait_for_step(job.run, checkpoints, max(aim, resumed_from + 1))
            if number % 2:
                wait_for_write(job.run, checkpoints)
            else:
                time.sleep(dice.uniform(0, between_checkpoints))
        finally:
            job.run.kill()
        outcome.faults += resume_faults(job.run, resumed_from)
        resumed_from = newest_step(checkpoints)
        outcome.kills.append(Kill(resumed_from, bool(unfinished(checkpoints))))

    survivor = workshop.start("survivor", checkpoints, **hyperparameters).finish(STALLED_SECONDS)
    outcome.faults += resume_faults(survivor.run, resumed_from)
    outcome.faults += differences(workshop, undisturbed, survivor)
    return outcome


def wait_for_step(run: Run, checkpoints: Path, step: float) -> None:
    """Wait until the job has saved the checkpoint of ``step`` or a later one."""
    deadline = time.monotonic() + STALLED_SECONDS
    while newest_step(checkpoints) < step:
        if run.exit_code is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The job did not reach step {step:.0f}:\n{run.log()}")
        time.sleep(0.002)


def wait_for_write(run: Run, checkpoints: Path) -> None:
    """Wait until a checkpoint is being written, or the job has ended."""
    while not unfinished(checkpoints) and run.exit_code is None:
        pass


def newest_step(checkpoints: Path) -> int:
    names = (path.stem for path in checkpoints.glob("*/*/step-*.checkpoint"))
    return max((int(name.removeprefix("step-")) for name in names), default=0)


def unfinished(checkpoints: Path) -> list[Path]:
    return list(checkpoints.glob("*/*/*.unfinished"))


def resume_faults(run: Run, resumed_from: int) -> list[str]:
    """Why a restart did not continue from the newest checkpoint, intact."""
    log = run.log()
    faults = [line for line in log.splitlines() if "damaged" in line]
    if resumed_from and f"Continuing from the checkpoint of step {resumed_from} " not in log:
        faults.append(f"A run did not continue from step {resumed_from}:\n{log[:2000]}")
    return faults


def differences(workshop: Workshop, undisturbed: Job, survivor: Job) -> list[str]:
    """How the two models differ, in their bytes and in their answers to the held-out rows."""
    faults = []
    model = "model.npz"
    ours, theirs = ((job.layout.model / model).read_bytes() for job in (undisturbed, survivor))
    if ours != theirs:
        faults.append(f"{model} has other bytes after the kills.")
    rows = next(workshop.held_out.iterdir()).read_text().splitlines()
    request = "\n".join(row.rpartition(",")[0] for row in rows).encode()
    answers = []
    for job in (undisturbed, survivor):
        with workshop.serve(job) as client:
            answers.append(client.invoke(request, "text/csv").text)
    if answers[0] != answers[1] or answers[0].count("\n") != len(rows) - 1:
        faults.append(f"The answers differ:\n{answers[0][:300]}\n{answers[1][:300]}")
    return faults


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--seed", type=int, default=int(time.time()))
    given = options.parse_args()
    print(f"Spot drill with seed {given.seed}; this takes two to four minutes.", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        outcome = drill(Path(scratch), given.kills, given.seed, LONG_RUN)
    if outcome.seconds < LONG_SECONDS:
        outcome.faults.append(f"The run took less than {LONG_SECONDS} s; give it more epochs.")
    in_write = sum(kill.in_write for kill in outcome.kills)
    print(f"Undisturbed run: {outcome.seconds:.1f} s.")
    print(f"Killed at steps {', '.join(str(kill.step) for kill in outcome.kills)};")
    print(f"{in_write} of {len(outcome.kills)} kills left a checkpoint half written.")
    print("\n".join(outcome.faults) or "Same model bytes, same answers, no damaged checkpoint.")
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
