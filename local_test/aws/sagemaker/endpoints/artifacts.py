"""Where a model's artifact is in S3, and how it comes to /opt/ml/model."""

from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local_test import artifact
from local_test.aws import s3
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
    bucket, key = s3.split(uri)
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
    client = world.client("s3", region)
    try:
        if packed:
            archive = directory.with_suffix(".tar.gz")
            client.download_file(*s3.split(uri), str(archive))
            artifact.unpack(archive, directory)
            archive.unlink()
        else:
            s3.download(client, uri, directory)
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
