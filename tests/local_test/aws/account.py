"""What tests of the local AWS need: clients of it, and short ways to make things in it."""

import io
import json
import urllib.error
import urllib.request
import zipfile
from typing import Any

from local_test.aws.server import LocalAws
from tests.local_test.aws.hosting import until

SERVICES = ("lambda", "states", "events", "sagemaker", "scheduler")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": [f"{service}.amazonaws.com" for service in SERVICES]},
            "Action": "sts:AssumeRole",
        }
    ],
}


def zipped(files: dict[str, str]) -> bytes:
    """A zip archive as Lambda takes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def told(url: str, action: str, body: bytes) -> tuple[int, Any]:
    """Status and answer of a call below /_local."""
    request = urllib.request.Request(f"{url}/_local/{action}", body, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


class Account:
    """Somebody who uses a local AWS with boto3."""

    def __init__(self, aws: LocalAws):
        self.world = aws.world
        self.role = self.client("iam").create_role(
            RoleName="worker", AssumeRolePolicyDocument=json.dumps(TRUST)
        )["Role"]["Arn"]

    def client(self, service: str) -> Any:
        return self.world.client(service)

    def advance(self, seconds: float = 0) -> None:
        """Move the clock; all that is due is at least queued afterwards."""
        status, answer = told(self.world.url, "clock", json.dumps({"advance": seconds}).encode())
        assert status == 200, answer

    # Lambda

    def function(self, name: str, source: str, **more: Any) -> str:
        """Make a function whose module has a ``handler``; its ARN."""
        given = {"Runtime": "python3.11", "Role": self.role, "Handler": "code_of_test.handler"}
        return self.client("lambda").create_function(
            FunctionName=name,
            Code={"ZipFile": zipped({"code_of_test.py": source})},
            **{**given, **more},
        )["FunctionArn"]

    def invoke(self, name: str, event: Any = None) -> tuple[Any, str | None]:
        """What a function answers, and what kind of an error that is."""
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        return json.load(answer["Payload"]), answer.get("FunctionError")

    def log(self, name: str) -> list[str]:
        """What a function has written."""
        logs = self.client("logs")
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events]

    # Step Functions

    def machine(self, name: str, states: dict[str, Any], **more: Any) -> str:
        """Make a state machine that starts with the first of the states; its ARN."""
        definition = {"StartAt": next(iter(states)), "States": states, **more}
        return self.client("stepfunctions").create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=self.role
        )["stateMachineArn"]

    def start(self, machine: str, given: Any = None, **more: Any) -> str:
        """Start an execution; its ARN."""
        given = json.dumps({} if given is None else given)
        return self.client("stepfunctions").start_execution(
            stateMachineArn=machine, input=given, **more
        )["executionArn"]

    def ended(self, execution: str) -> dict[str, Any]:
        """An execution, when it has ended."""
        states = self.client("stepfunctions")
        until(lambda: states.describe_execution(executionArn=execution)["status"] != "RUNNING")
        return states.describe_execution(executionArn=execution)

    def output(self, machine: str, given: Any = None) -> Any:
        """What an execution that succeeds puts out."""
        ended = self.ended(self.start(machine, given))
        assert ended["status"] == "SUCCEEDED", ended
        return json.loads(ended["output"])

    # SQS

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        """Make a queue; its URL and its ARN."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, found["Attributes"]["QueueArn"]

    def messages(self, url: str) -> list[str]:
        """Take all that is in a queue now."""
        sqs, bodies = self.client("sqs"), []
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            bodies += [message["Body"] for message in found]
            for message in found:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def received(self, url: str, count: int = 1) -> list[str]:
        """The next messages of a queue, as soon as there are as many."""
        bodies: list[str] = []

        def enough() -> bool:
            bodies.extend(self.messages(url))
            return len(bodies) >= count

        until(enough)
        return bodies
