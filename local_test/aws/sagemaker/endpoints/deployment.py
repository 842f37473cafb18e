"""One deployment: a new fleet takes over step by step, or everything goes back."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from local_test.aws.sagemaker.endpoints import alarms
from local_test.aws.sagemaker.endpoints.fleet import Fleet
from local_test.aws.sagemaker.endpoints.group import LaunchFailed
from local_test.aws.sagemaker.endpoints.policies import Policy, Step
from local_test.aws.sagemaker.endpoints.router import Router, Share
from local_test.aws.world import World

LOOK_SECONDS = 0.1

Report = Callable[[str, str], None]


class GoBack(Exception):
    """An alarm went off, or the time is over; the message says which."""


class RolledBack(Exception):
    """The old fleet has all the traffic again; the message says why."""


class RollbackFailed(Exception):
    """The old fleet could not be brought back; the message says why."""


class Interrupted(Exception):
    """The local AWS ends."""


@dataclass
class Deployment:
    """Moves an endpoint's traffic from one fleet to another.

    Attributes:
        report: is told each step: a status of the new fleet's variants, and a sentence.
        settle: brings metrics and alarms up to date.
        stop: set when the local AWS ends.
    """

    world: World
    region: str
    router: Router
    old: Fleet
    new: Fleet
    policy: Policy
    report: Report
    settle: Callable[[], None]
    stop: threading.Event

    def __post_init__(self) -> None:
        self._before = {name: group.desired for name, group in self.old.groups.items()}
        self._began = self.world.clock.time()

    def run(self) -> None:
        """Return when the new fleet has all the traffic and the old one has ended.

        Raises:
            RolledBack: the old fleet has it again.
            RollbackFailed: it could not be brought back.
        """
        try:
            if self.policy.rolling:
                self._roll()
            else:
                self._switch()
        except (LaunchFailed, GoBack) as error:
            if self.stop.is_set():
                raise Interrupted() from None
            self._go_back(str(error))
            raise RolledBack(str(error)) from None

    def _switch(self) -> None:
        """Blue/green: all of the new fleet is there before it gets anything."""
        self._launch(self.new.counts)
        for step in self.policy.steps:
            self._activate(step)
            self._bake(step)
        self.report("Deleting", f"Terminating {sum(self._before.values())} instance(s).")
        self.old.retire()

    def _roll(self) -> None:
        """Rolling: at each step a batch comes, and as much of the old fleet goes."""
        there = dict.fromkeys(self.new.counts, 0)
        for step in self.policy.steps:
            batch = {name: count - there[name] for name, count in step.counts.items()}
            self._launch(batch)
            self._activate(step)
            self._bake(step)
            there = dict(step.counts)
            last = step is self.policy.steps[-1]
            self._terminate_old(None if last else batch)

    def _terminate_old(self, batch: dict[str, int] | None) -> None:
        left = {name: len(group.instances) for name, group in self.old.groups.items()}
        leaving = {
            name: count if batch is None else max(min(count - 1, batch.get(name, 0)), 0)
            for name, count in left.items()
        }
        if total := sum(leaving.values()):
            self.report("Deleting", f"Terminating {total} instance(s).")
            self.old.terminate(leaving)

    def _launch(self, counts: dict[str, int]) -> None:
        self.report("Creating", f"Launching {sum(counts.values())} instance(s).")
        self.new.launch(counts)

    def _activate(self, step: Step) -> None:
        self.router.direct(Share(self.old, 1 - step.part), Share(self.new, step.part, step.counts))
        self.report("ActivatingTraffic", f"Activating traffic on {_capacity(step)}.")

    def _bake(self, step: Step) -> None:
        """Look at the alarms until the time is over, and once more after that."""
        clock = self.world.clock
        self.report(
            "Baking",
            f"Baking for {step.bake_seconds} seconds ({step.bake_setting}) with traffic enabled "
            f"on {_capacity(step)}.",
        )
        until = clock.time() + step.bake_seconds
        while clock.time() < until:
            self._check()
            if self.stop.wait(LOOK_SECONDS):
                raise Interrupted()
        self.settle()
        self._check()

    def _check(self) -> None:
        """Raise GoBack when an alarm is in ALARM or the deployment takes too long."""
        states = alarms.states(self.world, self.region, self.policy.alarms)
        if tripped := [name for name, state in states.items() if state == "ALARM"]:
            raise GoBack(
                "The deployment was rolled back because these auto-rollback alarms are in ALARM "
                f"state: {', '.join(tripped)}."
            )
        if self.world.clock.time() - self._began > self.policy.longest_seconds:
            raise GoBack(
                "The deployment was rolled back because it took longer than "
                f"MaximumExecutionTimeoutInSeconds ({self.policy.longest_seconds})."
            )

    def _go_back(self, why: str) -> None:
        gone = {name: count - self.old.groups[name].desired for name, count in self._before.items()}
        while missing := {name: count for name, count in gone.items() if count > 0}:
            batch = {
                name: min(count, self.policy.rollback_counts.get(name, count))
                for name, count in missing.items()
            }
            self.report("Creating", f"Launching {sum(batch.values())} instance(s) again.")
            try:
                self.old.launch(batch)
            except LaunchFailed as error:
                raise RollbackFailed(f"{why} The rollback failed, too: {error}") from None
            gone = {name: count - batch.get(name, 0) for name, count in gone.items()}
            part = sum(len(g.ready) for g in self.old.all_groups) / sum(self._before.values())
            self.router.direct(Share(self.old, part), Share(self.new, 1 - part))
        self.router.direct(Share(self.old, 1.0))
        self.report("Deleting", f"Rolling back. {why}")
        self.new.retire()


def _capacity(step: Step) -> str:
    return f"{step.capacity} capacity of {sum(step.counts.values())} instance(s)"
