"""`upload`: a directory's channels, to where runs look for them."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from ci.client import client, saying
from ci.deployment import Deployment
from ci.errors import EXIT_OK, CiError
from ci.stacks import to_stderr


def run(options: Namespace) -> int:
    """Put DIRECTORY/CHANNEL/… below the channel's prefix in the artifact bucket.

    Nothing that is there is removed; a file of the same name becomes a new version.

    Raises:
        CiError: the directory has no folder of a channel, or one of something else.
    """
    deployment = Deployment.of(options.environment)
    files = list(_files(options.directory, deployment.environment.data.channels))
    bucket = deployment.outputs("foundation")["ArtifactBucket"]
    s3 = client("s3", deployment.region)
    for file, key in files:
        to_stderr(f"s3://{bucket}/{key}")
        with saying(f"uploading {file}"), file.open("rb") as body:
            s3.upload_fileobj(body, bucket, key)  # upload_file hides what AWS said
    print(f"{len(files)} files in s3://{bucket}.")
    return EXIT_OK


def _files(directory: Path, channels: dict[str, str]) -> Iterator[tuple[Path, str]]:
    """Each file of a channel, and its key."""
    if not directory.is_dir():
        raise CiError(f"There is no directory {directory}.")
    folders = sorted(path.name for path in directory.iterdir() if path.is_dir())
    unknown = [name for name in folders if name not in channels]
    if unknown or not folders:
        raise CiError(
            f"{directory} has {f'a folder {unknown[0]}' if unknown else 'no folder'}, but the "
            f"channels are {', '.join(channels)}: put the files of each into a folder of its name."
        )
    for name in folders:
        for file in sorted((directory / name).rglob("*")):
            if file.is_file():
                below = file.relative_to(directory / name).as_posix()
                yield file, f"{channels[name].rstrip('/')}/{below}"
