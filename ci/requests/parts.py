"""What requests are made of: a place, a run, a model; names and tags."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ci.environment import Environment

NAME_LIMIT = 63
RUN_LIMIT = 40
Body = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """What only the deployed stack knows.

    Attributes:
        role: ARN of the execution role.
        key: ARN of the KMS key; empty for none.
    """

    bucket: str
    role: str
    key: str = ""

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"


@dataclass(frozen=True)
class Run:
    """One retraining run.

    Attributes:
        name: unique, short enough to prefix job names.
        image: URI of the image, by digest.
        data: channel → prefix in the artifact bucket.
        description: what `framework describe` printed for the image; empty when unknown.
    """

    name: str
    image: str
    data: Mapping[str, str]
    hyperparameters: Mapping[str, str]
    description: Mapping[str, Any]

    def key(self, *parts: str) -> str:
        return "/".join(("runs", self.name, *parts))


@dataclass(frozen=True)
class Model:
    """A model to judge or to serve: an artifact with the image that trained or serves it.

    Attributes:
        artifact: S3 URI of the model.tar.gz.
        lineage: tag → value, on everything that is made of it.
    """

    name: str
    image: str
    artifact: str
    lineage: Mapping[str, str]


def short(name: str, limit: int = NAME_LIMIT) -> str:
    """A name of letters, digits and hyphens, as long as SageMaker allows; the same every time."""
    clean = re.sub(r"[^a-zA-Z0-9]+", "-", name).strip("-")
    if len(clean) <= limit:
        return clean
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{clean[: limit - 9].rstrip('-')}-{mark}"


def run_name(execution: str) -> str:
    """What jobs, models and tags call the run of an execution."""
    return short(execution, RUN_LIMIT)


def tags(environment: Environment, lineage: Mapping[str, str]) -> list[dict[str, str]]:
    """Who this belongs to, and what it was made of."""
    found = {
        "project": environment.project,
        "environment": environment.name,
        "endpoint": environment.endpoint_name,
        **lineage,
    }
    return [{"Key": key, "Value": value} for key, value in found.items()]
