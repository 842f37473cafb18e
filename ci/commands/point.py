"""`point`: choose the image that the next run trains with."""

import json
import re
from argparse import Namespace
from pathlib import Path
from typing import Any

from ci.client import client, saying
from ci.deployment import Deployment
from ci.errors import EXIT_OK, CiError

BY_DIGEST = re.compile(r"^[^@\s]+@sha256:[0-9a-f]{64}$")


def run(options: Namespace) -> int:
    """Keep what the image says of itself, and put its URI to the training pointer.

    The description gives a run the metrics to watch and the ranges to tune; without it a run
    trains, but cannot tune.

    Raises:
        CiError: the URI has no digest, or the description is no JSON that `describe` printed.
    """
    image = by_digest(options.image)
    deployment = Deployment.of(options.environment)
    if options.description:
        keep(deployment, image, read_description(options.description))
    pointer = deployment.outputs("retraining")["PointerParameter"]
    with saying("moving the training pointer"):
        client("ssm", deployment.region).put_parameter(
            Name=pointer, Value=image, Type="String", Overwrite=True
        )
    print(f"{pointer} = {image}")
    return EXIT_OK


def by_digest(image: str) -> str:
    """The URI, when it names a digest.

    Raises:
        CiError: it does not.
    """
    if not BY_DIGEST.match(image):
        raise CiError(
            f"{image} names no digest, and a tag may mean another image tomorrow. Give "
            "REPOSITORY@sha256:…; `aws ecr describe-images` prints it."
        )
    return image


def keep(deployment: Deployment, image: str, described: dict[str, Any]) -> None:
    """Keep what an image says of itself where plans and runs find it."""
    with saying("keeping the description"):
        client("s3", deployment.region).put_object(
            Bucket=deployment.outputs("foundation")["ArtifactBucket"],
            Key=f"images/{image.rpartition(':')[2]}.json",
            Body=json.dumps(described).encode(),
            ContentType="application/json",
        )


def read_description(path: Path) -> dict[str, Any]:
    """What `describe` printed to a file.

    Raises:
        CiError: it cannot be read, or is something else.
    """
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CiError(f"The description {path} cannot be read: {error}.") from None
    if not isinstance(described, dict) or "metric_definitions" not in described:
        raise CiError(
            f"{path} is no description. `docker run IMAGE describe > {path.name}` makes one."
        )
    return described
