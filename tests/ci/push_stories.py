"""What becomes of a push, told once for every repository that includes the pipeline.

The stories follow each other; a test file says which of them it lets happen, and to whom: its
fixture ``team`` has the stacks, data, and an algorithm that is not yet published.
"""

import pytest

from tests.ci.gitlab_pipeline import Pipeline
from tests.ci.team import Team

PREDICTOR, TRAINER = "container/predictor.py", "container/trainer.py"
FEATURES = "container/features.py"
ENCODE = """    def encode(self, answers, invocation):
        import json

        if invocation.accept == "application/json":
            return json.dumps({"prices": [float(one) for one in answers]}).encode()
        return super().encode(answers, invocation)

"""
WRONG = "        data = data + 1\n"
FAILS_LATER = """        if (data.iloc[:, 0] == 100.0).any():  # the sample has no such row
            raise RuntimeError("the shop is closed")
"""


def logs(pipeline: Pipeline) -> str:
    return "".join(job.log for job in pipeline.jobs.values())


def digest(image: str) -> str:
    return image.rpartition("@")[2]


@pytest.mark.docker
@pytest.mark.gitlab
@pytest.mark.usefixtures("gitlab_ci_local")
@pytest.mark.timeout(600)
class FirstPushes:
    """The endpoint comes to be; then each side of the algorithm changes alone."""

    def test_push_1_is_left_for_training_and_the_run_makes_the_endpoint(self, team: Team) -> None:
        pipeline = team.push("Everything")
        assert pipeline.succeeded, logs(pipeline)
        assert "Left for the next training run" in pipeline.log("staging"), logs(pipeline)
        assert digest(team.pointer()) in team.images()
        assert {"flask", "numpy", "libc6"} <= team.materials()
        assert f"release-{team.pointer().rpartition(':')[2][:16]}" in team.tags()
        release = team.trains()
        assert team.live()["config"] == release
        assert team.live()["image"] == team.pointer()
        assert team.ask()["predictions"][0] == team.price

    def test_push_2_only_the_predictor_goes_live_with_the_same_artifact(self, team: Team) -> None:
        team.hurry()
        before, jobs = team.live(), team.jobs()
        team.add_line(PREDICTOR, "# a comment")
        with team.customer() as errors:
            pipeline = team.push("Predictor only")
        assert pipeline.succeeded, logs(pipeline)
        assert errors == []
        now = team.live()
        assert now["artifact"] == before["artifact"]
        assert now["image"] != before["image"]
        assert team.pointer() == now["image"]
        assert team.jobs() == jobs

    def test_push_3_only_the_trainer_waits_for_the_next_run(self, team: Team) -> None:
        before, pointer = team.live(), team.pointer()
        team.add_line(TRAINER, "# a comment")
        pipeline = team.push("Trainer only")
        assert pipeline.succeeded, logs(pipeline)
        assert team.live() == before
        assert team.pointer() != pointer
        waiting = team.pointer()
        team.trains()
        assert team.live()["image"] == waiting


class AllPushes(FirstPushes):
    """After those, everything else that can become of a push."""

    def test_push_2b_another_form_of_the_reply_needs_other_sample_replies(self, team: Team) -> None:
        before = team.live()
        team.edit(PREDICTOR, "    def predict(", ENCODE + "    def predict(")
        pipeline = team.push("Another form, and nobody told")
        assert pipeline.status("publish") == "failed"
        assert "sample-replies" in pipeline.log("publish")
        assert team.live() == before
        team.edit("container/replies.json", '{\\"predictions\\":', '{\\"prices\\":')
        pipeline = team.push("Another form, as the sample replies say")
        assert pipeline.succeeded, logs(pipeline)
        assert team.live()["artifact"] == before["artifact"]
        assert team.live()["image"] != before["image"]
        assert list(team.ask()) == ["prices"]

    def test_push_2c_another_flask_is_released_on_the_proof(self, team: Team) -> None:
        """By the lock file; where the framework is installed, by a new base image."""
        before, jobs = team.live(), team.jobs()
        pipeline = team.takes_another_flask()
        assert pipeline.succeeded, logs(pipeline)
        assert "package flask" in pipeline.log("staging"), logs(pipeline)
        assert team.live()["artifact"] == before["artifact"]
        assert team.live()["image"] != before["image"]
        assert team.jobs() == jobs

    def test_an_older_pipeline_that_ends_later_does_not_move_the_pointer(self, team: Team) -> None:
        before = team.live()
        team.add_line(TRAINER, "# older")
        older = team.push("An older change", only=("publish",))
        team.add_line(TRAINER, "# newer")
        newer = team.push("A newer change")
        assert newer.succeeded, logs(newer)
        pointer = team.pointer()
        older.play()
        assert older.status("staging") == "success", logs(older)
        assert "is newer than" in older.log("staging")
        assert team.pointer() == pointer
        assert team.live() == before

    def test_push_4_what_both_share_waits_and_the_message_names_the_file(self, team: Team) -> None:
        before = team.live()
        team.edit(FEATURES, *team.other_features)
        pipeline = team.push("Shared features")
        assert pipeline.succeeded, logs(pipeline)
        assert f"Training and serving share {FEATURES}" in pipeline.log("staging")
        assert team.live() == before
        team.trains()
        assert team.live()["image"] == team.pointer()
        assert team.ask()["prices"][0] == team.price

    def test_push_5_of_docs_builds_nothing(self, team: Team) -> None:
        before, images = team.live(), team.images()
        team.add_line("container/README.md", "Words.")
        pipeline = team.push("Docs")
        assert pipeline.succeeded
        assert "Nothing is built." in pipeline.log("publish")
        assert team.images() == images
        assert team.live() == before
        assert f"ci-{team.plan()['identity']}" in team.tags()  # where production looks for it

    def test_push_6_that_breaks_the_golden_answers_touches_nothing(self, team: Team) -> None:
        before, pointer = team.live(), team.pointer()
        team.edit(PREDICTOR, team.answer, WRONG + team.answer)
        pipeline = team.push("Wrong prices")
        assert pipeline.status("staging") == "failed", logs(pipeline)
        assert "does not reproduce its golden answers" in pipeline.log("staging"), logs(pipeline)
        assert team.live() == before
        assert team.pointer() == pointer
        team.edit(PREDICTOR, WRONG + team.answer, team.answer)

    def test_push_7_that_fails_under_traffic_is_rolled_back_for_good(self, team: Team) -> None:
        before, pointer = team.live(), team.pointer()
        team.edit(PREDICTOR, team.answer, FAILS_LATER + team.answer)
        with team.customer():
            pipeline = team.push("Fails under traffic")
        assert pipeline.status("staging") == "failed", logs(pipeline)
        assert "rolled back" in pipeline.log("staging"), logs(pipeline)
        assert team.live() == before
        assert team.pointer() == pointer
        team.trains()
        assert team.live()["image"] == before["image"]
        team.edit(PREDICTOR, FAILS_LATER + team.answer, team.answer)

    def test_push_8_of_settings_changes_endpoint_and_stack_without_a_build(
        self, team: Team
    ) -> None:
        before, images, jobs = team.live(), team.images(), team.jobs()
        team.edit(team.staging, "instance_count = 2", "instance_count = 3")
        changed = team.changes_a_stack()
        pipeline = team.push("Three instances, and a stack that changes")
        assert pipeline.succeeded, logs(pipeline)
        assert changed in pipeline.log("staging"), logs(pipeline)
        now = team.live()
        assert (now["instances"], now["artifact"]) == (3, before["artifact"])
        assert now["image"] == before["image"]
        assert team.images() == images
        assert team.jobs() == jobs

    def test_push_9_that_breaks_a_stack_leaves_the_endpoint_alone(self, team: Team) -> None:
        """By its template; where that is installed, by a setting that AWS refuses."""
        before = team.live()
        file, right, wrong = team.breaks_a_stack
        team.edit(file, right, wrong)
        pipeline = team.push("A broken stack")
        assert pipeline.status("staging") == "failed", logs(pipeline)
        assert f"{team.project}-staging-retraining" in pipeline.log("staging").splitlines()[-1]
        assert team.live() == before
        team.edit(file, wrong, right)

    def test_rollback_is_a_job_and_the_next_run_does_not_undo_it(self, team: Team) -> None:
        team.add_line(PREDICTOR, "# another comment")
        pipeline = team.push("Predictor again")
        assert pipeline.succeeded, logs(pipeline)
        bad = team.live()
        with team.customer() as errors:
            pipeline.play("rollback staging")
        assert pipeline.status("rollback staging") == "success", logs(pipeline)
        assert errors == []
        assert team.live()["image"] != bad["image"]
        team.trains()
        assert team.live()["image"] != bad["image"]
        team.edit(PREDICTOR, "\n# another comment\n", "")

    def test_production_takes_the_image_that_staging_has_proven_and_trains_its_own_model(
        self, team: Team
    ) -> None:
        team.bootstrap("production")
        staging = digest(team.live()["image"])
        pipeline = team.push("What was rolled back is taken back")
        assert "Nothing to build and nothing to release." in pipeline.log("staging"), logs(pipeline)
        assert pipeline.status("production") == "manual"
        assert team.images("production") == set()
        pipeline.play("production")
        assert pipeline.status("production") == "success", pipeline.log("production")
        assert "building" not in logs(pipeline)
        assert digest(team.pointer("production")) == staging
        assert team.images("production") == {staging}
        release = team.trains("production")
        trained = team.live("production")
        assert trained["config"] == release
        assert digest(trained["image"]) == staging
        assert team.outputs("production")["ArtifactBucket"] in trained["artifact"]
        assert team.ask("production")["prices"][0] == team.price

        team.add_line(PREDICTOR, "# for both")
        with team.customer("production") as errors:
            pipeline = team.push("Predictor, for both", manual=("production",))
        assert pipeline.status("production") == "success", logs(pipeline)
        assert "building" not in pipeline.log("production")
        assert errors == []
        now = team.live("production")
        assert digest(now["image"]) == digest(team.live()["image"]) != staging
        assert now["artifact"] == trained["artifact"]

    def test_production_refuses_what_staging_has_left_again(self, team: Team) -> None:
        before, images = team.live("production"), team.images("production")
        team.add_line(PREDICTOR, "# seen to be bad in staging")
        pipeline = team.push("Left by staging")
        assert pipeline.succeeded, logs(pipeline)
        pipeline.play("rollback staging")
        assert pipeline.status("rollback staging") == "success", logs(pipeline)
        pipeline.play("production")
        assert pipeline.status("production") == "failed", logs(pipeline)
        assert "staging rejected" in pipeline.log("production").splitlines()[-1], logs(pipeline)
        assert team.live("production") == before
        assert team.images("production") == images
