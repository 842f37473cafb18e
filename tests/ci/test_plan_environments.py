"""Plans for environments in every state: what cannot be known is said, and decided safely."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest

from local_test.aws import images
from local_test.aws.server import LocalAws
from tests.ci.developer import Developer
from tests.ci.environment_of_shop import until
from tests.ci.plan_cases import BOTH, FEATURES, LEFT, NOTHING, PREDICTOR, RELEASED, TRAINER
from tests.ci.plan_shop import (
    Change,
    because,
    cloned,
    decided,
    line,
    live_shop,
    plan_of,
    reverted,
    shop,
    told,
)

README = "README.md"
BROKEN = "data/train/flats.csv"
LONG_BAKE = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "ALL_AT_ONCE",
            "WaitIntervalInSeconds": 3600,
        }
    }
}


@pytest.fixture(scope="module")
def served(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Developer:
    """A shop whose predictor was released after the training: live is not what trained."""
    made = live_shop(local, tmp_path_factory.mktemp("served"), "served")
    line(PREDICTOR)(made)
    made.commit(message="Answer better")
    assert "Released" in made.push()
    return made


@pytest.fixture(scope="module")
def new(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Developer:
    """A shop without anything in AWS, at the same commits."""
    return shop(local, tmp_path_factory.mktemp("new"), "new")


def with_change(developer: Developer, place: Path, *changes: Change) -> Developer:
    mine = cloned(developer, place)
    for change in changes:
        change(mine)
    mine.git("add", "--all")
    mine.git("commit", "--quiet", "--allow-empty", "--message", "A change")
    return mine


SERVED = {
    "docs": (line(README), NOTHING, set()),
    "predictor": (line(PREDICTOR), RELEASED, {"predictor.py"}),
    "trainer": (line(TRAINER), LEFT, {"trainer.py"}),
    "features": (line(FEATURES), LEFT, {"features.py"}),
    "reverted": (reverted(), RELEASED, {"predictor.py"}),
}


@pytest.mark.parametrize(("change", "decision", "names"), SERVED.values(), ids=SERVED)
def test_after_a_release_without_training(
    served: Developer, tmp_path: Path, change: Change, decision: tuple[str, bool], names: set[str]
) -> None:
    plan = plan_of(with_change(served, tmp_path / "clone", change))
    assert (decided(plan), because(plan)) == (decision, names), told(plan)
    assert plan["basis"]["live"] == plan["basis"]["pointed"] != plan["basis"]["trained"]


@contextmanager
def without_record(served: Developer, role: str) -> Iterator[None]:
    """Of an image; afterwards it is back."""
    digest = plan_of(served)["basis"][role].rpartition(":")[2]
    s3, place = served.client("s3"), {"Bucket": served.bucket, "Key": f"images/{digest}.json"}
    record = s3.get_object(**place)["Body"].read()
    s3.delete_object(**place)
    yield
    s3.put_object(**place, Body=record)


@contextmanager
def without_image(served: Developer, role: str) -> Iterator[None]:
    """In ECR; afterwards it is back."""
    uri = plan_of(served)["basis"][role]
    repository, _, digest = uri.partition("/")[2].partition("@")
    ecr = served.client("ecr")
    which = {"repositoryName": repository, "imageIds": [{"imageDigest": digest}]}
    image = ecr.batch_get_image(**which)["images"][0]
    tag = ecr.describe_images(**which)["imageDetails"][0]["imageTags"][0]
    ecr.batch_delete_image(**which)
    yield
    ecr.put_image(
        repositoryName=repository,
        imageManifest=image["imageManifest"],
        imageManifestMediaType=image["imageManifestMediaType"],
        imageTag=tag,
    )


@contextmanager
def without_lineage(served: Developer) -> Iterator[None]:
    """The endpoint of somebody else: its config has no tags."""
    sagemaker = served.client("sagemaker")
    found = sagemaker.describe_endpoint_config(
        EndpointConfigName=plan_of(served)["basis"]["config"]
    )
    arn = {"ResourceArn": found["EndpointConfigArn"]}
    tags = sagemaker.list_tags(**arn)["Tags"]
    sagemaker.delete_tags(**arn, TagKeys=[tag["Key"] for tag in tags])
    yield
    sagemaker.add_tags(**arn, Tags=tags)


@contextmanager
def rejected(served: Developer) -> Iterator[None]:
    """The image at the pointer; afterwards nothing is."""
    digest = served.pointer().rpartition("@")[2]
    name = {"name": {"S": f"rejected/{digest}"}}
    dynamodb, table = served.client("dynamodb"), served.outputs("retraining")["LockTable"]
    dynamodb.put_item(TableName=table, Item=name)
    yield
    dynamodb.delete_item(TableName=table, Key=name)


UNKNOWN = "What trained the live artifact is not known, so nothing is released to it."


NOT_KNOWN = {
    "trained_without_record": (
        partial(without_record, role="trained"),
        line(PREDICTOR),
        (LEFT, [UNKNOWN, "has no record"]),
    ),
    "trained_without_record_and_nothing_new": (
        partial(without_record, role="trained"),
        line(README),
        (NOTHING, [UNKNOWN, "has no record"]),
    ),
    "live_without_record": (
        partial(without_record, role="live"),
        line(README),
        (BOTH, ["has no record"]),
    ),
    "live_without_record_and_shared": (
        partial(without_record, role="live"),
        line(FEATURES),
        (LEFT, ["has no record"]),
    ),
    "trained_deleted_from_ecr": (
        partial(without_image, role="trained"),
        line(PREDICTOR),
        (LEFT, [UNKNOWN, "is no longer in ECR"]),
    ),
    "live_deleted_from_ecr": (
        partial(without_image, role="live"),
        line(README),
        (BOTH, ["is no longer in ECR"]),
    ),
    "no_lineage": (without_lineage, line(PREDICTOR), (LEFT, [UNKNOWN])),
    "no_lineage_and_nothing_new": (without_lineage, line(README), (NOTHING, [UNKNOWN])),
    "pointed_is_rejected": (
        rejected,
        line(README),
        (NOTHING, ["The image at the training pointer was rejected: no run uses it."]),
    ),
}


@pytest.mark.parametrize(("state", "change", "expected"), NOT_KNOWN.values(), ids=NOT_KNOWN)
def test_what_is_not_known(
    served: Developer,
    tmp_path: Path,
    state: Callable[[Developer], AbstractContextManager[None]],
    change: Change,
    expected: tuple[tuple[str, bool], list[str]],
) -> None:
    decision, says = expected
    mine = with_change(served, tmp_path / "clone", change)
    with state(served):
        plan = plan_of(mine)
    assert decided(plan) == decision, told(plan)
    for words in says:
        assert any(words in note for note in plan["notes"]), told(plan)


def test_a_rejected_commit_stays_rejected(served: Developer, tmp_path: Path) -> None:
    mine = with_change(served, tmp_path / "clone", line(PREDICTOR))
    plan = plan_of(mine)
    image = images.register(
        served.world,
        mine.clone / "container",
        served.outputs("foundation")["RepositoryName"],
        f"ci-{plan['identity']}",
        served.region,
    )
    dynamodb, table = served.client("dynamodb"), served.outputs("retraining")["LockTable"]
    name = {"name": {"S": f"rejected/{image.rpartition('@')[2]}"}}
    dynamodb.put_item(TableName=table, Item=name)
    assert any("files was rejected" in note for note in plan_of(mine)["notes"])
    done = mine.ci("release")
    assert done.returncode == 1
    assert "was rejected" in done.stderr


def test_what_is_not_committed_is_left_out_and_named(served: Developer, tmp_path: Path) -> None:
    mine = with_change(served, tmp_path / "clone")
    file = mine.clone / PREDICTOR
    file.write_text(f"{file.read_text()}# not committed\n")
    plan = plan_of(mine)
    assert decided(plan) == NOTHING
    assert any(f"not committed: {PREDICTOR}." in note for note in plan["notes"])


def test_two_environments_decide_otherwise_of_one_commit(
    served: Developer, new: Developer, tmp_path: Path
) -> None:
    mine = with_change(served, tmp_path / "clone")
    assert decided(plan_of(mine)) == NOTHING
    mine.settings = new.settings
    assert decided(plan_of(mine)) == LEFT


def test_from_nothing_to_an_endpoint_of_somebody_else(
    new: Developer, served: Developer, tmp_path: Path
) -> None:
    """No stacks, no pointer, no endpoint; then one that is Creating, there, Updating, Failed."""
    plan = plan_of(new)
    assert decided(plan) == LEFT
    assert "python -m ci deploy" in told(plan)
    new.does("deploy")
    plan = plan_of(new)
    assert decided(plan) == LEFT
    assert "No image is at the training pointer yet." in plan["notes"]
    new.push()
    mine = with_change(new, tmp_path / "predictor", line(PREDICTOR))
    assert decided(plan_of(new)) == NOTHING
    plan = plan_of(mine)
    assert (decided(plan), because(plan)) == (LEFT, {"predictor.py"})
    assert "There is no endpoint yet" in told(plan)

    sagemaker, name = new.client("sagemaker"), {"EndpointName": new.endpoint}
    sagemaker.create_endpoint(**name, EndpointConfigName=config_of_others(served, "broken", BROKEN))
    until(lambda: status(new) == "Failed")
    plan = plan_of(mine)
    assert (decided(plan), because(plan)) == (LEFT, {"predictor.py"})
    assert "The endpoint is Failed: nothing can be released" in told(plan)
    sagemaker.delete_endpoint(**name)
    until(lambda: status(new) == "")

    theirs = {**name, "EndpointConfigName": config_of_others(served, "theirs", instances=10)}
    sagemaker.create_endpoint(**theirs)
    assert "The endpoint is Creating: nothing can be released" in told(plan_of(mine))
    until(lambda: status(new) == "InService")
    plan = plan_of(mine)
    assert decided(plan) == LEFT
    assert UNKNOWN in plan["notes"]
    assert any("is named by a tag" in note for note in plan["notes"])
    sagemaker.update_endpoint(**theirs, DeploymentConfig=LONG_BAKE)
    assert "The endpoint is Updating: a release waits" in told(plan_of(mine))


def status(shop: Developer) -> str:
    """Of the endpoint; empty when there is none."""
    found = shop.client("sagemaker").list_endpoints(NameContains=shop.endpoint)["Endpoints"]
    return found[0]["EndpointStatus"] if found else ""


def config_of_others(served: Developer, name: str, artifact: str = "", instances: int = 1) -> str:
    """For an endpoint that a person made in the console: an image by tag, and no lineage.

    Many instances are Creating for as long as somebody needs to look.
    """
    sagemaker = served.client("sagemaker")
    config = sagemaker.describe_endpoint_config(
        EndpointConfigName=plan_of(served)["basis"]["config"]
    )
    variant = config["ProductionVariants"][0]
    model = sagemaker.describe_model(ModelName=variant["ModelName"])
    container = model["PrimaryContainer"]
    container["Image"] = f"{container['Image'].partition('@')[0]}:v1"
    if artifact:
        container["ModelDataUrl"] = f"s3://{served.bucket}/{artifact}"
    sagemaker.create_model(
        ModelName=name, ExecutionRoleArn=model["ExecutionRoleArn"], PrimaryContainer=container
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {**variant, "ModelName": name, "InitialInstanceCount": instances},
        ],
    )
    return name
