"""Two pipelines at once, a pipeline beside a run, rollbacks between: the newest decision wins."""

import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ci import client, holding
from ci.deployment import Deployment
from local_test.aws.server import LocalAws
from tests.ci.developer import FEATURES, Developer
from tests.ci.environment_of_shop import until

AT_ONCE = (
    ("instance_count = 2", "instance_count = 1"),
    ('policy = "canary"', 'policy = "all-at-once"'),
    ("bake_seconds = 30", "bake_seconds = 0"),
)
SERVING, TRAINING = "container/predictor.py", "container/trainer.py"


class Pipelines(Developer):
    """A developer whose pushes are pipelines with a number, as GitLab counts them."""

    pipeline = 0

    def pushed(self, *files: str) -> tuple[str, ...]:
        """Change files, and publish: what a job of this pipeline gives `release`."""
        self.pipeline += 1
        for name in files:
            self.add_line(name, f"# {self.pipeline}")
        commit = self.commit()
        return "--commit", commit, "--image", self.publish()

    def pipeline_of(self, pushed: tuple[str, ...], number: int) -> subprocess.Popen[str]:
        """Its job, which is not waited for."""
        return self.starts("release", *pushed, CI_PIPELINE_IID=str(number))

    def released(self, pushed: tuple[str, ...], number: int) -> tuple[int, str]:
        """Its job to its end: exit code, and what it said."""
        return ended(self.pipeline_of(pushed, number))

    def image(self) -> str:
        """Of the model that is live."""
        return self._model(self.live())["Image"]

    def artifact(self) -> str:
        return self._model(self.live())["ModelDataUrl"]

    def images(self) -> set[str]:
        """Of every endpoint config that there is."""
        found = self.client("sagemaker").list_endpoint_configs(NameContains=f"{self.endpoint}-")
        return {self._model(one["EndpointConfigName"])["Image"] for one in found["EndpointConfigs"]}

    def _model(self, name: str) -> dict[str, Any]:
        return self.client("sagemaker").describe_model(ModelName=name)["PrimaryContainer"]


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    said, told = process.communicate(timeout=170)
    return process.returncode, said + told


def image_of(pushed: tuple[str, ...]) -> str:
    return pushed[-1]


@pytest.fixture(scope="module")
def shop(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Pipelines:
    shop = Pipelines(local, tmp_path_factory.mktemp("pipelines"))
    shop.write(*AT_ONCE)
    shop.does("deploy")
    shop.upload("train", 40, seed=1)
    shop.upload("test", 60, seed=2)
    shop.push()
    shop.succeeds()
    return shop


@pytest.mark.parametrize("first", ["older", "newer"])
def test_of_two_pipelines_at_once_the_newer_wins(shop: Pipelines, first: str) -> None:
    older, newer = shop.pushed(SERVING), shop.pushed(SERVING)
    number = shop.pipeline
    pairs = [(older, number - 1), (newer, number)]
    with shop.customer() as errors:
        processes = {}
        for pushed, one in pairs if first == "older" else pairs[::-1]:
            processes[one] = shop.pipeline_of(pushed, one)
            time.sleep(0.3)
        (old_code, old_said), (new_code, new_said) = map(
            ended, (processes[number - 1], processes[number])
        )
    assert new_code == 0, new_said
    assert old_code == 0 or "is newer than" in old_said, old_said
    assert shop.image() == shop.pointer() == image_of(newer)
    assert errors == []


def test_an_older_pipeline_that_ends_later_does_not_move_the_pointer(shop: Pipelines) -> None:
    older, newer = shop.pushed(TRAINING), shop.pushed(TRAINING)
    live = shop.live()
    assert shop.released(newer, shop.pipeline)[0] == 0
    code, said = shop.released(older, shop.pipeline - 1)
    assert (code, "is newer than" in said) == (0, True), said
    assert shop.pointer() == image_of(newer)
    assert shop.live() == live


@pytest.mark.parametrize("side", [SERVING, TRAINING])
def test_what_a_newer_pipeline_has_taken_back_does_not_come_late(
    shop: Pipelines, side: str
) -> None:
    text = (shop.clone / side).read_text()
    older = shop.pushed(side)
    shop.edit({side: text})
    newer = shop.pushed()
    live, pointer = shop.live(), shop.pointer()
    code, said = shop.released(newer, shop.pipeline)
    assert (code, "Nothing to build" in said) == (0, True), said
    code, said = shop.released(older, shop.pipeline - 1)
    assert "is newer than" in said, said
    assert (shop.live(), shop.pointer()) == (live, pointer)


def test_a_release_after_a_run_serves_what_the_run_has_trained(shop: Pipelines) -> None:
    before = shop.artifact()
    serving = shop.pushed(SERVING)
    shop.upload("train", 4000, seed=3)
    run = shop.start(hyperparameters={"seconds": 4})
    until(lambda: "Train" in shop.entered(run))
    code, said = shop.released(serving, shop.pipeline)
    assert shop.ended(run)["status"] == "SUCCEEDED"
    assert code == 0, said
    assert shop.image() == shop.pointer() == image_of(serving)
    assert shop.artifact() not in ("", before)


def test_what_is_rolled_back_does_not_come_back(shop: Pipelines) -> None:
    good = shop.pushed(SERVING)
    shop.released(good, shop.pipeline)
    late = shop.pushed(TRAINING)
    bad = shop.pushed(SERVING)
    number = shop.pipeline
    with shop.customer() as errors:
        assert shop.released(bad, number)[0] == 0
        assert shop.image() == image_of(bad)
        shop.does("rollback")
        config, history = shop.live(), shop.does("history", "--json")
        assert "already" in shop.does("rollback")
        assert shop.does("history", "--json") == history
        assert "put back by the rollback of" in shop.does("status")
    assert errors == []
    assert shop.live() == config
    assert shop.image() == shop.pointer() == image_of(good)
    code, said = shop.released(late, number - 1)
    assert (code, "is newer than" in said) == (0, True), said
    code, said = shop.released(bad, number)
    assert (code, "was rejected" in said) == (1, True), said
    shop.succeeds()
    assert shop.image() == shop.pointer() == image_of(good)


def test_a_pipeline_beside_a_run_puts_no_new_code_before_a_model_of_other_code(
    shop: Pipelines,
) -> None:
    shop.edit({"container/features.py": f"{FEATURES}# shared\n"})
    shared = shop.pushed()
    assert shop.released(shared, shop.pipeline)[0] == 0
    shop.edit({"container/features.py": FEATURES})
    back = shop.pushed(SERVING)
    run = shop.start(hyperparameters={"seconds": 8})
    until(lambda: "Train" in shop.entered(run))
    code, said = shop.released(back, shop.pipeline)
    assert shop.ended(run)["status"] == "SUCCEEDED"
    assert code == 0, said
    assert "waiting for arn:" in said
    assert "Planning again" in said
    assert (shop.image(), shop.pointer()) == (image_of(shared), image_of(back))
    assert image_of(back) not in shop.images()


@pytest.fixture
def deployment(shop: Pipelines, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """The shop's, for what is called in this process."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setenv("AWS_ENDPOINT_URL", shop.world.url)
    monkeypatch.setattr(holding, "LEASE_SECONDS", 1)
    client.client.cache_clear()
    yield Deployment.of(str(shop.settings))
    client.client.cache_clear()


def test_the_lock_outlives_its_lease_while_its_holder_does(deployment: Deployment) -> None:
    setting = deployment.setting()
    with holding.holding(setting, print) as held:
        time.sleep(2)
        assert setting.lock.acquire("another host:1", 60)[0] is False
        held.check()
    assert setting.lock.acquire("another host:1", 60)[0] is True
    setting.lock.release("another host:1")


def test_a_holder_that_cannot_renew_changes_nothing_more(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with holding.holding(deployment.setting(), print) as held:
        monkeypatch.setattr(held, "renew", lambda: 1 / 0)
        time.sleep(1.5)
        with pytest.raises(holding.LockLost, match="Run the command again"):
            held.check()
