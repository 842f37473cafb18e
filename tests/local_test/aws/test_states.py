"""State machines as a stranger writes them: JSONPath and JSONata, waits, errors, jobs."""

import io
import json
import tarfile
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_test.aws import images
from local_test.aws.server import LocalAws
from tests.local_test.aws.account import Account
from tests.local_test.aws.hosting import until
from tests.local_test.conftest import SCALE, processes

INVOKE = "arn:aws:states:::lambda:invoke"
SDK = "arn:aws:states:::aws-sdk:"
FRAGILE = """
def handler(event, context):
    if event.get("fail"):
        raise ValueError(event["fail"])
    return {"doubled": event["number"] * 2}
"""


@pytest.fixture
def account(aws: LocalAws) -> Account:
    return Account(aws)


def task(resource: str, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A JSONPath task; the last state unless ``more`` has a Next."""
    end = {} if "Next" in more else {"End": True}
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, **end, **more}


def history(account: Account, execution: str) -> list[str]:
    """The types of everything that happened, in order."""
    states = account.client("stepfunctions")
    events = states.get_execution_history(executionArn=execution)["events"]
    return [event["type"] for event in events]


def status(account: Account, execution: str) -> str:
    states = account.client("stepfunctions")
    return states.describe_execution(executionArn=execution)["status"]


def entered(account: Account, execution: str, kind: str, count: int = 1) -> None:
    """Wait until so many such events have happened."""
    until(lambda: history(account, execution).count(kind) >= count)


# Both languages


def test_jsonpath_chooses_maps_and_joins(account: Account) -> None:
    account.function("double", FRAGILE)
    each = {
        "ProcessorConfig": {"Mode": "INLINE"},
        "StartAt": "Double",
        "States": {
            "Double": task(
                INVOKE,
                {"FunctionName": "double", "Payload.$": "$"},
                ResultSelector={"value.$": "$.Payload.doubled"},
            )
        },
    }
    machine = account.machine(
        "orders",
        {
            "Many?": {
                "Type": "Choice",
                "Choices": [
                    {
                        "And": [
                            {"Variable": "$.rows", "IsPresent": True},
                            {"Variable": "$.rows[1]", "IsPresent": True},
                            {"Not": {"Variable": "$.kind", "StringMatches": "test-*"}},
                        ],
                        "Next": "Each",
                    }
                ],
                "Default": "Few",
            },
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.rows",
                "ItemSelector": {
                    "number.$": "$$.Map.Item.Value",
                    "place.$": "$$.Map.Item.Index",
                },
                "MaxConcurrency": 2,
                "ItemProcessor": each,
                "ResultPath": "$.doubled",
                "Next": "Both",
            },
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    branch({"Type": "Pass", "Parameters": {"n.$": "States.ArrayLength($.rows)"}}),
                    branch({"Type": "Pass", "InputPath": "$.doubled[2].value"}),
                ],
                "ResultPath": "$.both",
                "Next": "Named",
            },
            "Named": {
                "Type": "Pass",
                "Parameters": {
                    "text.$": "States.Format('{} of {}', $.kind, $$.StateMachine.Name)",
                    "both.$": "$.both",
                    "values.$": "$.doubled[*].value",
                },
                "End": True,
            },
            "Few": {"Type": "Pass", "Result": "few", "End": True},
        },
    )
    assert account.output(machine, {"kind": "real", "rows": [1, 5, 7]}) == {
        "text": "real of orders",
        "both": [{"n": 3}, 14],
        "values": [2, 10, 14],
    }
    assert account.output(machine, {"kind": "real", "rows": [1]}) == "few"
    assert account.output(machine, {"kind": "test-1", "rows": [1, 5, 7]}) == "few"


def branch(state: dict[str, Any]) -> dict[str, Any]:
    """A machine of one state."""
    end = {} if state["Type"] == "Fail" else {"End": True}
    return {"StartAt": "Only", "States": {"Only": {**state, **end}}}


def test_jsonata_computes_assigns_chooses_and_maps(account: Account) -> None:
    account.function("double", FRAGILE)
    machine = account.machine(
        "prices",
        {
            "Sum": {
                "Type": "Pass",
                "Assign": {
                    "total": "{% $sum($states.input.orders.price) %}",
                    "who": "{% $states.input.who %}",
                },
                "Output": {"orders": "{% $states.input.orders[price > 10] %}"},
                "Next": "Each",
            },
            "Each": {
                "Type": "Map",
                "Items": "{% $states.input.orders %}",
                "ItemSelector": {"number": "{% $states.context.Map.Item.Value.price %}"},
                "ItemProcessor": {
                    "StartAt": "Double",
                    "States": {
                        "Double": {
                            "Type": "Task",
                            "Resource": INVOKE,
                            "Arguments": {
                                "FunctionName": "double",
                                "Payload": "{% $states.input %}",
                            },
                            "Output": "{% $states.result.Payload.doubled %}",
                            "End": True,
                        }
                    },
                },
                "Next": "Much?",
            },
            "Much?": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Condition": "{% $total > 100 %}",
                        "Assign": {"size": "much"},
                        "Next": "Told",
                    }
                ],
                "Default": "Little",
            },
            "Told": {
                "Type": "Pass",
                "Assign": {"all": "{% $join($map($states.input, $string), '+') %}"},
                "Output": {"text": "{% $who & ': ' & $size %}"},
                "Next": "Joined",
            },
            "Joined": {
                "Type": "Pass",
                "Output": "{% $states.input.text & ' ' & $all %}",
                "End": True,
            },
            "Little": {"Type": "Succeed", "Output": {"total": "{% $total %}"}},
        },
        QueryLanguage="JSONata",
    )
    orders = [{"price": 60}, {"price": 5}, {"price": 45}]
    assert account.output(machine, {"who": 'a "b" c', "orders": orders}) == ('a "b" c: much 120+90')
    assert account.output(machine, {"who": "d", "orders": [{"price": 11}, {"price": 12}]}) == {
        "total": 23
    }


def test_jsonata_knows_variables_as_they_were_given(account: Account) -> None:
    machine = account.machine(
        "given",
        {
            "Keep": {
                "Type": "Pass",
                "Assign": {"given": "{% $states.input %}", "nothing": None},
                "Next": "Tell",
            },
            "Tell": {
                "Type": "Pass",
                "Output": {
                    "same": "{% $given %}",
                    "kinds": "{% [$nothing, $given.nothing, $given.list[1]] ~> $map($type) %}",
                    "there": "{% [$exists($given.nothing), $exists($given.other)] %}",
                },
                "End": True,
            },
        },
        QueryLanguage="JSONata",
    )
    given = {
        "text": "a 'b' \"c\" \\d\n $e ü €",
        "nothing": None,
        "list": [1, None, [2.5], []],
        "x y": {"true": True, "object": {}},
    }
    assert account.output(machine, given) == {
        "same": given,
        "kinds": ["null", "null", "null"],
        "there": [True, False],
    }


def test_jsonata_has_the_functions_of_step_functions(account: Account) -> None:
    machine = account.machine(
        "functions",
        {
            "Only": {
                "Type": "Pass",
                "Output": {
                    "partition": "{% $partition([1, 2, 3], 2) %}",
                    "range": "{% $range(0, 4, 2) %}",
                    "hash": "{% $hash('a', 'SHA-256') %}",
                    "uuid": "{% $length($uuid()) %}",
                    "parse": "{% $parse('{\"a\": 1}').a %}",
                    "random": "{% $random() < 1 %}",
                    "name": "{% $states.context.Execution.Name %}",
                },
                "End": True,
            }
        },
        QueryLanguage="JSONata",
    )
    ended = account.ended(account.start(machine, name="named"))
    assert json.loads(ended["output"]) == {
        "partition": [[1, 2], [3]],
        "range": [0, 2, 4],
        "hash": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
        "uuid": 36,
        "parse": 1,
        "random": True,
        "name": "named",
    }


# Time


def test_a_wait_ends_when_the_clock_says_so_and_not_before(account: Account) -> None:
    machine = account.machine(
        "patient",
        {
            "Wait": {"Type": "Wait", "SecondsPath": "$.seconds", "Next": "Done"},
            "Done": {"Type": "Succeed"},
        },
    )
    execution = account.start(machine, {"seconds": 7200})
    entered(account, execution, "WaitStateEntered")
    account.advance(7100)
    until(lambda: account.world.clock.wait(0.3))
    assert status(account, execution) == "RUNNING"
    account.advance(100)
    assert account.ended(execution)["status"] == "SUCCEEDED"
    assert history(account, execution) == [
        "ExecutionStarted",
        "WaitStateEntered",
        "WaitStateExited",
        "SucceedStateEntered",
        "SucceedStateExited",
        "ExecutionSucceeded",
    ]


def test_retries_wait_longer_each_time_and_then_the_error_is_caught(account: Account) -> None:
    account.function("fragile", FRAGILE)
    machine = account.machine(
        "stubborn",
        {
            "Try": task(
                INVOKE,
                {"FunctionName": "fragile", "Payload": {"fail": "again"}},
                Retry=[
                    {"ErrorEquals": ["Other"], "MaxAttempts": 9},
                    {
                        "ErrorEquals": ["ValueError"],
                        "IntervalSeconds": 100,
                        "BackoffRate": 3,
                        "MaxAttempts": 2,
                    },
                ],
                Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Told"}],
            ),
            "Told": {"Type": "Pass", "InputPath": "$.error", "End": True},
        },
    )
    execution = account.start(machine)
    for seconds, attempts in ((0, 1), (100, 2), (300, 3)):
        account.advance(seconds)
        entered(account, execution, "TaskFailed", attempts)
        assert history(account, execution).count("TaskFailed") == attempts
    error = json.loads(account.ended(execution)["output"])
    assert error["Error"] == "ValueError"
    assert json.loads(error["Cause"])["errorMessage"] == "again"


# Errors as AWS names them


@pytest.mark.parametrize(
    ("resource", "parameters", "error", "said"),
    [
        (INVOKE, {"FunctionName": "no"}, "Lambda.ResourceNotFoundException", "Function not found"),
        (SDK + "s3:getObject", {"Bucket": "none-here", "Key": "k"}, "S3.NoSuchBucketException", ""),
        (SDK + "ssm:getParameter", {"Name": "/no"}, "Ssm.ParameterNotFoundException", "/no"),
        (
            SDK + "dynamodb:getItem",
            {"TableName": "none", "Key": {"k": {"S": "v"}}},
            "DynamoDb.ResourceNotFoundException",
            "",
        ),
        (
            SDK + "sagemaker:describeEndpoint",
            {"EndpointName": "none"},
            "SageMaker.SageMakerException",
            "Could not find endpoint",
        ),
        (
            "arn:aws:states:::sagemaker:createEndpoint",
            {"EndpointName": "e", "EndpointConfigName": "none"},
            "SageMaker.AmazonSageMakerException",
            "Could not find endpoint configuration",
        ),
        (SDK + "glue:getDatabases", {}, "Glue.GlueException", "The local AWS has no glue."),
        (
            SDK + "sqs:sendMessageBatch",
            {"QueueUrl": "http://q", "Entries": []},
            "Sqs.SqsException",
            "The local AWS does not answer sqs SendMessageBatch.",
        ),
    ],
)
def test_errors_of_services_have_their_names(
    account: Account, resource: str, parameters: dict[str, Any], error: str, said: str
) -> None:
    ended = account.ended(account.start(account.machine("m", {"Call": task(resource, parameters)})))
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    assert said in ended["cause"]


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (
            {
                "Type": "Choice",
                "Choices": [{"Variable": "$.x", "NumericEquals": 5, "Next": "Other"}],
            },
            "States.NoChoiceMatched",
        ),
        ({"Type": "Pass", "InputPath": "$.missing", "Next": "Other"}, "States.Runtime"),
        (
            {
                "Type": "Pass",
                "QueryLanguage": "JSONata",
                "Output": "{% 1 + 'a' %}",
                "Next": "Other",
            },
            "States.QueryEvaluationError",
        ),
        (
            {
                "Type": "Pass",
                "QueryLanguage": "JSONata",
                "Output": "{% $states.input.missing %}",
                "Next": "Other",
            },
            "States.QueryEvaluationError",
        ),
        (
            {
                "Type": "Parallel",
                "Branches": [
                    branch({"Type": "Wait", "Seconds": 100_000}),
                    branch({"Type": "Fail", "Error": "Own.Error", "Cause": "because"}),
                ],
                "Next": "Other",
            },
            "Own.Error",
        ),
        (
            {
                "Type": "Map",
                "ItemsPath": "$.list",
                "ItemProcessor": branch({"Type": "Fail", "Error": "Own.Error"}),
                "Next": "Other",
            },
            "Own.Error",
        ),
    ],
)
def test_errors_of_states_have_their_names(
    account: Account, state: dict[str, Any], error: str
) -> None:
    machine = account.machine("m", {"First": state, "Other": {"Type": "Succeed"}})
    ended = account.ended(account.start(machine, {"x": 1, "list": [1, 2]}))
    assert (ended["status"], ended["error"]) == ("FAILED", error)


def test_the_first_catcher_that_knows_the_error_takes_it(account: Account) -> None:
    account.function("fragile", FRAGILE)
    called = task(
        INVOKE,
        {"FunctionName": "fragile", "Payload.$": "$"},
        Catch=[
            {"ErrorEquals": ["Other", "ValueError"], "Next": "Value"},
            {"ErrorEquals": ["States.TaskFailed"], "Next": "Any"},
        ],
    )
    machine = account.machine(
        "catching",
        {
            "Call": called,
            "Value": {"Type": "Pass", "Result": "value", "End": True},
            "Any": {"Type": "Pass", "Result": "any", "End": True},
        },
    )
    assert account.output(machine, {"fail": "no"}) == "value"
    assert account.output(machine, {"none": 1}) == "any", "KeyError"
    assert account.output(machine, {"number": 2})["Payload"] == {"doubled": 4}


def test_a_function_can_be_the_resource_itself(account: Account) -> None:
    arn = account.function("double", FRAGILE)
    machine = account.machine("direct", {"Call": {"Type": "Task", "Resource": arn, "End": True}})
    assert account.output(machine, {"number": 21}) == {"doubled": 42}
    ended = account.ended(account.start(machine, {"fail": "no"}))
    assert ended["error"] == "ValueError"


# Other services


def test_messages_events_and_parameters_come_and_go(account: Account) -> None:
    url, arn = account.queue("letters")
    topic = account.client("sns").create_topic(Name="news")["TopicArn"]
    account.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    machine = account.machine(
        "postman",
        {
            "Queue": task(
                "arn:aws:states:::sqs:sendMessage",
                {"QueueUrl": url, "MessageBody": {"to.$": "$.who"}},
                ResultPath=None,
                Next="Topic",
            ),
            "Topic": task(
                "arn:aws:states:::sns:publish",
                {"TopicArn": topic, "Message.$": "$.who"},
                ResultPath=None,
                Next="Keep",
            ),
            "Keep": task(
                SDK + "ssm:putParameter",
                {"Name": "/who", "Value.$": "$.who", "Type": "String"},
                ResultPath=None,
                Next="Look",
            ),
            "Look": task(
                SDK + "ssm:getParameter",
                {"Name": "/who"},
                ResultSelector={"value.$": "$.Parameter.Value"},
            ),
        },
    )
    assert account.output(machine, {"who": "ada"}) == {"value": "ada"}
    assert sorted(account.received(url, 2)) == ["ada", '{"to": "ada"}']


def test_a_machine_runs_another_and_stops_it(account: Account) -> None:
    inner = account.machine(
        "inner",
        {
            "How": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.wait", "IsPresent": True, "Next": "Wait"}],
                "Default": "Done",
            },
            "Wait": {"Type": "Wait", "Seconds": 100_000, "End": True},
            "Done": {"Type": "Pass", "Parameters": {"seen.$": "$.text"}, "End": True},
        },
    )
    called = task(
        "arn:aws:states:::states:startExecution.sync:2",
        {"StateMachineArn": inner, "Name.$": "$.name", "Input.$": "$"},
    )
    outer = account.machine("outer", {"Run": called})
    answer = account.output(outer, {"name": "one", "text": "hello"})
    assert answer["Status"] == "SUCCEEDED"
    assert answer["Output"] == {"seen": "hello"}
    execution = account.start(outer, {"name": "two", "wait": True})
    until(lambda: "two" in names(account, inner))
    account.client("stepfunctions").stop_execution(executionArn=execution)
    assert account.ended(execution)["status"] == "ABORTED"
    assert account.ended(child_of(inner, "two"))["status"] == "ABORTED"


def test_an_execution_may_be_stopped_at_any_moment(account: Account) -> None:
    inner = account.machine("inner", {"Wait": {"Type": "Wait", "Seconds": 100_000, "End": True}})
    called = task(
        "arn:aws:states:::states:startExecution.sync:2",
        {"StateMachineArn": inner, "Name.$": "$$.Execution.Name"},
        Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
        Next="Done",
    )
    ends = {"Caught": {"Type": "Succeed"}, "Done": {"Type": "Succeed"}}
    outer = account.machine("outer", {"Run": called, **ends})
    stopped = []
    for number in range(30):
        stopped.append(account.start(outer, name=f"number-{number}"))
        time.sleep(number / 1000)
        account.client("stepfunctions").stop_execution(executionArn=stopped[-1])
    assert {account.ended(execution)["status"] for execution in stopped} == {"ABORTED"}
    for name in names(account, inner):
        assert account.ended(child_of(inner, name))["status"] == "ABORTED"


def test_a_stopped_map_stops_all_that_it_runs(account: Account) -> None:
    inner = account.machine("inner", {"Wait": {"Type": "Wait", "Seconds": 100_000, "End": True}})
    called = task(
        "arn:aws:states:::states:startExecution.sync",
        {"StateMachineArn": inner, "Name.$": "$"},
    )
    each = {
        "Type": "Map",
        "ItemProcessor": {"StartAt": "Run", "States": {"Run": called}},
        "ItemsPath": "$.names",
        "End": True,
    }
    outer = account.machine("outer", {"Each": each})
    execution = account.start(outer, {"names": ["one", "two", "three"]})
    until(lambda: len(names(account, inner)) == 3)
    account.client("stepfunctions").stop_execution(executionArn=execution)
    for name in ("one", "two", "three"):
        assert account.ended(child_of(inner, name))["status"] == "ABORTED"


def child_of(machine: str, name: str) -> str:
    """The ARN of a machine's execution of that name."""
    return machine.replace(":stateMachine:", ":execution:") + ":" + name


def names(account: Account, machine: str) -> list[str]:
    """Of the executions of a machine."""
    states = account.client("stepfunctions")
    return [
        execution["name"]
        for execution in states.list_executions(stateMachineArn=machine)["executions"]
    ]


def test_a_task_waits_for_its_token(account: Account) -> None:
    url, _ = account.queue("letters")
    machine = account.machine(
        "asking",
        {
            "Ask": task(
                "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                {"QueueUrl": url, "MessageBody.$": "$$.Task.Token"},
                HeartbeatSeconds=100,
            )
        },
    )
    states = account.client("stepfunctions")
    execution = account.start(machine)
    (token,) = account.received(url)
    states.send_task_heartbeat(taskToken=token)
    states.send_task_success(taskToken=token, output='{"answer": 42}')
    assert json.loads(account.ended(execution)["output"]) == {"answer": 42}
    execution = account.start(machine)
    (token,) = account.received(url)
    states.send_task_failure(taskToken=token, error="Refused", cause="no time")
    ended = account.ended(execution)
    assert (ended["error"], ended["cause"]) == ("Refused", "no time")
    with pytest.raises(ClientError, match="Invalid Token"):
        states.send_task_success(taskToken="none", output="{}")


# Jobs


class Jobs:
    """The small algorithm's jobs as tasks."""

    def __init__(self, account: Account):
        self.image = images.register(account.world, SCALE, "scale", "v1", "us-east-1")
        self._role = account.role
        s3 = account.client("s3")
        s3.create_bucket(Bucket="shop")
        s3.put_object(Bucket="shop", Key="train/a.csv", Body=b"1,2\n3,4\n")

    def training(self, **hyperparameters: str) -> dict[str, Any]:
        return task(
            "arn:aws:states:::sagemaker:createTrainingJob.sync",
            {
                "TrainingJobName.$": "$$.Execution.Name",
                "AlgorithmSpecification": {
                    "TrainingImage": self.image,
                    "TrainingInputMode": "File",
                },
                "RoleArn": self._role,
                "HyperParameters": hyperparameters,
                "InputDataConfig": [
                    {
                        "ChannelName": "train",
                        "ContentType": "text/csv",
                        "DataSource": {
                            "S3DataSource": {
                                "S3DataType": "S3Prefix",
                                "S3Uri": "s3://shop/train/",
                                "S3DataDistributionType": "FullyReplicated",
                            }
                        },
                    }
                ],
                "OutputDataConfig": {"S3OutputPath": "s3://shop/models"},
                "ResourceConfig": {
                    "InstanceType": "ml.m5.large",
                    "InstanceCount": 1,
                    "VolumeSizeInGB": 10,
                },
                "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            },
        )

    def processing(self, command: str) -> dict[str, Any]:
        return task(
            "arn:aws:states:::sagemaker:createProcessingJob.sync",
            {
                "ProcessingJobName.$": "$$.Execution.Name",
                "AppSpecification": {
                    "ImageUri": self.image,
                    "ContainerEntrypoint": ["python", "-c", command],
                    "ContainerArguments": ["/opt/ml/processing/output"],
                },
                "RoleArn": self._role,
                "ProcessingResources": {
                    "ClusterConfig": {
                        "InstanceType": "ml.m5.large",
                        "InstanceCount": 1,
                        "VolumeSizeInGB": 10,
                    }
                },
                "ProcessingOutputConfig": {
                    "Outputs": [
                        {
                            "OutputName": "all",
                            "S3Output": {
                                "S3Uri": "s3://shop/processed",
                                "LocalPath": "/opt/ml/processing/output",
                                "S3UploadMode": "EndOfJob",
                            },
                        }
                    ]
                },
                "Environment": {"WHO": "ada"},
            },
        )


@pytest.fixture
def jobs(account: Account) -> Jobs:
    return Jobs(account)


def test_a_training_job_is_waited_for_and_its_model_is_in_s3(account: Account, jobs: Jobs) -> None:
    machine = account.machine("training", {"Train": jobs.training(steps="2")})
    ended = account.ended(account.start(machine, name="first"))
    assert ended["status"] == "SUCCEEDED", ended
    described = json.loads(ended["output"])
    assert described["TrainingJobStatus"] == "Completed"
    where = described["ModelArtifacts"]["S3ModelArtifacts"]
    assert where == "s3://shop/models/first/output/model.tar.gz"
    body = account.client("s3").get_object(Bucket="shop", Key=where.removeprefix("s3://shop/"))
    with tarfile.open(fileobj=io.BytesIO(body["Body"].read())) as archive:
        assert json.load(archive.extractfile("model.json"))["mean"] == 2.5
    again = account.machine("again", {"Train": jobs.training(steps="2")})
    ended = account.ended(account.start(again, name="first"))
    assert ended["error"] == "SageMaker.ResourceInUseException"


def test_a_job_that_fails_is_a_failed_task_with_its_description(
    account: Account, jobs: Jobs
) -> None:
    machine = account.machine("training", {"Train": jobs.training(complaint="5")})
    ended = account.ended(account.start(machine, name="bad"))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    described = json.loads(ended["cause"])
    assert described["TrainingJobStatus"] == "Failed"
    assert "xxxxx" in described["FailureReason"]


def test_a_processing_job_is_waited_for_and_its_output_is_in_s3(
    account: Account, jobs: Jobs
) -> None:
    command = (
        "import os, pathlib, sys; "
        "pathlib.Path(sys.argv[1], 'who.txt').write_text(os.environ['WHO'])"
    )
    machine = account.machine("processing", {"Process": jobs.processing(command)})
    ended = account.ended(account.start(machine, name="first"))
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"])["ProcessingJobStatus"] == "Completed"
    found = account.client("s3").get_object(Bucket="shop", Key="processed/who.txt")
    assert found["Body"].read() == b"ada"


def test_a_stopped_execution_stops_its_job(account: Account, jobs: Jobs) -> None:
    machine = account.machine("training", {"Train": jobs.training(steps="999", pause="0.1")})
    execution = account.start(machine, name="long")
    sagemaker = account.client("sagemaker")
    mark = str(account.world.scratch / "jobs")

    def running() -> list[int]:
        return [process for process, seen in processes().items() if mark in seen]

    until(lambda: "TaskSubmitted" in history(account, execution) and running())
    account.client("stepfunctions").stop_execution(
        executionArn=execution, error="Enough", cause="it takes too long"
    )
    ended = account.ended(execution)
    assert (ended["status"], ended["error"], ended["cause"]) == (
        "ABORTED",
        "Enough",
        "it takes too long",
    )
    until(
        lambda: (
            sagemaker.describe_training_job(TrainingJobName="long")["TrainingJobStatus"]
            == "Stopped"
        )
    )
    assert running() == []


# Names, and the end


def test_an_execution_that_waits_to_retry_is_stopped_at_once(account: Account) -> None:
    account.function("fragile", FRAGILE)
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 50_000}]
    called = task(INVOKE, {"FunctionName": "fragile", "Payload": {"fail": "x"}}, Retry=retry)
    execution = account.start(account.machine("stubborn", {"Try": called}))
    entered(account, execution, "TaskFailed")
    account.client("stepfunctions").stop_execution(executionArn=execution)
    assert account.ended(execution)["status"] == "ABORTED"


def test_a_name_is_one_execution_s_for_good(account: Account) -> None:
    states = account.client("stepfunctions")
    wait = {"Wait": {"Type": "Wait", "Seconds": 50_000, "End": True}}
    machine = account.machine("once", wait)
    first = account.start(machine, {"a": 1}, name="one")
    assert account.start(machine, {"a": 1}, name="one") == first, "the same start, once more"
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        account.start(machine, {"a": 2}, name="one")
    states.stop_execution(executionArn=first)
    account.ended(first)
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        account.start(machine, {"a": 1}, name="one")
    assert account.start(machine) != account.start(machine), "names of its own"
    assert account.machine("once", wait) == machine
    with pytest.raises(states.exceptions.StateMachineAlreadyExists):
        account.machine("once", {"Done": {"Type": "Succeed"}})


def test_an_execution_keeps_the_definition_that_it_began_with(account: Account) -> None:
    machine = account.machine(
        "changing",
        {
            "Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Told"},
            "Told": {"Type": "Pass", "Result": "old", "End": True},
        },
    )
    execution = account.start(machine)
    entered(account, execution, "WaitStateEntered")
    told = {"Type": "Pass", "Result": "new", "End": True}
    definition = json.dumps({"StartAt": "Told", "States": {"Told": told}})
    account.client("stepfunctions").update_state_machine(
        stateMachineArn=machine, definition=definition
    )
    assert account.output(machine) == "new"
    account.advance(3600)
    assert json.loads(account.ended(execution)["output"]) == "old"


def test_what_is_not_there_or_is_no_json_is_refused(account: Account) -> None:
    states = account.client("stepfunctions")
    machine = account.machine("m", {"Done": {"Type": "Succeed"}})
    with pytest.raises(states.exceptions.StateMachineDoesNotExist):
        states.start_execution(stateMachineArn=f"{machine}x")
    with pytest.raises(states.exceptions.InvalidExecutionInput):
        states.start_execution(stateMachineArn=machine, input="{")
    with pytest.raises(states.exceptions.ExecutionDoesNotExist):
        states.describe_execution(
            executionArn=machine.replace(":stateMachine:", ":execution:") + ":none"
        )


DONE = {"Type": "Pass", "End": True}


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ("{", "mismatched input"),
        ({"StartAt": "B", "States": {"A": DONE}}, "Missing 'Next' target: B at /StartAt"),
        (
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Z"}}},
            "Missing 'Next' target: Z at /States/A/Next",
        ),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass"}}}, "Either 'Next' or 'End'"),
        ({"StartAt": "A", "States": {"A": DONE, "B": DONE}}, 'State "B" is not reachable'),
        ({"StartAt": "A", "States": {"A": {"Type": "Nope", "End": True}}}, "Nope"),
        ({"States": {"A": DONE}}, "StartAt"),
        ({"StartAt": "A", "States": {"A": {**DONE, "Bogus": 1}}}, "Bogus"),
        ({"StartAt": "A", "States": {"A": {"Type": "Task", "End": True}}}, "No Resource"),
        (
            {"StartAt": "A", "States": {"A": task("arn:aws:states:::nosuch:call", {})}},
            "Unknown service 'nosuch'",
        ),
        (
            {
                "StartAt": "A",
                "States": {
                    "A": {
                        "Type": "Map",
                        "End": True,
                        "ItemProcessor": {"StartAt": "C", "States": {"B": DONE}},
                    }
                },
            },
            "Missing 'Next' target: C at /States/A/ItemProcessor/StartAt",
        ),
    ],
)
def test_a_broken_definition_is_refused(
    account: Account, definition: dict[str, Any] | str, said: str
) -> None:
    states = account.client("stepfunctions")
    text = definition if isinstance(definition, str) else json.dumps(definition)
    with pytest.raises(states.exceptions.InvalidDefinition, match=said.replace("/", ".")):
        states.create_state_machine(name="broken", definition=text, roleArn=account.role)
    assert states.list_state_machines()["stateMachines"] == []


def test_express_machines_are_refused_by_name(account: Account) -> None:
    states = account.client("stepfunctions")
    with pytest.raises(ClientError, match="runs STANDARD state machines only"):
        states.create_state_machine(
            name="fast",
            type="EXPRESS",
            definition=json.dumps({"StartAt": "A", "States": {"A": DONE}}),
            roleArn=account.role,
        )


def test_an_ended_execution_is_told_and_counted(account: Account) -> None:
    url, arn = account.queue("told")
    events = account.client("events")
    pattern = {"source": ["aws.states"], "detail": {"status": ["FAILED"]}}
    events.put_rule(Name="failed", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="failed", Targets=[{"Id": "q", "Arn": arn}])
    machine = account.machine("failing", {"Fail": {"Type": "Fail", "Error": "E", "Cause": "c"}})
    execution = account.start(machine)
    account.ended(execution)
    (event,) = [json.loads(body) for body in account.received(url)]
    assert event["detail-type"] == "Step Functions Execution Status Change"
    assert event["resources"] == [execution]
    assert event["detail"]["error"] == "E"
    dimensions = [{"Name": "StateMachineArn", "Value": machine}]
    now = account.world.clock.time()

    def counted() -> list[dict[str, Any]]:
        return account.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/States",
            MetricName="ExecutionsFailed",
            Dimensions=dimensions,
            StartTime=now - 3600,
            EndTime=now + 60,
            Period=7200,
            Statistics=["Sum"],
        )["Datapoints"]

    until(counted)
    assert [point["Sum"] for point in counted()] == [1.0]
