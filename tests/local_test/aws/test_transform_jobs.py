"""Transform jobs: objects in S3 become .out objects by way of a real container."""

import gzip
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_test.aws.server import LocalAws
from tests.local_test.aws.hosting import BUCKET, ROLE, Hosting, until
from tests.local_test.conftest import processes

DATA = "data"
ENDED = ("Completed", "Failed", "Stopped")
GROUP = "/aws/sagemaker/TransformJobs"
INSTANCE = "ml.m5.large"
ARN = "arn:aws:sagemaker:us-east-1:123456789012"


class Transforms:
    """Objects in a bucket, and jobs that transform them with models of the small algorithm."""

    def __init__(self, aws: LocalAws):
        self.world = aws.world
        self.hosting = Hosting(aws)
        self.sagemaker = self.hosting.sagemaker
        self.s3 = self.hosting.s3
        self.s3.create_bucket(Bucket=DATA)
        self.hosting.model("v3")

    def put(self, key: str, body: str | bytes) -> None:
        self.s3.put_object(Bucket=DATA, Key=key, Body=body)

    def trained(self, archive: Path) -> None:
        """Create the model "trained", which knows the columns that it was trained on."""
        self.s3.upload_file(str(archive), BUCKET, "trained.tar.gz")
        container = {"Image": self.hosting.image, "ModelDataUrl": f"s3://{BUCKET}/trained.tar.gz"}
        self.sagemaker.create_model(
            ModelName="trained", ExecutionRoleArn=ROLE, PrimaryContainer=container
        )

    def asked(self, name: str, prefix: str, **more: Any) -> dict[str, Any]:
        """A request that splits CSV by line; ``TransformInput`` and so on are merged into it."""
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{DATA}/{prefix}"}
        request = {
            "TransformJobName": name,
            "ModelName": "v3",
            "TransformInput": {
                "DataSource": {"S3DataSource": source},
                "ContentType": "text/csv",
                "SplitType": "Line",
            },
            "TransformOutput": {
                "S3OutputPath": f"s3://{DATA}/{name}",
                "Accept": "text/csv",
                "AssembleWith": "Line",
            },
            "TransformResources": {"InstanceType": INSTANCE, "InstanceCount": 1},
        }
        return {
            **request,
            **{
                key: {**request.get(key, {}), **value} if isinstance(value, dict) else value
                for key, value in more.items()
            },
        }

    def create(self, name: str, prefix: str, **more: Any) -> str:
        """Start a job; its ARN."""
        created = self.sagemaker.create_transform_job(**self.asked(name, prefix, **more))
        return created["TransformJobArn"]

    def run(self, name: str, prefix: str, **more: Any) -> dict[str, Any]:
        """A job that has ended."""
        self.create(name, prefix, **more)
        return self.ended(name)

    def describe(self, name: str) -> dict[str, Any]:
        return self.sagemaker.describe_transform_job(TransformJobName=name)

    def ended(self, name: str) -> dict[str, Any]:
        until(lambda: self.describe(name)["TransformJobStatus"] in ENDED)
        return self.describe(name)

    def results(self, name: str) -> dict[str, str]:
        """What a job has stored: key below its output → content."""
        found = self.s3.list_objects_v2(Bucket=DATA, Prefix=f"{name}/").get("Contents", [])
        keys = [item["Key"] for item in found]
        return {key.removeprefix(f"{name}/"): self.content(key) for key in keys}

    def content(self, key: str) -> str:
        return self.s3.get_object(Bucket=DATA, Key=key)["Body"].read().decode()

    def log(self, name: str) -> str:
        events = self.world.client("logs").filter_log_events(
            logGroupName=GROUP, logStreamNamePrefix=f"{name}/"
        )["events"]
        return "\n".join(event["message"] for event in events)

    def containers(self) -> list[str]:
        """What runs for jobs, and their directories: nothing when all have ended."""
        room = str(self.world.scratch / "jobs")
        until(lambda: not any("opt-ml" in names for _, names, _ in os.walk(room)))
        return [line for line in processes().values() if room in line]


@pytest.fixture
def transforms(aws: LocalAws) -> Transforms:
    return Transforms(aws)


def test_rows_are_answered_in_order_and_the_job_is_described(transforms: Transforms) -> None:
    rows = range(50)
    transforms.put("in/rows.csv", "".join(f"{row},1\n" for row in rows))
    arn = transforms.create(
        "one", "in/rows.csv", BatchStrategy="SingleRecord", MaxConcurrentTransforms=4
    )
    assert arn == f"{ARN}:transform-job/one"
    assert transforms.describe("one")["TransformJobStatus"] == "InProgress"
    described = transforms.ended("one")
    assert described["TransformJobStatus"] == "Completed", described
    answers = transforms.results("one")
    assert list(answers) == ["rows.csv.out"]
    assert [float(a) for a in answers["rows.csv.out"].split()] == [3.0 * (r + 1) for r in rows]
    assert "FailureReason" not in described
    assert described["MaxConcurrentTransforms"] == 4
    assert (
        described["CreationTime"] <= described["TransformStartTime"] < described["TransformEndTime"]
    )
    transforms.run("two", "in/rows.csv", MaxPayloadInMB=1)
    assert transforms.results("two") == answers
    listed = transforms.sagemaker.list_transform_jobs(NameContains="w", StatusEquals="Completed")
    (summary,) = listed["TransformJobSummaries"]
    assert summary["TransformJobName"] == "two"
    assert summary["TransformEndTime"] == transforms.describe("two")["TransformEndTime"]


def test_the_container_is_told_and_asked_and_its_log_is_kept(transforms: Transforms) -> None:
    transforms.put("in/a.csv", "1,1\n")
    environment = {"SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "3"}
    transforms.run("told", "in", MaxPayloadInMB=2, Environment=environment)
    log = transforms.log("told")
    assert (
        "[sagemaker logs]: MaxConcurrentTransforms=3, MaxPayloadInMB=2, BatchStrategy=MultiRecord"
        in log
    )
    assert "gunicorn" in log


def test_every_object_below_a_prefix_becomes_one(transforms: Transforms) -> None:
    for key, body in {"a.csv": "1,1\n", "deep/b.csv": "2,2\n3,3", "deep/er/c.csv": ""}.items():
        transforms.put(f"in/{key}", body)
    transforms.put("in/empty-folder/", b"")
    transforms.put("other/d.csv", "9,9\n")
    described = transforms.run("many", "in/")
    assert described["TransformJobStatus"] == "Completed", described
    assert transforms.results("many") == {
        "a.csv.out": "6.0\n",
        "deep/b.csv.out": "12.0\n18.0\n",
        "deep/er/c.csv.out": "",
    }


def test_compressed_objects_are_read_and_others_said_to_be_none(transforms: Transforms) -> None:
    transforms.put("zipped/a.csv.gz", gzip.compress(b"1,1\n2,2\n"))
    described = transforms.run("gzip", "zipped", TransformInput={"CompressionType": "Gzip"})
    assert described["TransformJobStatus"] == "Completed", described
    assert transforms.results("gzip") == {"a.csv.gz.out": "6.0\n12.0\n"}
    transforms.put("zipped/b.csv", "1,1\n")
    described = transforms.run("plain", "zipped", TransformInput={"CompressionType": "Gzip"})
    assert described["FailureReason"].startswith("ClientError: CompressionType is Gzip, but b.csv")
    assert transforms.results("plain") == {}


def test_whole_objects_are_sent_without_a_split(transforms: Transforms) -> None:
    transforms.put("in/a.json", "[[1, 1], [2, 2]]")
    described = transforms.run(
        "whole",
        "in",
        TransformInput={"ContentType": "application/json", "SplitType": "None"},
        TransformOutput={"Accept": "application/json", "AssembleWith": "None"},
        MaxPayloadInMB=0,
    )
    assert described["TransformJobStatus"] == "Completed", described
    answer = json.loads(transforms.results("whole")["a.json.out"])
    assert answer["predictions"] == [6.0, 12.0]


def test_answers_are_filtered_and_joined_with_their_rows(transforms: Transforms) -> None:
    transforms.put("in/a.csv", "id7,1,1\nid8,2,2\n")
    processing = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}
    described = transforms.run("joined", "in", DataProcessing=processing)
    assert described["TransformJobStatus"] == "Completed", described
    assert transforms.results("joined") == {"a.csv.out": "id7,6.0\nid8,12.0\n"}


def test_a_bad_row_is_named_and_costs_its_object_alone(transforms: Transforms, model: Path) -> None:
    messages = listener(transforms)
    transforms.trained(model)
    transforms.put("in/bad.csv", "1,1\n2,two\n3,3\n")
    transforms.put("in/good.csv", "1,1\n")
    described = transforms.run("bad", "in/", ModelName="trained", BatchStrategy="SingleRecord")
    assert described["TransformJobStatus"] == "Failed"
    reason = described["FailureReason"]
    assert reason.startswith("ClientError: See job logs for more information. bad.csv: Record 2: ")
    assert transforms.results("bad") == {"good.csv.out": "5.0\n"}
    said = "bad.csv: Record 2: bad HTTP status received from algorithm: 422"
    assert said in transforms.log("bad")
    (message,) = until(messages)
    assert message["detail-type"] == "SageMaker Transform Job State Change"
    assert message["source"] == "aws.sagemaker"
    assert message["resources"] == [described["TransformJobArn"]]
    detail = message["detail"]
    assert (detail["TransformJobName"], detail["TransformJobStatus"]) == ("bad", "Failed")
    assert detail["FailureReason"] == reason
    described = transforms.run("together", "in/bad.csv", ModelName="trained")
    assert "row 2" in described["FailureReason"]
    assert transforms.results("together") == {}


def test_a_model_that_fails_is_the_algorithms_fault(transforms: Transforms) -> None:
    transforms.put("in/a.csv", "1,1\n-1,1\n")
    client = {"InvocationsMaxRetries": 1}
    described = transforms.run(
        "fails", "in", ModelClientConfig=client, BatchStrategy="SingleRecord"
    )
    assert described["TransformJobStatus"] == "Failed"
    assert described["FailureReason"].startswith(
        "AlgorithmError: See job logs for more information. a.csv: Record 2: "
    )
    assert transforms.results("fails") == {}
    assert "trouble was asked for" in transforms.log("fails")


def test_a_container_that_does_not_come_up_is_said(transforms: Transforms) -> None:
    transforms.put("in/a.csv", "1,1\n")
    described = transforms.run("dead", "in", ModelName=transforms.hosting.model("unloadable"))
    assert described["FailureReason"] == (
        "AlgorithmError: Model container failed to respond to ping. Please ensure /ping endpoint "
        "is implemented and responds with an HTTP 200 status code"
    )
    assert "model.json" in transforms.log("dead")


def test_a_stopped_job_ends_soon_and_stores_nothing(transforms: Transforms) -> None:
    transforms.put("in/a.csv", "1,1\n")
    transforms.put("in/slow.csv", "-2,1\n" * 40)
    transforms.create("halted", "in/", BatchStrategy="SingleRecord")
    until(lambda: "TransformStartTime" in transforms.describe("halted"))
    began = time.monotonic()
    transforms.sagemaker.stop_transform_job(TransformJobName="halted")
    described = transforms.ended("halted")
    assert time.monotonic() - began < 30
    assert described["TransformJobStatus"] == "Stopped"
    assert "FailureReason" not in described
    assert transforms.results("halted") == {}
    assert transforms.containers() == []
    with pytest.raises(ClientError, match="transform job is in status Stopped"):
        transforms.sagemaker.stop_transform_job(TransformJobName="halted")


def test_a_job_can_be_stopped_before_its_container_answers(transforms: Transforms) -> None:
    transforms.put("in/a.csv", "1,1\n")
    transforms.create("early", "in/")
    transforms.sagemaker.stop_transform_job(TransformJobName="early")
    assert transforms.ended("early")["TransformJobStatus"] == "Stopped"
    assert transforms.results("early") == {}
    assert transforms.containers() == []


def test_without_capacity_nothing_starts(transforms: Transforms) -> None:
    transforms.put("in/a.csv", "1,1\n")
    transforms.world.without_capacity.add(INSTANCE)
    try:
        described = transforms.run("none", "in")
    finally:
        transforms.world.without_capacity.clear()
    assert described["TransformJobStatus"] == "Failed"
    assert described["FailureReason"].startswith("CapacityError: Unable to provision")


def test_an_output_that_cannot_be_stored_is_said(transforms: Transforms) -> None:
    transforms.put("in/a.csv", "1,1\n")
    described = transforms.run("lost", "in", TransformOutput={"S3OutputPath": "s3://nowhere/out"})
    assert described["FailureReason"].startswith(
        'ClientError: Data upload to "s3://nowhere/out" failed: '
    )


CAPTURE = {"DestinationS3Uri": "s3://data/captured"}
MANIFEST = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": "s3://data/in"}}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"ModelName": "nobody"}, f'Could not find model "{ARN}:model/nobody"'),
        ({"MaxPayloadInMB": 101}, "SageMaker allows 100 MB"),
        ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "SageMaker allows 100 MB"),
        ({"MaxPayloadInMB": 0}, "needs SplitType None"),
        ({"BatchStrategy": "Some"}, "BatchStrategy: 'Some' is none of MultiRecord, SingleRecord"),
        ({"TransformInput": {"SplitType": "RecordIO"}}, "not by RecordIO"),
        ({"TransformInput": {"DataSource": MANIFEST}}, "not ManifestFile"),
        ({"DataProcessing": {"InputFilter": "$..name"}}, r"DataProcessing, InputFilter: .*\$\.\.n"),
        ({"DataProcessing": {"OutputFilter": "SageMaker"}}, "DataProcessing, OutputFilter: "),
        ({"DataCaptureConfig": CAPTURE}, "has no DataCaptureConfig"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    transforms: Transforms, more: dict[str, Any], said: str
) -> None:
    transforms.put("in/a.csv", "1,1\n")
    with pytest.raises(ClientError, match=said) as refused:
        transforms.create("never", "in", **more)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert transforms.sagemaker.list_transform_jobs()["TransformJobSummaries"] == []


def test_an_input_and_a_name_are_looked_at(transforms: Transforms) -> None:
    with pytest.raises(ClientError, match='No S3 objects found under S3 URL "s3://data/void"'):
        transforms.create("job", "void")
    with pytest.raises(ClientError, match="Requested resource not found"):
        transforms.describe("job")
    transforms.put("in/a.csv", "1,1\n")
    transforms.run("job", "in")
    with pytest.raises(ClientError, match="Job name must be unique") as refused:
        transforms.create("job", "in")
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"


def test_a_state_machine_waits_for_a_job(transforms: Transforms) -> None:
    transforms.put("in/a.csv", "1,1\n")
    transforms.put("bad/a.csv", "-1,1\n")
    good, bad = (executed(transforms, transforms.asked(name, name)) for name in ("in", "bad"))
    assert good["status"] == "SUCCEEDED", good
    output = json.loads(good["output"])
    assert (output["TransformJobName"], output["TransformJobStatus"]) == ("in", "Completed")
    assert transforms.results("in")["a.csv.out"] == "6.0\n"
    assert (bad["status"], bad["error"]) == ("FAILED", "States.TaskFailed")
    assert "a.csv: Record 1" in json.loads(bad["cause"])["FailureReason"]


def executed(transforms: Transforms, request: dict[str, Any]) -> dict[str, Any]:
    """An execution that has ended: a machine of one task, that is the job."""
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
        "Parameters": request,
        "End": True,
    }
    states = transforms.world.client("stepfunctions")
    machine = states.create_state_machine(
        name=request["TransformJobName"],
        definition=json.dumps({"StartAt": "Transform", "States": {"Transform": task}}),
        roleArn=ROLE,
    )
    arn = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    until(lambda: states.describe_execution(executionArn=arn)["status"] != "RUNNING")
    return states.describe_execution(executionArn=arn)


def listener(transforms: Transforms) -> Any:
    """Takes what a queue has heard of transform jobs."""
    events, sqs = transforms.world.client("events"), transforms.world.client("sqs")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    pattern = {"detail-type": ["SageMaker Transform Job State Change"]}
    events.put_rule(Name="transforms", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="transforms", Targets=[{"Id": "queue", "Arn": arn["QueueArn"]}])

    def heard() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]

    return heard
