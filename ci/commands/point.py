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
    if not BY_DIGEST.match(options.image):
        raise CiError(
            f"{options.image} names no digest, and a tag may mean another image tomorrow. Give "
            "REPOSITORY@sha256:…; `aws ecr describe-images` prints it."
        )
    deployment = Deployment.of(options.environment)
    if options.description:
        described = _read(options.description)
        key = f"images/{options.image.rpartition(':')[2]}.json"
        with saying("keeping the description"):
            client("s3", deployment.region).put_object(
                Bucket=deployment.outputs("foundation")["ArtifactBucket"],
                Key=key,
                Body=json.dumps(described).encode(),
                ContentType="application/json",
            )
    pointer = deployment.outputs("retraining")["PointerParameter"]
    with saying("moving the training pointer"):
        client("ssm", deployment.region).put_parameter(
            Name=pointer, Value=options.image, Type="String", Overwrite=True
        )
    print(f"{pointer} = {options.image}")
    return EXIT_OK


def _read(path: Path) -> dict[str, Any]:
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CiError(f"The description {path} cannot be read: {error}.") from None
    if not isinstance(described, dict) or "metric_definitions" not in described:
        raise CiError(
            f"{path} is no description. `docker run IMAGE describe > {path.name}` makes one."
        )
    return described
