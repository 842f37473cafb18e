"""Images in the local AWS: what an image URI of a job or a model stands for.

An image is a manifest in ECR, pushed to its registry or registered without layers. Its config
digest names what to run: the id of an image of the Docker engine, which pulls what was pushed, or,
with the process engine, a copy of a registered algorithm directory.
"""

import base64
import hashlib
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError, ParamValidationError

from framework.testing.engine import digest
from local_test.aws.world import World
from local_test.cluster import Cluster, ProcessCluster
from local_test.console import Screen
from local_test.errors import BenchError, EngineUnavailable

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
SILENT = Screen(False, logs=False)

ClusterFactory = Callable[[Path], Cluster]


@dataclass(frozen=True)
class Environment:
    """An algorithm directory with the interpreter that has its packages, for the process engine."""

    directory: Path
    python: Path


def register(
    world: World, source: Path | str | Environment, repository: str, tag: str, region: str
) -> str:
    """Put an image into ECR and return its URI, by digest.

    Args:
        source: an algorithm directory, or the name of an image of the Docker engine.

    Raises:
        BenchError: the source cannot be run by the world's engine.
        ClientError: ECR refuses it, for example because the tag is there and immutable.
    """
    config = _of_engine(source) if world.engine == "docker" else _copied(world, source)
    ecr = world.client("ecr", region)
    with suppress(ecr.exceptions.RepositoryAlreadyExistsException):
        ecr.create_repository(repositoryName=repository)
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "size": 0, "digest": config},
        "layers": [],
    }
    with suppress(ecr.exceptions.ImageAlreadyExistsException):
        ecr.put_image(
            repositoryName=repository,
            imageManifest=json.dumps(manifest),
            imageManifestMediaType=MANIFEST,
            imageTag=tag,
        )
    found = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]
    identity = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    return f"{found['repositoryUri']}@{identity['imageDetails'][0]['imageDigest']}"


def resolve(world: World, uri: str, region: str, memory_mb: int | None = None) -> ClusterFactory:
    """What makes the hosts that run an image, given a directory for their logs.

    The Docker engine pulls what it has not.

    Args:
        memory_mb: what a container gets; processes get what there is.

    Raises:
        BenchError: ECR has no such image, or it is none that this AWS can run.
    """
    repository, found = _found(world, uri, region)
    if (kind := found["imageManifestMediaType"]) != MANIFEST:
        raise BenchError(
            f"Unsupported manifest media type {kind} for image {uri}. SageMaker takes {MANIFEST}: "
            "build with --provenance=false and --output type=docker."
        )
    config = json.loads(found["imageManifest"])["config"]["digest"]
    if world.engine == "docker":
        from local_test.containers import ContainerCluster

        address = f"{repository}@{found['imageId']['imageDigest']}"
        image = _in_engine(world, config, address, region)
        return lambda scratch: ContainerCluster.of(image, Path(), scratch, SILENT, memory_mb)
    try:
        snapshot = json.loads(_description(world, config).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BenchError(
            f"{uri} was pushed, and the process engine runs registered directories only. Register "
            "one with `python -m local_test aws image DIRECTORY`, or start the local AWS with "
            "--engine docker."
        ) from None
    algorithm = Path(snapshot["algorithm"])
    python = Path(snapshot["python"]) if snapshot["python"] else None
    return lambda scratch: ProcessCluster(algorithm, scratch, python)


def _found(world: World, uri: str, region: str) -> tuple[str, dict[str, Any]]:
    """The repository of an image, and the image as BatchGetImage tells it."""
    host, _, path = uri.partition("/")
    repository, at, identity = path.partition("@")
    image = {"imageDigest": identity}
    if not at:
        repository, _, tag = path.partition(":")
        image = {"imageTag": tag or "latest"}
    found = []
    if ".dkr.ecr." in host:
        with suppress(ClientError, ParamValidationError):
            found = world.client("ecr", region).batch_get_image(
                repositoryName=repository, imageIds=[image]
            )["images"]
    if not found:
        raise BenchError(f"ECR in {region} has no image {uri}.")
    return repository, found[0]


def _in_engine(world: World, config: str, address: str, region: str) -> str:
    """The engine's name of an image that is registered, or at that address of the registry."""
    from local_test import containers

    with suppress(EngineUnavailable):
        return containers.image_id(config)
    grant = world.client("ecr", region).get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(grant["authorizationToken"]).decode().partition(":")
    registry = urlsplit(grant["proxyEndpoint"]).netloc
    return containers.pulled(f"{registry}/{address}", user, password)


def _of_engine(source: Path | str | Environment) -> str:
    from local_test import containers
    from local_test.images import image_of

    if isinstance(source, Environment):
        raise BenchError("The Docker engine's images have an interpreter of their own.")
    image = image_of(source, SILENT) if isinstance(source, Path) else source
    return containers.image_id(image)


def _copied(world: World, given: Path | str | Environment) -> str:
    source = given.directory if isinstance(given, Environment) else Path(given)
    python = given.python if isinstance(given, Environment) else ""
    if not (source / "algorithm.toml").is_file():
        raise BenchError(
            f"The process engine runs an algorithm directory, and {source} has no algorithm.toml. "
            "For an image, start the local AWS with --engine docker."
        )
    description: dict[str, Any] = {"files": _files(source), "python": str(python)}
    identity = hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()
    copy = world.scratch / "images" / identity
    if not copy.exists():
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    described = _description(world, f"sha256:{identity}")
    described.write_text(json.dumps({**description, "algorithm": str(copy)}), encoding="utf-8")
    return f"sha256:{identity}"


def _files(source: Path) -> dict[str, str]:
    files = sorted(path for path in source.rglob("*") if path.is_file())
    return {
        str(path.relative_to(source)): digest(path)
        for path in files
        if "__pycache__" not in path.parts
    }


def _description(world: World, config: str) -> Path:
    return world.scratch / "images" / f"{config.removeprefix('sha256:')}.json"
