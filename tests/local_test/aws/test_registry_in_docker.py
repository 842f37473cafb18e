"""ECR's registry and the Docker engine: push, pull, and run what was pushed from elsewhere."""

import json
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import docker
import pytest
from docker.errors import ImageNotFound
from docker.models.images import Image

from local_test.aws import images
from local_test.aws.server import LocalAws, running
from local_test.errors import BenchError
from tests.local_test.aws.hosting import ROLE, until
from tests.local_test.aws.registry_client import MANIFEST, grant

pytestmark = pytest.mark.docker

REGION = "eu-west-1"
STRANGER = Path(__file__).parents[1] / "stranger"
TINY = "FROM scratch\nLABEL fruit=apple\nCOPY first /first\nCOPY second /second\n"


@pytest.fixture(scope="module")
def local(
    docker_engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalAws]:
    with running(tmp_path_factory.mktemp("aws"), "docker") as aws:
        yield aws


class Shipyard:
    """One repository, and the docker command with a login of its own for its registry."""

    def __init__(self, aws: LocalAws, engine: docker.DockerClient, room: Path, **repository: Any):
        self.aws, self.engine = aws, engine
        self.name = f"team/{uuid.uuid4().hex[:8]}"
        self.ecr = aws.world.client("ecr", REGION)
        made = self.ecr.create_repository(repositoryName=self.name, **repository)["repository"]
        self.uri = made["repositoryUri"]
        given = grant(aws.world, REGION)
        registry = urlsplit(given["proxyEndpoint"]).netloc
        self.address = f"{registry}/{self.name}"
        self._config = room / "docker"
        self._config.mkdir()
        auths = {registry: {"auth": given["authorizationToken"]}}
        (self._config / "config.json").write_text(json.dumps({"auths": auths}))

    def docker(self, *arguments: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", "--config", self._config, *arguments],
            capture_output=True,
            text=True,
            timeout=170,
            check=False,
        )

    def push(self, tag: str) -> str:
        """Push the image of that tag; its digest."""
        pushed = self.docker("push", f"{self.address}:{tag}")
        assert pushed.returncode == 0, pushed.stderr
        found = self.ecr.describe_images(repositoryName=self.name, imageIds=[{"imageTag": tag}])
        return found["imageDetails"][0]["imageDigest"]

    def build(self, tag: str, second: str = "2") -> str:
        """Build an image with two layers; its id."""
        room = self._config.parent
        (room / "Dockerfile").write_text(TINY)
        (room / "first").write_text(self.name)
        (room / "second").write_text(second)
        where = {"path": str(room), "tag": f"{self.address}:{tag}"}
        return self.engine.images.build(**where, rm=True, forcerm=True)[0].id

    def forget(self) -> None:
        """Remove every image of this repository from the engine."""
        for image in self.engine.images.list():
            if self.address in str(image.attrs["RepoTags"]) + str(image.attrs["RepoDigests"]):
                self.engine.images.remove(image.id, force=True)


@pytest.fixture
def shipyard(
    local: LocalAws, docker_engine: docker.DockerClient, tmp_path: Path
) -> Iterator[Callable[..., Shipyard]]:
    """Makes the test's one repository, of which nothing stays in the engine."""
    made: list[Shipyard] = []

    def make(**repository: Any) -> Shipyard:
        made.append(Shipyard(local, docker_engine, tmp_path, **repository))
        return made[0]

    yield make
    for yard in made:
        yard.forget()


def test_what_was_pushed_is_pulled_by_digest(shipyard: Callable[..., Shipyard]) -> None:
    yard = shipyard()
    identity = yard.build("v1")
    digest = yard.push("v1")
    (found,) = yard.ecr.batch_get_image(repositoryName=yard.name, imageIds=[{"imageTag": "v1"}])[
        "images"
    ]
    manifest = json.loads(found["imageManifest"])
    assert found["imageManifestMediaType"] == MANIFEST
    assert (manifest["config"]["digest"], len(manifest["layers"])) == (identity, 2)
    yard.forget()
    with pytest.raises(ImageNotFound):
        yard.engine.images.get(identity)
    pulled = yard.docker("pull", f"{yard.address}@{digest}")
    assert pulled.returncode == 0, pulled.stderr
    assert yard.engine.images.get(f"{yard.address}@{digest}").labels == {"fruit": "apple"}


def test_to_push_twice_is_one_image(shipyard: Callable[..., Shipyard]) -> None:
    yard = shipyard(imageTagMutability="IMMUTABLE")
    yard.build("v1")
    assert yard.push("v1") == yard.push("v1")
    assert len(yard.ecr.describe_images(repositoryName=yard.name)["imageDetails"]) == 1


def test_docker_says_why_a_push_is_refused(shipyard: Callable[..., Shipyard]) -> None:
    yard = shipyard(imageTagMutability="IMMUTABLE")
    yard.build("v1")
    yard.push("v1")
    yard.build("v1", second="3")
    refused = yard.docker("push", f"{yard.address}:v1")
    assert refused.returncode == 1
    assert refused.stderr.strip() == (
        f"tag invalid: The image tag 'v1' already exists in the '{yard.name}' repository and "
        "cannot be overwritten because the tag is immutable."
    )
    yard.docker("tag", f"{yard.address}:v1", f"{yard.address}/nowhere:v1")
    refused = yard.docker("push", f"{yard.address}/nowhere:v1")
    assert f"name unknown: The repository with name '{yard.name}/nowhere'" in refused.stderr
    (yard._config / "config.json").unlink()
    assert "no basic auth credentials" in yard.docker("push", f"{yard.address}:v1").stderr


def test_a_layer_is_mounted_from_another_repository(shipyard: Callable[..., Shipyard]) -> None:
    yard = shipyard()
    yard.build("v1")
    digest = yard.push("v1")
    yard.ecr.create_repository(repositoryName=f"{yard.name}/copy")
    yard.docker("tag", f"{yard.address}:v1", f"{yard.address}/copy:v1")
    copied = yard.docker("push", f"{yard.address}/copy:v1")
    assert copied.stdout.count(f"Mounted from {yard.name}") == 2, copied.stdout + copied.stderr
    assert f"digest: {digest}" in copied.stdout


def test_a_pushed_algorithm_trains_and_serves_until_it_is_deleted(
    shipyard: Callable[..., Shipyard], bare_image: Image
) -> None:
    yard = shipyard()
    identity = algorithm(yard, bare_image)
    image = f"{yard.uri}@{yard.push('v1')}"
    yard.forget()
    with pytest.raises(ImageNotFound):
        yard.engine.images.get(identity)
    archive = trained(yard, image)
    assert yard.engine.images.get(identity), "it was pulled"
    assert answered(yard, image, archive) == {"total": 8, "colour": "red"}
    listed = yard.ecr.list_images(repositoryName=yard.name)["imageIds"]
    yard.ecr.batch_delete_image(repositoryName=yard.name, imageIds=listed)
    with pytest.raises(BenchError, match=f"ECR in {REGION} has no image {image}"):
        images.resolve(yard.aws.world, image, REGION)


def test_a_registered_image_that_was_pruned_is_missed_by_name(
    shipyard: Callable[..., Shipyard],
) -> None:
    yard = shipyard()
    world = yard.aws.world
    image = images.register(world, yard.build("v1"), yard.name, "v1", REGION)
    assert images.resolve(world, image, REGION)
    yard.forget()
    with pytest.raises(BenchError, match=f"The engine has no image {yard.address}@.* cannot pull"):
        images.resolve(world, image, REGION)


def algorithm(yard: Shipyard, base: Image) -> str:
    """Build an image that nobody else has; its id."""
    room = yard._config.parent / "algorithm"
    shutil.copytree(STRANGER, room)
    with (room / "Dockerfile").open("a") as dockerfile:
        dockerfile.write(f"LABEL yard={yard.name}\n")
    where = {"path": str(room), "tag": f"{yard.address}:v1"}
    arguments = {"BASE_IMAGE": base.tags[0]}
    return yard.engine.images.build(**where, buildargs=arguments, rm=True, forcerm=True)[0].id


def trained(yard: Shipyard, image: str) -> str:
    """Run a training job of that image; the address of its model."""
    s3 = yard.aws.world.client("s3", REGION)
    s3.create_bucket(Bucket="yard", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="yard", Key="train/rows.csv", Body=b"1,2\n3,4\n")
    sagemaker = yard.aws.world.client("sagemaker", REGION)
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://yard/train/"}
    sagemaker.create_training_job(
        TrainingJobName="pushed",
        RoleArn=ROLE,
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        HyperParameters={"colour": "red"},
        InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        OutputDataConfig={"S3OutputPath": "s3://yard/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 100},
    )
    job = settled(lambda: sagemaker.describe_training_job(TrainingJobName="pushed"), "TrainingJob")
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    return job["ModelArtifacts"]["S3ModelArtifacts"]


def answered(yard: Shipyard, image: str, archive: str) -> Any:
    """What an endpoint of that image and model says."""
    sagemaker = yard.aws.world.client("sagemaker", REGION)
    sagemaker.create_model(
        ModelName="pushed",
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": image, "ModelDataUrl": archive},
    )
    variant = {"VariantName": "All", "ModelName": "pushed", "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="pushed", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    sagemaker.create_endpoint(EndpointName="pushed", EndpointConfigName="pushed")
    endpoint = settled(lambda: sagemaker.describe_endpoint(EndpointName="pushed"), "Endpoint")
    assert endpoint["EndpointStatus"] == "InService", endpoint["FailureReason"]
    runtime = yard.aws.world.client("sagemaker-runtime", REGION)
    said = json.load(runtime.invoke_endpoint(EndpointName="pushed", Body=b"1")["Body"])
    sagemaker.delete_endpoint(EndpointName="pushed")
    return said


def settled(describe: Callable[[], dict[str, Any]], kind: str) -> dict[str, Any]:
    """What is described, when nothing happens to it any more."""
    until(lambda: describe()[f"{kind}Status"] not in ("InProgress", "Creating"))
    return describe()
