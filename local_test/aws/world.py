"""What every part of the local AWS shares: where it listens, its clock, its images, its clients."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local_test.aws.clock import Clock
from local_test.cluster import Kind

ACCOUNT = "123456789012"  # moto's own for clients without an account of their own
REGION = "us-east-1"
MAKING = threading.Lock()  # a session makes one client at a time

Emit = Callable[[str, str, str, Mapping[str, Any], Sequence[str]], None]


def _nobody_listens(
    region: str, source: str, kind: str, detail: Mapping[str, Any], resources: Sequence[str]
) -> None:
    """Before EventBridge is installed there is nobody to tell."""


@dataclass
class World:
    """One local AWS.

    Attributes:
        url: the endpoint of every service.
        engine: what jobs and endpoints run as.
        scratch: an existing directory for everything that lives as long as this AWS.
        emit: puts an event of AWS itself on the default bus of a region:
            ``emit(region, source, detail_type, detail, resources)``. EventBridge sets it.
        scaling_activities: what DescribeScalingActivities shows of a region, the newest first.
            Endpoints set it.
        endpoint_story: what happened to an endpoint, by region and name: entries with ``time``,
            ``status``, ``happened`` (a sentence) and ``fleets``, which have ``config``, ``part``
            of the traffic (0 to 1) and ``instances`` by variant. Endpoints set it.
        without_capacity: instance types and subnets for which training and transform jobs end with
            CapacityError.
        memory_mb: what a training container gets, by instance type; the process engine has no such
            limit.
        quotas: of SageMaker, by the name that Service Quotas has for them; told, not enforced.
        trail: the events that CloudTrail tells; times are seconds since the epoch.
    """

    url: str
    engine: Kind
    scratch: Path
    clock: Clock = field(default_factory=Clock)
    emit: Emit = _nobody_listens
    scaling_activities: Callable[[str], list[dict[str, Any]]] = lambda region: []
    endpoint_story: Callable[[str, str], list[dict[str, Any]]] = lambda region, name: []
    without_capacity: set[str] = field(default_factory=set)
    memory_mb: dict[str, int] = field(default_factory=dict)
    quotas: dict[str, float] = field(default_factory=dict)
    trail: list[dict[str, Any]] = field(default_factory=list)

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client of this AWS."""
        return _client(self.url, service, region)


@cache
def _client(url: str, service: str, region: str) -> Any:
    config = Config(
        retries={"total_max_attempts": 1},
        read_timeout=600,
        max_pool_connections=50,
        s3={"addressing_style": "path"},
    )
    with MAKING:
        return _session().client(service, region_name=region, endpoint_url=url, config=config)


@cache
def _session() -> boto3.session.Session:
    """One for all clients: each would read a megabyte of AWS' endpoints again."""
    return boto3.session.Session(
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 (moto takes any)
    )
