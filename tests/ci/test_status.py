"""`status` tells which commit made what, what was changed by hand, and what nobody uses."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from local_test.aws.server import LocalAws
from tests.ci.by_hand import BY_HAND
from tests.ci.developer import Developer
from tests.ci.environment_of_shop import until

CONFIG = {"VariantName": "AllTraffic", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}


@pytest.fixture(scope="module")
def shop(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Developer:
    """Deployed by one commit; live is what another one has released."""
    shop = Developer(local, tmp_path_factory.mktemp("shop"))
    shop.first = shop.git("rev-parse", "HEAD")
    shop.does("deploy")
    shop.upload("train", 40, seed=1)
    shop.upload("test", 60, seed=2)
    shop.push()
    shop.succeeds()
    shop.add_line("container/predictor.py", "# a better one")
    shop.second = shop.commit()
    shop.push(CI_PIPELINE_IID="7")
    return shop


def status(shop: Developer) -> dict[str, Any]:
    return json.loads(shop.does("status", "--json"))


def things(shop: Developer) -> dict[tuple[str, str], dict[str, Any]]:
    """Kind and name without the endpoint's → what is said of it."""
    return {
        (one["kind"], one["name"].removeprefix(shop.endpoint).lstrip("-")): one
        for one in status(shop)["things"]
    }


def drifted(shop: Developer) -> dict[tuple[str, str], list[str]]:
    return {key: one["drift"] for key, one in things(shop).items() if one["drift"]}


def test_before_anything_is_deployed_everything_is_missing(local: LocalAws, tmp_path: Path) -> None:
    fresh = Developer(local, tmp_path, "fresh")
    said = fresh.does("status")
    assert said.count("not there") == 3
    assert "Drift" not in said
    assert "Not known" not in said


def test_everything_has_its_commit_and_no_drift(shop: Developer) -> None:
    found = things(shop)
    commits = {key: one["commit"] for key, one in found.items()}
    of_deploy = {key for key, commit in commits.items() if commit == shop.first}
    assert {kind for kind, _ in of_deploy} == {"stack", "function", "state machine"}
    assert commits[("endpoint", "")] == shop.second
    assert found[("endpoint", "")]["by"] == "pipeline 7"
    assert len(found) == len(of_deploy) + 1
    assert {one["drift"] == [] and one["unchecked"] == "" for one in found.values()} == {True}
    said = shop.does("status")
    assert f"decided by commit {shop.second[:8]} of pipeline 7" in said
    assert "The endpoint's lock is held by nobody; nobody waiting" in said
    assert status(shop)["orphans"] == []
    assert status(shop)["unknown"] == {}


def test_a_commit_that_changes_no_stack_is_not_the_one_that_made_it(shop: Developer) -> None:
    before = things(shop)
    shop.commit({"README.md": "Words.\n"})
    shop.does("deploy")
    assert things(shop) == before


def test_a_commit_is_named_where_it_changed_something_and_only_there(shop: Developer) -> None:
    shop.write(("max_runtime_seconds = 60", "max_runtime_seconds = 61"))
    third = shop.commit({"README.md": "Other words.\n"})
    shop.does("deploy")
    by_third = {key for key, one in things(shop).items() if one["commit"] == third}
    shop.write()
    shop.does("deploy")
    assert by_third == {
        ("stack", "retraining"),
        ("function", "steps"),
        ("function", "trigger"),
    }


def test_changed_files_that_are_no_commit_are_marked(shop: Developer) -> None:
    shop.edit({"README.md": "Not committed.\n"})
    shop.write(("max_runtime_seconds = 60", "max_runtime_seconds = 62"))
    shop.does("deploy")
    commit = things(shop)[("function", "steps")]["commit"]
    shop.git("checkout", "--quiet", "--", ".")
    shop.write()
    shop.does("deploy")
    assert commit == f"{shop.git('rev-parse', 'HEAD')}-changed"


@pytest.mark.parametrize("what", BY_HAND)
def test_what_was_changed_by_hand_is_drift(shop: Developer, what: str) -> None:
    change, thing, sentence = BY_HAND[what]
    undo = change(shop)
    try:
        found = drifted(shop)
        by = things(shop)[thing]["by"]
    finally:
        undo()
    assert found == {thing: [sentence]}
    assert by == "unknown"
    assert drifted(shop) == {}


def test_cloudtrail_names_who_it_was(shop: Developer) -> None:
    name = f"{shop.endpoint}-steps"

    def event(who: str, call: str, when: float, reads: str = "false") -> dict[str, Any]:
        resource = {"ResourceType": "AWS::Lambda::Function", "ResourceName": name}
        return {
            "EventId": call,
            "EventName": call,
            "Username": who,
            "ReadOnly": reads,
            "EventTime": when,
            "Resources": [resource],
        }

    now = time.time()
    shop.world.trail[:] = [
        event("early bird", "CreateFunction", now - 9000),
        event("alice", "UpdateFunctionCode20150331v2", now - 600),
        event("reader", "GetFunction20150331v2", now, "true"),
    ]
    found = things(shop)
    shop.world.trail.clear()
    assert found[("function", "steps")]["by"].startswith("alice (UpdateFunctionCode20150331v2, ")
    assert "alice" not in found[("function", "trigger")]["by"]


def test_an_endpoint_moved_by_hand_is_drift_and_what_is_left_is_an_orphan(shop: Developer) -> None:
    """To a config of its own, and not of another endpoint with a similar name."""
    sagemaker, live = shop.client("sagemaker"), shop.live()
    own, other = f"{shop.endpoint}-by-hand", f"{shop.endpoint}-2-abc"
    for name, endpoint in ((own, shop.endpoint), (other, f"{shop.endpoint}-2")):
        sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[{**CONFIG, "ModelName": live}],
            Tags=[{"Key": "endpoint", "Value": endpoint}],
        )
    moved_to(shop, own)
    moved = drifted(shop)
    moved_to(shop, live)
    assert moved == {
        ("endpoint", ""): [f"{own} is ours, but its release or run has not come to its end."]
    }
    assert [(one["kind"], one["name"]) for one in status(shop)["orphans"]] == [
        ("endpoint config", own)
    ]


def test_what_a_run_under_way_has_made_is_used(shop: Developer) -> None:
    sagemaker, states = shop.client("sagemaker"), shop.client("stepfunctions")
    run = shop.start("-".join(["long-name"] * 6), hyperparameters={"seconds": 60})
    until(lambda: "Train" in shop.entered(run))
    made = f"{shop.endpoint}-under-way"
    job = sagemaker.list_training_jobs(SortBy="CreationTime", SortOrder="Descending")
    arn = job["TrainingJobSummaries"][0]["TrainingJobArn"]
    tags = {one["Key"]: one["Value"] for one in sagemaker.list_tags(ResourceArn=arn)["Tags"]}
    given = [{"Key": key, "Value": tags[key]} for key in ("endpoint", "run")]
    model = sagemaker.describe_model(ModelName=shop.live())
    sagemaker.create_model(
        ModelName=made,
        PrimaryContainer={"Image": model["PrimaryContainer"]["Image"]},
        ExecutionRoleArn=model["ExecutionRoleArn"],
        Tags=given,
    )
    beside = status(shop)["orphans"]
    states.stop_execution(executionArn=run)
    after = status(shop)["orphans"]
    sagemaker.delete_model(ModelName=made)
    assert made not in [one["name"] for one in beside]
    assert made in [one["name"] for one in after]


def test_an_earlier_config_by_hand_is_drift(shop: Developer) -> None:
    live, first = shop.live(), shop.executions()[-1]["name"]
    moved_to(shop, f"{shop.endpoint}-{first}")
    moved = drifted(shop)
    moved_to(shop, live)
    assert moved == {("endpoint", ""): [f"The newest release is {live}: it was changed by hand."]}


def moved_to(shop: Developer, config: str) -> None:
    sagemaker = shop.client("sagemaker")
    sagemaker.update_endpoint(EndpointName=shop.endpoint, EndpointConfigName=config)
    waiter = sagemaker.get_waiter("endpoint_in_service")
    waiter.wait(EndpointName=shop.endpoint, WaiterConfig={"Delay": 1, "MaxAttempts": 100})


def test_what_is_begun_failed_rejected_or_waits_is_listed(shop: Developer) -> None:
    table = shop.outputs("retraining")["LockTable"]
    queue = [{"holder": who, "until": time.time() + 9e9} for who in ("host:1 job", "host:2 job")]
    for item in (
        {
            "name": {"S": f"lock/{shop.endpoint}"},
            "queue": {"S": json.dumps(queue)},
            "version": {"N": "900"},
        },
        {"name": {"S": "rejected/sha256:0000"}, "why": {"S": "it was bad"}},
    ):
        shop.client("dynamodb").put_item(TableName=table, Item=item)
    for state in ("begun", "failed"):
        record = {
            "release": f"{shop.endpoint}-{state}",
            "state": state,
            "time": "2026",
            "kind": "release",
            "commit": "c",
        }
        put_record(shop, record)
    found, said = status(shop), shop.does("status")
    for state in ("begun", "failed"):
        shop.client("s3").delete_object(
            Bucket=shop.bucket, Key=key_of(shop, f"{shop.endpoint}-{state}")
        )
    shop.client("dynamodb").delete_item(
        TableName=table, Key={"name": {"S": f"lock/{shop.endpoint}"}}
    )
    assert found["queue"] == ["host:1 job", "host:2 job"]
    assert found["rejected"] == [{"what": "sha256:0000", "why": "it was bad"}]
    assert [one["release"] for one in found["unfinished"]] == [f"{shop.endpoint}-begun"]
    assert [one["release"] for one in found["failed"]] == [f"{shop.endpoint}-failed"]
    assert "held by host:1 job; 1 waiting" in said
    assert "Begun and not finished:" in said
    assert "Failed releases:" in said


def put_record(shop: Developer, record: dict[str, Any]) -> None:
    key = key_of(shop, record["release"])
    shop.client("s3").put_object(Bucket=shop.bucket, Key=key, Body=json.dumps(record).encode())


def key_of(shop: Developer, release: str) -> str:
    return f"lineage/{shop.endpoint}/{release}.json"


def test_destroy_removes_what_releases_have_made_and_nothing_of_another(shop: Developer) -> None:
    """The last one: the alarm of a release, its scaling, a run that is under way."""
    cloudwatch, sagemaker = shop.client("cloudwatch"), shop.client("sagemaker")
    for endpoint, name in ((shop.endpoint, "x-custom"), (f"{shop.endpoint}-2", "2-abc-errors")):
        cloudwatch.put_metric_alarm(
            AlarmName=f"{shop.endpoint}-{name}",
            Namespace="x",
            MetricName="x",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            Dimensions=[
                {"Name": "EndpointName", "Value": endpoint},
                {"Name": "EndpointConfigName", "Value": "c"},
            ],
        )
    scaling = shop.client("application-autoscaling")
    scaling.register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/{shop.endpoint}/variant/AllTraffic",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=1,
        MaxCapacity=4,
    )
    run = shop.start().rpartition(":")[2]
    done = shop.ci("destroy", "--yes", "test", "--with-data")
    assert done.returncode == 0, done.stderr
    assert f"stopping the run {run}" in done.stderr
    assert "Kept:" in done.stdout
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert sagemaker.list_models()["Models"] == []
    left = sagemaker.list_endpoint_configs()["EndpointConfigs"]
    assert [one["EndpointConfigName"] for one in left] == [f"{shop.endpoint}-2-abc"]
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    assert [one["AlarmName"] for one in alarms] == [f"{shop.endpoint}-2-abc-errors"]
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    assert shop.client("cloudformation").describe_stacks()["Stacks"] == []
