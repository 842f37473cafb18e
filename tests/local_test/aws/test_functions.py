"""Lambda functions that run their handler for real."""

import json
import os
import uuid

import pytest
from botocore.exceptions import ClientError

from local_test.aws.server import LocalAws
from tests.local_test.aws.account import Account, zipped
from tests.local_test.aws.hosting import until

ECHO = "def handler(event, context):\n    return event\n"


@pytest.fixture
def account(aws: LocalAws) -> Account:
    return Account(aws)


def test_a_handler_gets_its_event_its_environment_and_its_files(account: Account) -> None:
    source = """
import os, pathlib
import boto3
import beside
def handler(event, context):
    root = pathlib.Path(os.environ["LAMBDA_TASK_ROOT"])
    return {
        "event": event,
        "color": os.environ["COLOR"],
        "region": os.environ["AWS_REGION"],
        "name": os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        "text": (root / "data" / "note.txt").read_text(),
        "beside": beside.VALUE,
        "here": os.getcwd() == str(root),
        "account": boto3.client("sts").get_caller_identity()["Account"],
    }
"""
    files = {"pack/main.py": source, "beside.py": "VALUE = 7", "data/note.txt": "hello"}
    account.client("lambda").create_function(
        FunctionName="reader",
        Runtime="python3.12",
        Role=account.role,
        Handler="pack.main.handler",
        Timeout=30,
        Code={"ZipFile": zipped(files)},
        Environment={"Variables": {"COLOR": "green"}},
    )
    answer, error = account.invoke("reader", {"numbers": [1, 2.5, None], "text": "grün"})
    assert error is None, answer
    assert answer == {
        "event": {"numbers": [1, 2.5, None], "text": "grün"},
        "color": "green",
        "region": "us-east-1",
        "name": "reader",
        "text": "hello",
        "beside": 7,
        "here": True,
        "account": "123456789012",
    }


def test_the_context_is_lambda_s(account: Account) -> None:
    source = """
def handler(event, context):
    return {
        "request": context.aws_request_id,
        "name": context.function_name,
        "version": context.function_version,
        "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb,
        "group": context.log_group_name,
        "stream": context.log_stream_name,
        "left": context.get_remaining_time_in_millis(),
    }
"""
    arn = account.function("looker", source, MemorySize=256, Timeout=20)
    answer, error = account.invoke("looker")
    assert error is None, answer
    assert uuid.UUID(answer.pop("request"))
    assert 10_000 < answer.pop("left") <= 20_000
    assert answer.pop("stream")
    assert answer == {
        "name": "looker",
        "version": "$LATEST",
        "arn": arn,
        "memory": "256",
        "group": "/aws/lambda/looker",
    }
    assert account.invoke("looker")[0]["request"] != account.invoke("looker")[0]["request"]


def test_an_exception_is_a_function_error_with_its_type_message_and_trace(
    account: Account,
) -> None:
    source = """
class TooCold(Exception):
    pass
def handler(event, context):
    raise TooCold(f"{event['degrees']} degrees")
"""
    account.function("cold", source)
    answer = account.client("lambda").invoke(FunctionName="cold", Payload=b'{"degrees": -5}')
    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    told = json.load(answer["Payload"])
    assert told["errorType"] == "TooCold"
    assert told["errorMessage"] == "-5 degrees"
    assert any("in handler" in line for line in told["stackTrace"])
    assert any("TooCold: -5 degrees" in line for line in account.log("cold"))
    assert account.invoke("cold", {"degrees": 1})[0]["errorMessage"] == "1 degrees", "it lives on"


@pytest.mark.parametrize(
    ("handler", "source", "kind", "message"),
    [
        (
            "nowhere.handler",
            ECHO,
            "Runtime.ImportModuleError",
            "Unable to import module 'nowhere': No module named 'nowhere'",
        ),
        (
            "code_of_test.other",
            ECHO,
            "Runtime.HandlerNotFound",
            "Handler 'other' missing on module 'code_of_test'",
        ),
        (
            "code_of_test.handler",
            "def handler(event, context):\n    return {1, 2}\n",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
        ),
        (
            "code_of_test.handler",
            "import os\ndef handler(event, context):\n    os._exit(3)\n",
            "Runtime.ExitError",
            "exit code 3",
        ),
    ],
)
def test_what_is_wrong_with_a_function_is_named_as_lambda_names_it(
    account: Account, handler: str, source: str, kind: str, message: str
) -> None:
    account.function("wrong", source, Handler=handler)
    answer, error = account.invoke("wrong")
    assert error == "Unhandled"
    assert answer["errorType"] == kind
    assert message in answer["errorMessage"]


def test_a_function_that_takes_too_long_is_ended_and_the_next_one_runs(account: Account) -> None:
    source = """
import os, time
def handler(event, context):
    print("process", os.getpid(), flush=True)
    time.sleep(event)
    return "done"
"""
    account.function("sleeper", source, Timeout=1)
    answer, error = account.invoke("sleeper", 60)
    assert error == "Unhandled"
    assert answer["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in answer["errorMessage"]
    (line,) = [line for line in account.log("sleeper") if line.startswith("process")]
    with pytest.raises(ProcessLookupError):
        os.kill(int(line.split()[1]), 0)
    assert account.invoke("sleeper", 0) == ("done", None)


def test_a_process_stays_warm_until_its_code_or_its_settings_change(account: Account) -> None:
    source = """
import os
count = 0
def handler(event, context):
    global count
    count += 1
    return [count, os.environ.get("COLOR"), "VERSION"]
"""
    client = account.client("lambda")
    account.function("counter", source)
    assert [account.invoke("counter")[0] for _ in range(3)] == [
        [count, None, "VERSION"] for count in (1, 2, 3)
    ]
    client.update_function_configuration(
        FunctionName="counter", Environment={"Variables": {"COLOR": "red"}}
    )
    assert account.invoke("counter")[0] == [1, "red", "VERSION"]
    client.update_function_code(
        FunctionName="counter",
        ZipFile=zipped({"code_of_test.py": source.replace("VERSION", "second")}),
    )
    assert account.invoke("counter")[0] == [1, "red", "second"]
    client.delete_function(FunctionName="counter")
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="counter"):
        account.invoke("counter")


def test_print_and_logging_reach_the_function_s_log_group(account: Account) -> None:
    source = """
import logging, sys
def handler(event, context):
    print("printed", event)
    print("to stderr", file=sys.stderr)
    logging.getLogger().warning("logged")
"""
    account.function("talker", source)
    for number in range(2):
        assert account.invoke("talker", number) == (None, None)
    lines = account.log("talker")
    assert [line for line in lines if line.startswith("printed")] == ["printed 0", "printed 1"]
    assert lines.count("to stderr") == sum("logged" in line for line in lines) == 2


def test_an_asynchronous_invocation_is_accepted_at_once_and_done_later(account: Account) -> None:
    url, _ = account.queue("done")
    source = """
import time, boto3
def handler(event, context):
    time.sleep(0.3)
    boto3.client("sqs").send_message(QueueUrl=event["queue"], MessageBody="did it")
    raise ValueError("nobody hears this")
"""
    account.function("later", source)
    event = json.dumps({"queue": url})
    answer = account.client("lambda").invoke(
        FunctionName="later", InvocationType="Event", Payload=event
    )
    assert answer["StatusCode"] == 202
    assert "FunctionError" not in answer
    assert account.messages(url) == []
    assert account.received(url) == ["did it"]
    until(lambda: any("nobody hears this" in line for line in account.log("later")))


def test_invocations_and_errors_are_counted(account: Account) -> None:
    account.function("counted", "def handler(event, context):\n    return 1 / event\n")
    for event in (1, 0, 2):
        account.invoke("counted", event)
    now = account.world.clock.time()
    sums = [
        account.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": "FunctionName", "Value": "counted"}],
            StartTime=now - 3600,
            EndTime=now + 60,
            Period=7200,
            Statistics=["Sum"],
        )["Datapoints"][0]["Sum"]
        for metric in ("Invocations", "Errors")
    ]
    assert sums == [3.0, 1.0]


def test_a_version_keeps_the_code_and_an_alias_names_it(account: Account) -> None:
    client = account.client("lambda")
    account.function("versioned", "def handler(event, context):\n    return 'first'\n")
    version = client.publish_version(FunctionName="versioned")["Version"]
    client.create_alias(FunctionName="versioned", Name="live", FunctionVersion=version)
    client.update_function_code(
        FunctionName="versioned",
        ZipFile=zipped({"code_of_test.py": "def handler(event, context):\n    return 'second'\n"}),
    )
    assert account.invoke("versioned")[0] == "second"
    for qualifier in (version, "live"):
        answer = client.invoke(FunctionName="versioned", Qualifier=qualifier)
        assert json.load(answer["Payload"]) == "first"


def test_a_dry_run_runs_nothing_and_two_functions_cannot_have_one_name(account: Account) -> None:
    client = account.client("lambda")
    account.function("once", "def handler(event, context):\n    print('ran')\n")
    answer = client.invoke(FunctionName="once", InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert account.log("once") == []
    with pytest.raises(ClientError, match="already exist"):
        account.function("once", ECHO)
