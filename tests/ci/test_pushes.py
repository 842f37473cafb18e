"""What becomes of a push: the real pipeline, a real engine, a real registry, in this order."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_test.aws.clock import Clock
from local_test.aws.server import running
from tests.ci.team import FLATS, Team

pytestmark = [
    pytest.mark.docker,
    pytest.mark.gitlab,
    pytest.mark.usefixtures("gitlab_ci_local"),
    pytest.mark.timeout(600),
]
PREDICTOR = "container/predictor.py"
STAGING = "ci/environments/staging.toml"


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """The stacks are there, and data."""
    place = tmp_path_factory.mktemp("team")
    (place / "aws").mkdir()
    with running(place / "aws", "docker", clock=Clock(30)) as aws:
        team = Team(aws, place)
        team.bootstrap("staging", channels(place))
        yield team


def channels(place: Path) -> Path:
    shutil.copy(FLATS / "sample.py", place / "sample_of_flats.py")
    sys.path.insert(0, str(place))
    import sample_of_flats

    sample_of_flats.write_channels(place / "channels")
    return place / "channels"


def test_push_1_is_left_for_training_and_the_run_makes_the_endpoint(team: Team) -> None:
    pipeline = team.push("Everything")
    assert pipeline.succeeded, pipeline.log("publish") + pipeline.log("staging")
    assert "Left for the next training run" in pipeline.log("staging")
    assert team.pointer().rpartition("@")[2] in team.images()
    assert {"flask", "numpy", "libc6"} <= team.materials()
    assert f"release-{team.pointer().rpartition(':')[2][:16]}" in team.tags()
    release = team.trains()
    assert team.live()["config"] == release
    assert team.live()["image"] == team.pointer()
    assert team.ask()["predictions"][0] == pytest.approx(320, abs=15)


def test_push_2_only_the_predictor_goes_live_with_the_same_artifact(team: Team) -> None:
    team.hurry()
    before, jobs = team.live(), team.jobs()
    team.add_line(PREDICTOR, "# a comment")
    with team.customer() as errors:
        pipeline = team.push("Predictor only")
    assert pipeline.succeeded, pipeline.log("publish") + pipeline.log("staging")
    assert errors == []
    now = team.live()
    assert now["artifact"] == before["artifact"]
    assert now["image"] != before["image"]
    assert team.pointer() == now["image"]
    assert team.jobs() == jobs


def test_push_2b_another_form_of_the_reply_needs_other_sample_replies(team: Team) -> None:
    before = team.live()
    team.edit(PREDICTOR, "    def predict(", ENCODE + "    def predict(")
    pipeline = team.push("Another form, and nobody told")
    assert pipeline.status("publish") == "failed"
    assert "sample-replies" in pipeline.log("publish")
    assert team.live() == before
    team.edit("container/replies.json", '{\\"predictions\\":', '{\\"prices\\":')
    pipeline = team.push("Another form, as the sample replies say")
    assert pipeline.succeeded, pipeline.log("publish") + pipeline.log("staging")
    assert team.live()["artifact"] == before["artifact"]
    assert team.live()["image"] != before["image"]
    assert list(team.ask()) == ["prices"]


ENCODE = """    def encode(self, answers: Any, invocation: Any) -> bytes:
        import json

        if invocation.accept == "application/json":
            return json.dumps({"prices": [float(one) for one in answers]}).encode()
        return super().encode(answers, invocation)

"""


def test_push_2c_another_flask_is_released_on_the_proof(team: Team) -> None:
    before = team.live()
    other_flask(team)
    pipeline = team.push("Another Flask")
    assert pipeline.succeeded, pipeline.log("publish") + pipeline.log("staging")
    assert "package flask" in pipeline.log("staging")
    assert team.live()["artifact"] == before["artifact"]
    assert team.live()["image"] != before["image"]


def other_flask(team: Team) -> None:
    """An older version in the lock file, with its hash."""
    lock = "framework/requirements.txt"
    lines = (team.repository.developer / lock).read_text().splitlines(keepends=True)
    begin = next(n for n, line in enumerate(lines) if line.startswith("flask=="))
    end = next(
        n for n in range(begin + 1, len(lines)) if not lines[n].lstrip().startswith("--hash")
    )
    assert lines[begin].split()[0] != OLDER_FLASK[0]
    team.edit(
        lock, "".join(lines[begin:end]), f"{OLDER_FLASK[0]} \\\n    --hash={OLDER_FLASK[1]}\n"
    )


OLDER_FLASK = (
    "flask==3.1.2",
    "sha256:ca1d8112ec8a6158cc29ea4858963350011b5c846a414cdb7a954aa9e967d03c",
)


def test_push_3_only_the_trainer_waits_for_the_next_run(team: Team) -> None:
    before, pointer = team.live(), team.pointer()
    team.add_line("container/trainer.py", "# a comment")
    pipeline = team.push("Trainer only")
    assert pipeline.succeeded, pipeline.log("publish") + pipeline.log("staging")
    assert team.live() == before
    assert team.pointer() != pointer
    waiting = team.pointer()
    team.trains()
    assert team.live()["image"] == waiting


def test_push_4_what_both_share_waits_and_the_message_names_the_file(team: Team) -> None:
    before = team.live()
    team.edit("container/features.py", "SCALE = 100.0", "SCALE = 10.0")
    pipeline = team.push("Shared features")
    assert pipeline.succeeded, pipeline.log("publish") + pipeline.log("staging")
    assert "Training and serving share container/features.py" in pipeline.log("staging")
    assert team.live() == before
    team.trains()
    assert team.live()["image"] == team.pointer()
    assert team.ask()["prices"][0] == pytest.approx(320, abs=15)


def test_push_5_of_docs_builds_nothing(team: Team) -> None:
    before, images = team.live(), team.images()
    team.add_line("container/README.md", "Words.")
    pipeline = team.push("Docs")
    assert pipeline.succeeded
    assert "Nothing is built." in pipeline.log("publish")
    assert team.images() == images
    assert team.live() == before
    planned = json.loads(team.ci("plan", "staging", "--json").stdout)
    assert f"ci-{planned['identity']}" in team.tags()  # where production looks for this commit


def test_push_6_that_breaks_the_golden_answers_touches_nothing(team: Team) -> None:
    before, pointer = team.live(), team.pointer()
    team.edit(PREDICTOR, "+ base)", "+ base + 1)")
    pipeline = team.push("Wrong prices")
    assert pipeline.status("staging") == "failed"
    assert "does not reproduce its golden answers" in pipeline.log("staging")
    assert team.live() == before
    assert team.pointer() == pointer
    team.edit(PREDICTOR, "+ base + 1)", "+ base)")


def test_push_7_that_fails_under_traffic_is_rolled_back_for_good(team: Team) -> None:
    before, pointer = team.live(), team.pointer()
    team.edit(PREDICTOR, "        slope, base = self.model\n", FAILS_LATER)
    with team.customer():
        pipeline = team.push("Fails under traffic")
    assert pipeline.status("staging") == "failed", pipeline.log("staging")
    assert "rolled back" in pipeline.log("staging")
    assert team.live() == before
    assert team.pointer() == pointer
    team.trains()
    assert team.live()["image"] == before["image"]
    team.edit(PREDICTOR, FAILS_LATER, "        slope, base = self.model\n")


FAILS_LATER = """        slope, base = self.model
        if (data["area"] == 100.0).any():  # the sample has no such flat
            raise RuntimeError("the shop is closed")
"""


def test_push_8_of_settings_updates_the_endpoint_without_a_build(team: Team) -> None:
    before, images, jobs = team.live(), team.images(), team.jobs()
    team.edit(STAGING, "instance_count = 2", "instance_count = 3")
    team.add_line("ci/steps/judging.py", "# a comment")
    pipeline = team.push("Three instances, and a line of the function")
    assert pipeline.succeeded, pipeline.log("staging")
    assert "change StepFunction (Lambda::Function)" in pipeline.log("staging")
    now = team.live()
    assert (now["instances"], now["artifact"]) == (3, before["artifact"])
    assert now["image"] == before["image"]
    assert team.images() == images
    assert team.jobs() == jobs


def test_push_9_of_a_broken_template_leaves_the_endpoint_alone(team: Team) -> None:
    before = team.live()
    team.edit("ci/infra/retraining.yaml", "Type: AWS::SQS::Queue\n", "Type: AWS::SQS::Qeueu\n")
    pipeline = team.push("A broken template")
    assert pipeline.status("staging") == "failed"
    assert "flats-staging-retraining" in pipeline.log("staging")
    assert team.live() == before
    team.edit("ci/infra/retraining.yaml", "Type: AWS::SQS::Qeueu\n", "Type: AWS::SQS::Queue\n")


def test_rollback_is_a_job_and_the_next_run_does_not_undo_it(team: Team) -> None:
    team.add_line(PREDICTOR, "# another comment")
    pipeline = team.push("Predictor again")
    assert pipeline.succeeded, pipeline.log("publish") + pipeline.log("staging")
    bad = team.live()
    with team.customer() as errors:
        pipeline.play("rollback staging")
    assert pipeline.status("rollback staging") == "success", pipeline.log("rollback staging")
    assert errors == []
    assert team.live()["image"] != bad["image"]
    team.trains()
    assert team.live()["image"] != bad["image"]
