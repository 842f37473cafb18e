"""The retraining loop with everything in containers: jobs, evaluations, endpoints."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from local_test.aws.clock import Clock
from local_test.aws.server import LocalAws, running
from tests.ci.environment_of_shop import Shop, until

pytestmark = pytest.mark.docker

CLOCK_SPEED = 30
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def local(
    docker_engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalAws]:
    place = tmp_path_factory.mktemp("aws")
    with running(place, "docker", clock=Clock(CLOCK_SPEED)) as aws:
        yield aws


@pytest.fixture(scope="module")
def shop(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A champion of the older libraries is live."""
    image = tmp_path_factory.mktemp("image") / "orchard"
    shutil.copytree(HERE / "orchard", image)
    shutil.copy(HERE / "older_sklearn" / "requirements.txt", image)
    shop = Shop(local, tmp_path_factory.mktemp("shop"))
    shop.deploy(image)
    shop.succeeds()
    return shop


def test_an_update_is_judged_against_an_older_champion_and_loses_no_request(shop: Shop) -> None:
    before = shop.live()
    shop.point(HERE / "shop", "v2")
    shop.upload("train", 4000, seed=3)
    with shop.customer() as errors:
        shop.succeeds()
    assert errors == []
    assert shop.live() != before
    newest = json.loads(shop.ci("history", "--json").stdout)[0]
    assert newest["evaluation"]["champion"]["rows"] == 60


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"error": 15}, "Run.Rejected", "worse"),
        ({"explode": True}, "Run.Failed", "the flux capacitor is empty"),
        ({"greed_mb": 4000}, "Run.Failed", "killed by the kernel for memory"),
    ],
)
def test_what_fails_leaves_the_endpoint_alone(
    shop: Shop, given: dict[str, object], error: str, message: str
) -> None:
    before = shop.live()
    shop.world.memory_mb["ml.m5.large"] = 400
    with shop.customer() as errors:
        ended = shop.ended(shop.start(hyperparameters=given))
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    assert message in ended["cause"]
    assert errors == []
    assert shop.live() == before


def test_a_job_that_is_stopped_or_takes_too_long_ends_the_run(shop: Shop) -> None:
    before = shop.live()
    shop.configure(("max_runtime_seconds = 60", "max_runtime_seconds = 2"))
    ended = shop.ended(shop.start(hyperparameters={"seconds": 30}))
    assert (ended["status"], ended["error"]) == ("FAILED", "Run.MaxRuntime")
    shop.configure()
    execution = shop.start(hyperparameters={"seconds": 30})
    sagemaker = shop.client("sagemaker")
    jobs = until(
        lambda: sagemaker.list_training_jobs(StatusEquals="InProgress")["TrainingJobSummaries"]
    )
    sagemaker.stop_training_job(TrainingJobName=jobs[0]["TrainingJobName"])
    ended = shop.ended(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "Run.Stopped")
    assert shop.live() == before
