"""A client that somebody else has written, unchanged: the sagemaker package."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from local_test.aws import images
from local_test.aws.server import LocalAws

PROJECT = Path(__file__).parents[3]
CONFIG = PROJECT / "tests" / "image" / "sagemaker_sdk" / "config.yaml"
REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/anybody"


@pytest.fixture(scope="module")
def sdk_python() -> Path:
    """The interpreter of the SDK's own environment; installing it takes 20 seconds, once."""
    subprocess.run(["make", "sagemaker-sdk"], cwd=PROJECT, check=True, capture_output=True)
    return PROJECT / ".venv" / "sagemaker-sdk" / "bin" / "python"


def test_the_sagemaker_package_trains_deploys_and_asks(aws: LocalAws, sdk_python: Path) -> None:
    image = images.register(aws.world, PROJECT / "tests" / "ci" / "shop", "sdk", "v1", REGION)
    s3 = aws.world.client("s3", REGION)
    s3.create_bucket(Bucket="sdk", CreateBucketConfiguration={"LocationConstraint": REGION})
    flats = "".join(f"{area},{3 * area + 20}\n" for area in range(50, 150))
    s3.put_object(Bucket="sdk", Key="data/train/flats.csv", Body=f"area,price\n{flats}".encode())
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": aws.world.url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(CONFIG),
    }
    ended = subprocess.run(
        [sdk_python, Path(__file__).with_name("sdk_client.py"), image, ROLE, "sdk"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    answer = json.loads(ended.stdout.splitlines()[-1])
    assert answer["predictions"] == [pytest.approx(325, abs=0.01)]
    assert aws.world.client("sagemaker", REGION).list_endpoints()["Endpoints"] == []
