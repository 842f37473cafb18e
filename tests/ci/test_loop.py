"""The retraining loop from end to end: the shipped stacks and state machine, real jobs."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from local_test.aws.server import LocalAws
from tests.ci.environment_of_shop import Shop, until


@pytest.fixture(scope="module")
def shop(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Deployed, with one release."""
    shop = Shop(local, tmp_path_factory.mktemp("shop"))
    shop.deploy()
    done = shop.ci("run", "--name", "first")
    assert done.returncode == 0, done.stderr
    return shop


@pytest.fixture(autouse=True)
def restored(shop: Shop) -> Iterator[None]:
    """What a test has changed is as it was before the next one."""
    yield
    shop.restore()


def test_the_first_run_creates_the_endpoint_and_the_second_updates_it(shop: Shop) -> None:
    before = shop.live()
    assert shop.ask(100) == pytest.approx(320, abs=15)
    shop.upload("train", 4000, seed=3)
    with shop.customer() as errors:
        done = shop.ci("run", "--name", "second", "--json")
    assert done.returncode == 0, done.stderr
    assert errors == []
    assert shop.live() != before
    assert json.loads(done.stdout)["released"]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"error": 15}, "Run.Rejected", "worse"),
        ({"explode": True}, "Run.Failed", "the flux capacitor is empty"),
        ({"killed": True}, "Run.Failed", "was killed by SIGKILL"),
        ({"error": "much"}, "Run.Failed", "Input should be a valid number"),
    ],
)
def test_what_fails_before_the_release_leaves_the_endpoint_alone(
    shop: Shop, given: dict[str, object], error: str, message: str
) -> None:
    before = shop.live()
    with shop.customer() as errors:
        ended = shop.ended(shop.start(hyperparameters=given))
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    assert message in ended["cause"]
    assert errors == []
    assert shop.live() == before


def test_a_job_that_is_stopped_ends_the_run(shop: Shop) -> None:
    before = shop.live()
    execution = shop.start(hyperparameters={"seconds": 30})
    sagemaker = shop.client("sagemaker")

    def training() -> str | None:
        found = sagemaker.list_training_jobs(StatusEquals="InProgress")["TrainingJobSummaries"]
        return found[0]["TrainingJobName"] if found else None

    sagemaker.stop_training_job(TrainingJobName=until(training))
    ended = shop.ended(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "Run.Stopped")
    assert shop.live() == before


def test_a_job_that_takes_too_long_ends_the_run(shop: Shop) -> None:
    before = shop.live()
    shop.configure(("max_runtime_seconds = 60", "max_runtime_seconds = 2"))
    ended = shop.ended(shop.start(hyperparameters={"seconds": 30}))
    assert (ended["status"], ended["error"]) == ("FAILED", "Run.MaxRuntime")
    assert "max_runtime_seconds" in ended["cause"]
    assert shop.live() == before


def test_a_subnet_without_capacity_is_followed_by_the_next(shop: Shop) -> None:
    network = """max_runtime_seconds = 60
subnets = ["subnet-full", "subnet-free"]
security_groups = ["sg-1"]"""
    shop.configure(("max_runtime_seconds = 60", network))
    shop.world.without_capacity.add("subnet-full")
    shop.succeeds()
    shop.world.without_capacity.add("subnet-free")
    ended = shop.ended(shop.start())
    assert (ended["status"], ended["error"]) == ("FAILED", "Run.Capacity")


def test_a_model_that_waits_for_approval_is_registered_and_not_released(shop: Shop) -> None:
    before = shop.live()
    shop.configure(("[triggers]", '[registry]\napproval = "manual"\n[triggers]'))
    output = json.loads(shop.succeeds()["output"])
    assert not output["released"]
    package = shop.client("sagemaker").describe_model_package(ModelPackageName=output["package"])
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert shop.live() == before


def test_data_that_cannot_be_used_are_named(shop: Shop) -> None:
    shop.upload("train", 40, seed=4, header="surface,price")
    ended = shop.ended(shop.start())
    assert (ended["status"], ended["error"]) == ("FAILED", "Run.Data")
    assert "train.area" in ended["cause"]


def test_a_search_ends_with_its_best_model_on_the_endpoint(shop: Shop) -> None:
    before = shop.live()
    dearer = {"base": 60, "seed": 7}
    shop.upload("train", 4000, **dearer)
    shop.upload("test", 60, **dearer)
    fixed = {"explode": False, "killed": False, "epochs": 60}
    shop.succeeds("search", tune=True, hyperparameters=fixed)
    sagemaker = shop.client("sagemaker")
    search = sagemaker.list_hyper_parameter_tuning_jobs()["HyperParameterTuningJobSummaries"][0]
    name = {"HyperParameterTuningJobName": search["HyperParameterTuningJobName"]}
    children = sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(**name)
    jobs = children["TrainingJobSummaries"]
    assert len(jobs) == 8
    assert "Stopped" in {job["TrainingJobStatus"] for job in jobs}
    best = min(
        (job for job in jobs if job["TrainingJobStatus"] == "Completed"),
        key=lambda job: job["FinalHyperParameterTuningJobObjectiveMetric"]["Value"],
    )
    found = sagemaker.describe_hyper_parameter_tuning_job(**name)
    assert found["BestTrainingJob"]["TrainingJobName"] == best["TrainingJobName"]
    assert shop.live() != before
    live = json.loads(shop.ci("history", "--json").stdout)[0]
    assert live["training_job"] == best["TrainingJobName"]
    assert live["hyperparameters"] == {
        "explode": "false",
        "killed": "false",
        "epochs": "60",
        **best["TunedHyperParameters"],
    }
    error = float(best["TunedHyperParameters"]["error"])
    assert shop.ask(100) == pytest.approx(360 + error, abs=3)


def test_two_runs_at_once_end_in_order(shop: Shop) -> None:
    first = shop.start()
    until(lambda: "Look at the data" in shop.entered(first))
    second = shop.start()
    endings = [shop.ended(first), shop.ended(second)]
    assert [one["status"] for one in endings] == ["SUCCEEDED", "SUCCEEDED"], endings
    assert endings[0]["stopDate"] < endings[1]["stopDate"]
    assert shop.live() == json.loads(endings[1]["output"])["model"]


def test_a_run_that_is_aborted_does_not_hold_the_endpoint(shop: Shop) -> None:
    first = shop.start(hyperparameters={"seconds": 30})
    sagemaker = shop.client("sagemaker")
    until(lambda: sagemaker.list_training_jobs(StatusEquals="InProgress")["TrainingJobSummaries"])
    shop.client("stepfunctions").stop_execution(executionArn=first)
    shop.succeeds()


def test_history_makes_a_run_again_with_the_same_answers(shop: Shop) -> None:
    answer = shop.ask(123)
    records = json.loads(shop.ci("history", "--json").stdout)
    live = next(one for one in records if one["release"] == shop.live())
    assert all(one["version"] for one in live["data_versions"]["train"])
    shop.upload("train", 40, seed=99)
    done = shop.ci("history", "--again", live["run"])
    assert done.returncode == 0, done.stderr
    assert shop.live() != live["release"]
    assert shop.ask(123) == answer


def test_ten_uploads_start_one_run_and_a_schedule_another(shop: Shop) -> None:
    shop.configure(('schedule = ""\non_upload = false', 'schedule = "rate(6 hours)"'))
    known = len(shop.executions())
    for seed in (*range(9), 3):
        shop.upload("train", 4000, seed=seed)
    until(lambda: len(shop.executions()) > known)
    upload = shop.executions()[0]["executionArn"]
    assert shop.ended(upload)["status"] == "SUCCEEDED"
    assert len(shop.executions()) == known + 1
    shop.world.clock.advance(timedelta(hours=6))
    until(lambda: len(shop.executions()) > known + 1)
    newest = shop.client("stepfunctions").describe_execution(
        executionArn=shop.executions()[0]["executionArn"]
    )
    assert json.loads(newest["input"]) == {"cause": "schedule"}
    assert shop.ended(newest["executionArn"])["status"] == "SUCCEEDED"


def test_an_unchanged_deploy_changes_nothing_and_a_stack_goes_back(shop: Shop) -> None:
    shop.configure(("on_upload = false", "on_upload = true"))
    unchanged = shop.ci("deploy")
    assert "nothing to change" in unchanged.stderr
    assert "New data." in rules(shop)
    back = shop.ci("back", "retraining")
    assert back.returncode == 0, back.stderr
    assert "New data." not in rules(shop)
    shop.succeeds()


def test_an_update_that_fails_leaves_what_was_there(shop: Shop) -> None:
    before = shop.resources()
    shop.write(('schedule = ""', 'schedule = "every now and then"'))
    failed = shop.ci("deploy")
    assert failed.returncode == 1
    assert "Schedule" in failed.stderr
    assert shop.resources() == before
    shop.succeeds()


def test_scaling_follows_the_load_and_survives_an_update(shop: Shop) -> None:
    scaling = "[scaling]\nminimum = 2\nmaximum = 3\ninvocations_per_minute = 20\n[triggers]"
    shop.configure(("[triggers]", scaling))
    shop.succeeds()
    with shop.customer() as errors:
        until(lambda: shop.instances() == 3)
        shop.succeeds()
        assert shop.instances() == 3
    assert errors == []
    until(lambda: a_quiet_while(shop) and shop.instances() == 2)


def test_a_second_environment_lives_beside_it_and_is_destroyed_alone(
    shop: Shop, local: LocalAws, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Shop(local, tmp_path_factory.mktemp("other"), project="stall", region="us-west-2")
    other.deploy()
    more = tmp_path_factory.mktemp("more")
    (more / "train/old").mkdir(parents=True)
    (more / "train/old/flats.csv").write_text("area,price\n50,170\n60,200\n")
    uploaded = other.ci("upload", str(more))
    assert uploaded.returncode == 0, uploaded.stderr
    there = other.client("s3").list_objects_v2(Bucket=other.bucket, Prefix="data/train/old/")
    assert [one["Key"] for one in there["Contents"]] == ["data/train/old/flats.csv"]
    (more / "trian").mkdir()
    refused = other.ci("upload", str(more))
    assert refused.returncode == 1
    assert "has a folder trian, but the channels are train, test" in refused.stderr
    done = other.ci("run")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{other.endpoint} runs {other.live()} and answers as it should.\n"
    refused = other.ci("destroy")
    assert refused.returncode == 1
    assert "--yes test" in refused.stderr
    gone = other.ci("destroy", "--yes", "test", "--with-data")
    assert gone.returncode == 0, gone.stderr
    assert left_in(other) == {"kms"}
    assert gone.stdout.startswith("Kept:")
    again = other.ci("deploy")
    assert again.returncode == 0, again.stderr
    unused = other.ci("destroy", "--yes", "test", "--with-data")
    assert unused.returncode == 0, unused.stderr
    assert shop.ask(100) > 0


def rules(shop: Shop) -> list[str]:
    """What the account's rules say about themselves."""
    return [rule["Description"] for rule in shop.client("events").list_rules()["Rules"]]


def a_quiet_while(shop: Shop) -> bool:
    """One request, and another within the minute: without any there would be no metric."""
    shop.ask()
    shop.world.clock.advance(timedelta(seconds=20))
    return True


def left_in(shop: Shop) -> set[str]:
    """The services that still have something of a region's only environment."""
    found = {
        "sagemaker": [
            *shop.client("sagemaker").list_endpoints()["Endpoints"],
            *shop.client("sagemaker").list_endpoint_configs()["EndpointConfigs"],
            *shop.client("sagemaker").list_models()["Models"],
            *shop.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"],
        ],
        "application-autoscaling": shop.client("application-autoscaling").describe_scalable_targets(
            ServiceNamespace="sagemaker"
        )["ScalableTargets"],
        "cloudformation": [
            stack
            for stack in shop.client("cloudformation").list_stacks()["StackSummaries"]
            if stack["StackStatus"] != "DELETE_COMPLETE"
        ],
        "cloudwatch": shop.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "dynamodb": shop.client("dynamodb").list_tables()["TableNames"],
        "ecr": shop.client("ecr").describe_repositories()["repositories"],
        "events": shop.client("events").list_rules()["Rules"],
        "iam": [
            role
            for role in shop.client("iam").list_roles()["Roles"]
            if role["RoleName"].startswith(shop.endpoint)
        ],
        "kms": shop.client("kms").list_keys()["Keys"],
        "lambda": shop.client("lambda").list_functions()["Functions"],
        "s3": [
            bucket
            for bucket in shop.client("s3").list_buckets()["Buckets"]
            if bucket["Name"].startswith(shop.endpoint)
        ],
        "sns": shop.client("sns").list_topics()["Topics"],
        "sqs": shop.client("sqs").list_queues().get("QueueUrls", []),
        "ssm": shop.client("ssm").describe_parameters()["Parameters"],
        "states": shop.client("stepfunctions").list_state_machines()["stateMachines"],
    }
    return {service for service, things in found.items() if things}
