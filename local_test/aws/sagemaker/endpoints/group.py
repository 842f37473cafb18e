"""The instances of one variant of one endpoint config."""

import shutil
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local_test.aws import images
from local_test.aws.sagemaker.endpoints import artifacts
from local_test.aws.sagemaker.endpoints.instance import Instance, NotHealthy
from local_test.aws.world import World
from local_test.cluster import Cluster
from local_test.endpoint import HOST, STARTUP_SECONDS
from local_test.errors import BenchError

Attach = Callable[[str, Instance], None]


class LaunchFailed(Exception):
    """Instances did not come up; the message is what FailureReason says."""


@dataclass(frozen=True)
class Site:
    """Where an endpoint's containers run.

    Attributes:
        directory: of the endpoint, for everything that its containers need.
        attach: is told of every new instance, with its variant's name.
    """

    world: World
    region: str
    directory: Path
    attach: Attach


@dataclass
class Group:
    """One variant's instances, all of the same model.

    Attributes:
        variant: of the endpoint config.
        container: the model's only ContainerDefinition.
        isolated: whether the model has no network.
        instances: those that are in service or on their way, the oldest first.
        weight: the variant's share of the traffic among its config's variants.
        desired: how many instances there should be.
        resolved_image: the image by its digest.
        made: when that was looked up.
    """

    site: Site
    variant: dict[str, Any]
    container: dict[str, Any]
    isolated: bool = False
    weight: float = 1.0
    desired: int = 0
    resolved_image: str = ""
    made: datetime | None = None
    instances: list[Instance] = field(default_factory=list)
    _cluster: Cluster | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _changing: threading.Lock = field(default_factory=threading.Lock)
    _directory: Path | None = None

    def __post_init__(self) -> None:
        self.made = self.site.world.clock.now()
        self.resolved_image = _by_digest(self.site, self.container["Image"])

    @property
    def name(self) -> str:
        return self.variant["VariantName"]

    @property
    def instance_type(self) -> str | None:
        """None for a serverless variant."""
        return self.variant.get("InstanceType")

    @property
    def ready(self) -> list[Instance]:
        """The instances that answer."""
        return [instance for instance in self.instances if instance.ready]

    def launch(self, count: int) -> None:
        """Start more instances and return when all of them are healthy.

        Raises:
            LaunchFailed: one did not come up; those of this call are ended.
        """
        with self._changing:
            self.desired += count
            try:
                self._bring_up(count)
            except LaunchFailed:
                self.desired -= count
                raise

    def terminate(self, count: int) -> None:
        """Stop the oldest instances, when they have answered what they have."""
        with self._changing:
            self.desired -= count
            with self._lock:
                leaving, self.instances = self.instances[:count], self.instances[count:]
            with ThreadPoolExecutor(max(len(leaving), 1)) as pool:
                list(pool.map(Instance.retire, leaving))

    def probe(self) -> None:
        """Ask /ping of every instance."""
        for instance in self.ready:
            instance.probe()

    def repair(self) -> list[str]:
        """Start another instance for each that is not healthy any more; the names of those lost.

        Raises:
            LaunchFailed: another one did not come up; the next call tries again.
        """
        if not self._changing.acquire(blocking=False):
            return []
        try:
            lost = [instance for instance in self.ready if not instance.healthy]
            self._remove(lost)
            if (missing := self.desired - len(self.instances)) > 0:
                self._bring_up(missing)
            return [instance.name for instance in lost]
        finally:
            self._changing.release()

    def kill(self) -> None:
        """End everything at once."""
        self.desired = 0
        self._remove(self.instances)

    def clean_up(self) -> None:
        """Remove what the containers needed and left, when they have ended."""
        with self._lock:
            cluster, self._cluster = self._cluster, None
        if cluster is not None:
            cluster.close()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def _startup_seconds(self) -> float:
        return self.variant.get("ContainerStartupHealthCheckTimeoutInSeconds", STARTUP_SECONDS)

    def _start(self) -> Instance:
        name = f"i-{uuid.uuid4().hex[:17]}"
        with self._lock:
            if self._cluster is None:
                self._directory = self.site.directory / f"{self.name}-{uuid.uuid4().hex[:8]}"
                factory = images.resolve(self.site.world, self.container["Image"], self.site.region)
                self._cluster = factory(self._directory / "runs")
            engine = self._cluster.engine(HOST)
            base = self._directory / name
        artifacts.fetch(self.site.world, self.site.region, self.container, base / "model")
        instance = Instance(name, base, self.container.get("Environment", {}))
        with self._lock:
            self.instances = [*self.instances, instance]
        self.site.attach(self.name, instance)
        try:
            instance.start(engine, self.isolated)
        except NotHealthy:
            self._remove([instance])
            raise
        return instance

    def _bring_up(self, count: int) -> None:
        begun: list[Instance] = []
        try:
            for _ in range(count):
                begun.append(self._start())
            for instance in begun:
                instance.wait(self._startup_seconds)
        except NotHealthy:
            reason = (
                f"The primary container for production variant {self.name} did not pass the ping "
                "health check. Please check CloudWatch logs for this endpoint."
            )
        except artifacts.ArtifactUnavailable as error:
            reason = str(error)
        except BenchError as error:
            reason = f"The image for production variant {self.name} cannot be run: {error}"
        else:
            return
        self._remove(begun)
        raise LaunchFailed(reason)

    def _remove(self, leaving: list[Instance]) -> None:
        with self._lock:
            self.instances = [one for one in self.instances if one not in leaving]
        for instance in leaving:
            instance.kill()


def _by_digest(site: Site, image: str) -> str:
    """The image with the digest that its tag has now."""
    if "@" in image:
        return image
    repository, _, tag = image.rpartition(":")
    try:
        found = site.world.client("ecr", site.region).describe_images(
            repositoryName=repository.partition("/")[2], imageIds=[{"imageTag": tag}]
        )
    except ClientError:  # it was deleted since: the launch will say so
        return image
    return f"{repository}@{found['imageDetails'][0]['imageDigest']}"
