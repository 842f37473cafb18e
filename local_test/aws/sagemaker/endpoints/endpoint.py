"""One endpoint: what runs for it, and how it is created, moved, resized and ended."""

import shutil
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from local_test.aws.sagemaker.endpoints.deployment import (
    Deployment,
    Interrupted,
    RollbackFailed,
    RolledBack,
)
from local_test.aws.sagemaker.endpoints.fleet import Fleet
from local_test.aws.sagemaker.endpoints.group import Group, LaunchFailed, Site
from local_test.aws.sagemaker.endpoints.journal import Journal
from local_test.aws.sagemaker.endpoints.logs import Logs
from local_test.aws.sagemaker.endpoints.policies import Policy
from local_test.aws.sagemaker.endpoints.router import Router, Share
from local_test.aws.sagemaker.store import Record, Store
from local_test.aws.world import World

LOOK_SECONDS = 0.2
LOOKS_A_LOG = 5
LOOKS_A_PROBE = 25
RETRY_SECONDS = 5.0


class LiveEndpoint:
    """An endpoint with its fleets. What is done to it is done by a thread of its own.

    Attributes:
        router: sends its requests to instances.
        journal: what it says of itself.
        variants: names of those that it has or had.

    Args:
        settle: brings metrics and alarms up to date.
    """

    def __init__(self, world: World, store: Store, record: Record, settle: Callable[[], None]):
        self.name = record["EndpointName"]
        self.region = store.region
        self.router = Router()
        self.journal = Journal(world, store, record, self.router)
        self.variants: set[str] = set()
        self._settle = settle
        self._world = world
        self._store = store
        self._logs = Logs(world, store.region, self.name)
        directory = world.scratch / "endpoints" / store.region / self.name
        self._site = Site(world, store.region, directory, self._logs.attach)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._fleets: list[Fleet] = []
        self._run("watch", self._watch)

    @property
    def fleet(self) -> Fleet | None:
        """The fleet of the config that DescribeEndpoint names; None before there is one."""
        return self.journal.fleet

    def new_fleet(self, config: Mapping[str, Any]) -> Fleet:
        """A fleet for an endpoint config, of which nothing runs yet.

        Raises:
            Refused: a model of the config is not there any more.
        """
        fleet = Fleet(self._site, self._store, config)
        self.variants |= fleet.groups.keys()
        return fleet

    def create(self, fleet: Fleet) -> None:
        """Bring the first fleet up."""
        self.journal.become("Creating")
        self._run("create", lambda: self._create(fleet))

    def update(self, fleet: Fleet, policy: Policy, deployment: Mapping[str, Any] | None) -> None:
        """Move to another fleet."""
        self.journal.become("Updating")
        self._run("update", lambda: self._update(fleet, policy, deployment))

    def resize(self, counts: Mapping[str, int], done: Callable[[str], None] | None = None) -> None:
        """Change how many instances variants have.

        Args:
            done: is told at the end why it failed, or "".
        """
        self.journal.become("Updating")
        self._run("resize", lambda: self._resize(counts, done))

    def delete(self, forget: Callable[[], None]) -> None:
        """End everything; ``forget`` is called when nothing runs any more."""
        self.journal.become("Deleting")
        self._run("delete", lambda: self._delete(forget))

    def flush(self) -> None:
        """Put what the containers have logged."""
        self._logs.flush()

    def close(self) -> None:
        """End everything at once."""
        self._stop.set()
        while alive := [thread for thread in self._threads if thread.is_alive()]:
            for fleet in self._fleets:
                fleet.kill()
            alive[0].join(LOOK_SECONDS)
        for fleet in self._fleets:
            fleet.kill()
            fleet.clean_up()
        self.journal.close(at_once=True)
        shutil.rmtree(self._site.directory, ignore_errors=True)

    def _create(self, fleet: Fleet) -> None:
        self._fleets = [fleet]
        self.journal.report(
            fleet, "Creating", f"Launching {sum(fleet.counts.values())} instance(s)."
        )
        try:
            fleet.launch()
        except LaunchFailed as error:
            if self._stop.is_set():
                raise Interrupted() from None
            self._finish(fleet)
            self.journal.become("Failed", str(error))
        else:
            self.router.direct(Share(fleet, 1.0))
            self.journal.fleet = fleet
            self.journal.become("InService")

    def _update(self, new: Fleet, policy: Policy, deployment: Mapping[str, Any] | None) -> None:
        old = self.fleet
        self._fleets = [old, new]
        status, reason, staying, leaving = "InService", "", new, old
        deploy = Deployment(
            self._world,
            self.region,
            self.router,
            old,
            new,
            policy,
            lambda status, message: self.journal.report(new, status, message),
            self._settle,
            self._stop,
        )
        try:
            deploy.run()
        except RolledBack as error:
            reason, staying, leaving = str(error), old, new
        except RollbackFailed as error:
            status, reason, staying, leaving = "UpdateRollbackFailed", str(error), old, new
        self.router.direct(Share(staying, 1.0))
        self._finish(leaving)
        self.journal.fleet = staying
        changes = {"EndpointConfigName": staying.name}
        if deployment is not None:
            changes["LastDeploymentConfig"] = dict(deployment)
        self.journal.become(status, reason, **changes)

    def _resize(self, counts: Mapping[str, int], done: Callable[[str], None] | None) -> None:
        failed = ""
        for name, count in counts.items():
            group = self.fleet.groups[name]
            change = count - group.desired
            if change > 0:
                self.journal.resizing(f"Scaling out desired instance count to {count}.")
                try:
                    group.launch(change)
                except LaunchFailed as error:
                    failed = str(error)
            elif change < 0:
                self.journal.resizing(f"Terminating {-change} instance(s).")
                group.terminate(-change)
        self.journal.become("InService", failed)
        if done is not None:
            done(failed)

    def _delete(self, forget: Callable[[], None]) -> None:
        self.router.direct()
        for fleet in self._fleets:
            fleet.retire()
            self._finish(fleet)
        self._stop.set()
        shutil.rmtree(self._site.directory, ignore_errors=True)
        self.journal.close()
        forget()

    def _finish(self, fleet: Fleet) -> None:
        """Leave nothing of a fleet behind but its logs."""
        fleet.kill()
        self._logs.flush()
        fleet.clean_up()
        self._fleets = [other for other in self._fleets if other is not fleet]

    def _watch(self) -> None:
        """Replace instances that ended by themselves, and put what they log."""
        looks = 0
        while not self._stop.wait(LOOK_SECONDS):
            looks += 1
            groups = [group for fleet in self._fleets for group in fleet.all_groups]
            for group in groups:
                if looks % LOOKS_A_PROBE == 0:
                    group.probe()
                self._repair(group)
            if looks % LOOKS_A_LOG == 0:
                self._logs.flush()

    def _repair(self, group: Group) -> None:
        try:
            lost = group.repair()
        except LaunchFailed as error:
            self.journal.tell(f"An instance cannot be replaced: {error}")
            self._stop.wait(RETRY_SECONDS)
        else:
            for name in lost:
                self.journal.tell(f"Instance {name} was not healthy any more and was replaced.")

    def _run(self, what: str, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except Interrupted:
                pass
            except Exception as error:
                if not self._stop.is_set():
                    traceback.print_exc()
                    self.journal.become("Failed", f"The local AWS failed: {error!r}")

        thread = threading.Thread(target=guarded, name=f"endpoint {self.name} {what}", daemon=True)
        self._threads = [*(old for old in self._threads if old.is_alive()), thread]
        thread.start()
