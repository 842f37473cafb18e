"""Nothing secret is in what pipelines leave behind: logs, plans, objects, tags, stacks, images."""

import base64
import gzip
import io
import json
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from docker import DockerClient
from docker.models.images import Image

from local_test.aws.server import LocalAws
from tests.ci.developer import Developer
from tests.ci.pipeline_of_shop import Pipelines

pytestmark = pytest.mark.timeout(600)
MARKED = {
    "AWS_SECRET_ACCESS_KEY": "marked/secret+access/key",
    "AWS_SESSION_TOKEN": "marked-session-token",
    "AWS_ID_TOKEN": "marked.id.token",
    "GITLAB_TOKEN": "marked-gitlab-token",
    "CI_JOB_TOKEN": "marked-job-token",
}
# Of every password of the local ECR, whenever it expires; and as docker keeps it.
PASSWORD = base64.urlsafe_b64encode(b'{"region": "eu-west-1", "expires": 1').decode()[:44]
SIGNED_IN = base64.b64encode(f"AWS:{PASSWORD}".encode()).decode()[:60]
SECRETS = {**MARKED, "ECR": PASSWORD, "docker": SIGNED_IN}


def found_in(place: str, content: bytes) -> Iterator[str]:
    """Which secrets are in a file, as they are or in base64, unpacked where it is packed."""
    for name, secret in SECRETS.items():
        spelled = (secret.encode(), base64.b64encode(secret.encode())[:-4])
        if any(one in content for one in spelled):
            yield f"{place}: {name}"
    if content[:2] == b"\x1f\x8b":
        yield from found_in(f"{place}/", gzip.decompress(content))
    elif zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield from found_in(f"{place}/{name}", archive.read(name))
    elif content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for member in archive:
                if member.isfile():
                    yield from found_in(
                        f"{place}/{member.name}", archive.extractfile(member).read()
                    )


def all_found_in(left_behind: Mapping[str, bytes]) -> set[str]:
    return {one for place, content in left_behind.items() for one in found_in(place, content)}


@pytest.fixture(scope="module")
def left_behind(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """All that pipelines with secrets in their environment have made."""
    place = tmp_path_factory.mktemp("shop")
    pipelines = Pipelines(local, place, **MARKED)
    return {
        "logs": pipelines.said.encode(),
        "plans": pipelines.plans().encode(),
        **dict(objects(pipelines.shop)),
        **{name: json.dumps(one, default=str).encode() for name, one in described(pipelines.shop)},
    }


def objects(shop: Developer) -> Iterator[tuple[str, bytes]]:
    """Every version of every object."""
    s3, bucket = shop.client("s3"), shop.bucket
    for one in s3.list_object_versions(Bucket=bucket)["Versions"]:
        key, version = one["Key"], one["VersionId"]
        body = s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
        yield f"s3 {key} {version}", body


def described(shop: Developer) -> Iterator[tuple[str, object]]:
    """Everything else that has a name in AWS, with its tags."""
    stacks = shop.client("cloudformation")
    for stack in ("foundation", "retraining", "monitoring"):
        name = f"{shop.endpoint}-{stack}"
        yield f"stack {stack}", stacks.describe_stacks(StackName=name)
        yield f"events {stack}", stacks.describe_stack_events(StackName=name)
    sagemaker = shop.client("sagemaker")
    for config in sagemaker.list_endpoint_configs()["EndpointConfigs"]:
        name, arn = config["EndpointConfigName"], config["EndpointConfigArn"]
        yield f"config {name}", sagemaker.describe_endpoint_config(EndpointConfigName=name)
        yield f"tags of {name}", sagemaker.list_tags(ResourceArn=arn)
        yield f"model {name}", sagemaker.describe_model(ModelName=name)
    yield "endpoint", sagemaker.describe_endpoint(EndpointName=shop.endpoint)
    yield "alarms", shop.client("cloudwatch").describe_alarms()
    yield "locks", shop.client("dynamodb").scan(TableName=shop.outputs("retraining")["LockTable"])
    yield "pointer", shop.pointer()


def test_nothing_secret_is_left_behind(left_behind: dict[str, bytes]) -> None:
    assert all_found_in(left_behind) == set()


def test_everything_was_looked_at(left_behind: dict[str, bytes]) -> None:
    kinds = {"logs", "plans", "endpoint", "alarms", "locks", "pointer"}
    kinds |= {"s3 lineage/", "s3 images/", "s3 code/", "s3 stacks/", "s3 definitions/", "s3 runs/"}
    kinds |= {
        "stack foundation",
        "events retraining",
        "config shop-",
        "tags of shop-",
        "model shop-",
    }
    for kind in kinds:
        assert any(place.startswith(kind) and one for place, one in left_behind.items()), kind
    assert b"Rolled back" in left_behind["logs"]
    assert b'"reasons"' in left_behind["plans"]


def packed(kind: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("environment.toml", content)
    if kind == "tar.gz":
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            member = tarfile.TarInfo("model/manifest.json")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue() or content


@pytest.mark.parametrize("kind", ["text", "zip", "tar.gz"])
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_found_where_it_is(name: str, kind: str) -> None:
    for secret in (SECRETS[name], base64.b64encode(SECRETS[name].encode()).decode()):
        content = packed(kind, f'{{"Value": "{secret}"}}'.encode())
        assert {one.rpartition(": ")[2] for one in found_in("planted", content)} >= {name}


DOCKERFILE = """ARG BASE_IMAGE
FROM ${BASE_IMAGE}
ARG GIT_COMMIT
COPY . /source
RUN env > /environment.txt && cp /source/describe /usr/local/bin && chmod +x /usr/local/bin/describe
"""


@pytest.mark.docker
def test_nothing_secret_is_in_images_nor_in_dockers_files(
    local: LocalAws, tmp_path: Path, docker_engine: DockerClient, bare_image: Image
) -> None:
    shop = Developer(local, tmp_path, "boxes")
    shop.does("deploy")
    said = json.dumps({"metric_definitions": [], "packages": []})
    shop.commit({"Dockerfile": DOCKERFILE, "describe": f"#!/bin/sh\necho '{said}'\n"})
    home, scratch = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    scratch.mkdir()
    settings = {
        **MARKED,
        "DOCKER_HOST": os.environ.get("DOCKER_HOST", ""),
        "BASE_IMAGE": bare_image.tags[0],
        "HOME": str(home),
        "TMPDIR": str(scratch),
    }
    logs = [shop.ci("build", **settings)]
    logs.append(shop.ci("publish", **settings))
    assert logs[1].returncode == 0, logs[1].stderr
    name = logs[0].stderr.partition("building ")[2].splitlines()[0]
    try:
        saved = subprocess.run(["docker", "save", name], capture_output=True, check=True).stdout
        history = docker_engine.api.history(name)
        left = {
            "image": saved,
            "history": json.dumps(history).encode(),
            "labels": json.dumps(docker_engine.images.get(name).attrs).encode(),
            "logs": "".join(one.stdout + one.stderr for one in logs).encode(),
            **{
                str(path.relative_to(tmp_path)): path.read_bytes()
                for directory in (home, scratch)
                for path in directory.rglob("*")
                if path.is_file()
            },
        }
        assert all_found_in(left) == set()
        assert any(b"GIT_COMMIT" in str(one).encode() for one in history)
        assert b"environment.txt" in saved
        assert not [path for path in left if path.endswith("config.json") and "auths" in path]
    finally:
        for tag in docker_engine.images.get(name).tags:
            docker_engine.images.remove(tag, force=True)
