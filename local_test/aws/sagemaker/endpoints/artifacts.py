"""Where a model's artifact is in S3, and how it comes to /opt/ml/model."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from local_test import artifact
from local_test.aws.world import World
from local_test.errors import BenchError


class ArtifactUnavailable(Exception):
    """The artifact cannot be had; the message is what FailureReason says."""


def location(container: dict[str, Any]) -> tuple[str, bool] | None:
    """S3 URI of a container's model, and whether it is one tar.gz; None when it has none."""
    if url := container.get("ModelDataUrl"):
        return url, True
    if source := container.get("ModelDataSource", {}).get("S3DataSource"):
        return source["S3Uri"], source["CompressionType"] == "Gzip"
    return None


def exists(world: World, region: str, uri: str) -> bool:
    """Whether there is an object at the URI, or below it when it ends with a slash."""
    bucket, key = split(uri)
    try:
        found = world.client("s3", region).list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
    except ClientError:
        return False
    return any(uri.endswith("/") or item["Key"] == key for item in found.get("Contents", []))


def fetch(world: World, region: str, container: dict[str, Any], directory: Path) -> None:
    """Put the model into ``directory``, as hosting does before a container starts.

    Raises:
        ArtifactUnavailable: it is not there, or is no archive that hosting takes.
    """
    directory.mkdir(parents=True)
    found = location(container)
    if found is None:
        return
    uri, packed = found
    try:
        if packed:
            archive = directory.with_suffix(".tar.gz")
            world.client("s3", region).download_file(*split(uri), str(archive))
            artifact.unpack(archive, directory)
            archive.unlink()
        else:
            _copy(world, region, uri, directory)
    except ClientError:
        raise ArtifactUnavailable(
            f'Failed to download model data for container "primary" from URL: "{uri}". Please '
            "ensure that there is an object located at the URL and that the role passed to "
            "CreateModel has permissions to download the object."
        ) from None
    except BenchError as error:
        raise ArtifactUnavailable(
            f'Failed to extract model data archive for container "primary" from URL "{uri}". '
            "Please ensure that the object located at the URL is a valid tar.gz archive. "
            f"({error})"
        ) from None


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``."""
    parts = urlsplit(uri)
    return parts.netloc, parts.path.lstrip("/")


def _copy(world: World, region: str, uri: str, directory: Path) -> None:
    bucket, prefix = split(uri)
    client = world.client("s3", region)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for item in page.get("Contents", []):
            target = directory / (item["Key"].removeprefix(prefix) or Path(prefix).name)
            target.parent.mkdir(parents=True, exist_ok=True)
            client.download_file(bucket, item["Key"], str(target))
