"""`python -m local_test aws`: it runs, is steered, and ends with nothing left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from local_test.aws.clock import Clock
from tests.local_test.aws.account import told, zipped
from tests.local_test.aws.hosting import until
from tests.local_test.conftest import PROJECT, SCALE, processes

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
SLEEPER = "import time\ndef handler(event, context):\n    print('slept')\n    time.sleep(event)\n"


class CommandLine:
    """The command, with a jobs directory of its own."""

    def __init__(self, jobs: Path):
        self.jobs = jobs
        self.up: subprocess.Popen[str] | None = None
        self._said: list[str] = []

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `aws up`, and wait until it has said everything."""
        self.up = self._start("up", "--port", "0", *arguments)
        for line in self.up.stderr:
            self._said.append(line)
            if line.startswith("Ctrl-C ends it"):
                return self.up
        raise AssertionError(self._said)

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit code and everything that one more command says."""
        process = self._start(*arguments)
        told = "".join(process.communicate(timeout=60))
        return process.returncode, told

    def client(self, service: str) -> Any:
        """As somebody makes it who has exported what `aws up` says."""
        url = json.loads((self.jobs / "aws.json").read_text())["url"]
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        session = boto3.session.Session(region_name="us-east-1", **keys)
        return session.client(service, endpoint_url=url)

    def interrupt(self, how: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Ctrl-C; the exit code and everything that was said."""
        self.up.send_signal(how)
        told = "".join([*self._said, *self.up.communicate(timeout=60)])
        return self.up.returncode, told

    def left(self) -> list[str]:
        """What runs or lies around although nothing should."""
        running = [seen for seen in processes().values() if str(self.jobs) in seen]
        return running + [path.name for path in self.jobs.iterdir()]

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "local_test", "aws", *arguments, "--jobs", self.jobs]
        return subprocess.Popen(
            list(map(str, command)),
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CommandLine]:
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    cli = CommandLine(jobs)
    yield cli
    if cli.up and cli.up.poll() is None:
        cli.up.kill()
        cli.up.communicate()


def test_it_is_steered_from_the_command_line_and_ctrl_c_leaves_nothing(cli: CommandLine) -> None:
    cli.begin()
    iam, functions, s3 = map(cli.client, ("iam", "lambda", "s3"))
    register = ("image", str(SCALE), "--repository", "scale", "--tag", "v1")
    code, said = cli.run(*register)
    assert code == 0, said
    uri = r"123456789012\.dkr\.ecr\.us-east-1\.amazonaws\.com/scale@sha256:[0-9a-f]{64}"
    assert re.fullmatch(uri, said.strip())
    code, as_json = cli.run(*register, "--json")
    assert json.loads(as_json)["image"] == said.strip()
    assert len(cli.client("ecr").list_images(repositoryName="scale")["imageIds"]) == 1
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    machine = cli.client("stepfunctions").create_state_machine(
        name="patient",
        roleArn=role,
        definition=json.dumps(
            {
                "StartAt": "Wait",
                "States": {"Wait": {"Type": "Wait", "Seconds": 80_000, "End": True}},
            }
        ),
    )["stateMachineArn"]
    states = cli.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine)["executionArn"]
    until(lambda: len(states.get_execution_history(executionArn=execution)["events"]) > 1)
    code, said = cli.run("clock", "24h")
    assert code == 0, said
    now = datetime.fromisoformat(re.search(r"\d{4}-\d\d-\d\dT\S+", said)[0])
    assert timedelta(hours=23) < now - datetime.now(UTC) < timedelta(hours=25)
    until(lambda: states.describe_execution(executionArn=execution)["status"] == "SUCCEEDED")
    s3.create_bucket(Bucket="shop")
    assert cli.run("reset")[0] == 0
    assert s3.list_buckets()["Buckets"] == []
    assert states.list_state_machines()["stateMachines"] == []
    busy(cli, functions, iam)
    code, said = cli.interrupt()
    assert code == 130, said
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:" in said
    assert "Interrupted. Everything that ran is stopped." in said
    assert "Traceback" not in said
    until(lambda: cli.left() == [])


def busy(cli: CommandLine, functions: Any, iam: Any) -> None:
    """Leave a function, a warm one and an execution in the middle of something."""
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    functions.create_function(
        FunctionName="sleeper",
        Runtime="python3.11",
        Role=role,
        Handler="code.handler",
        Timeout=300,
        Code={"ZipFile": zipped({"code.py": SLEEPER})},
    )
    functions.invoke(FunctionName="sleeper", Payload=b"0")
    functions.invoke(FunctionName="sleeper", InvocationType="Event", Payload=b"200")
    functions.invoke(FunctionName="sleeper", InvocationType="Event", Payload=b"200")
    until(lambda: sum("function_runtime" in seen for seen in running(cli)) == 2)


def running(cli: CommandLine) -> list[str]:
    return [seen for seen in processes().values() if str(cli.jobs) in seen]


def test_sigterm_ends_it_like_ctrl_c(cli: CommandLine) -> None:
    cli.begin("--speed", "30")
    assert cli.interrupt(signal.SIGTERM)[0] == 130
    until(lambda: cli.left() == [])


def test_it_runs_as_fast_as_it_is_told(cli: CommandLine) -> None:
    cli.begin("--speed", "3600")
    first = told_time(cli)
    until(lambda: told_time(cli) - first > timedelta(hours=1))


def told_time(cli: CommandLine) -> datetime:
    url = json.loads((cli.jobs / "aws.json").read_text())["url"]
    status, answer = told(url, "clock", b"")
    assert status == 200
    return datetime.fromisoformat(answer["now"])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["clock", "24h"], 1, "No local AWS runs with --jobs"),
        (["reset"], 1, "Start one: `python -m local_test aws up`"),
        (["image", str(SCALE), "--repository", "r", "--tag", "t"], 1, "No local AWS runs"),
        (["clock", "tomorrow"], 2, "write a number and s, m, h or d, for example 24h"),
        (["clock", "-5h"], 2, "aws clock"),
        (["image", str(SCALE)], 2, "--repository"),
        ([], 2, "ACTION"),
    ],
)
def test_a_command_that_cannot_be_says_why(
    cli: CommandLine, arguments: list[str], code: int, said: str
) -> None:
    ended, heard = cli.run(*arguments)
    assert said in heard
    assert ended == code
    assert "Traceback" not in heard


def test_a_port_that_is_taken_is_said_and_nothing_is_left(cli: CommandLine) -> None:
    cli.begin()
    url = json.loads((cli.jobs / "aws.json").read_text())["url"]
    other = CommandLine(cli.jobs.parent)
    code, said = other.run("up", "--port", url.rpartition(":")[2])
    assert code != 0
    assert "in use" in said
    assert [path.name for path in other.jobs.iterdir()] == ["jobs"]
    assert cli.client("sts").get_caller_identity()["Account"] == "123456789012"


# The clock itself


def test_the_clock_moves_forward_only_and_tells_its_watchers() -> None:
    clock = Clock()
    told: list[datetime] = []
    clock.watch(told.append)
    before = clock.now()
    clock.advance(timedelta(hours=5))
    assert timedelta(hours=5) <= told[-1] - before < timedelta(hours=5, minutes=1)
    with pytest.raises(ValueError, match="forward only"):
        clock.advance(timedelta(seconds=-1))
    assert clock.now() >= told[-1]


def test_a_watcher_that_fails_says_so_and_stops_no_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    told: list[datetime] = []

    def fail(now: datetime) -> None:
        raise RuntimeError("the watcher is broken")

    clock.watch(fail)
    clock.watch(told.append)
    clock.advance(timedelta(hours=1))
    assert len(told) == 1
    assert "the watcher is broken" in capsys.readouterr().err


def test_a_wait_ends_by_the_clock_or_by_its_stop() -> None:
    clock, stop = Clock(), threading.Event()
    outcomes: list[bool] = []
    waits = [
        threading.Thread(target=lambda: outcomes.append(clock.wait(3600))),
        threading.Thread(target=lambda: outcomes.append(clock.wait(90_000, stop))),
    ]
    for thread in waits:
        thread.start()
    clock.advance(timedelta(seconds=3600))
    waits[0].join(10)
    assert outcomes == [True]
    stop.set()
    waits[1].join(10)
    assert outcomes == [True, False]


def test_a_fast_clock_is_fast() -> None:
    clock = Clock(speed=3600)
    before = clock.time()
    assert clock.wait(1800)
    assert clock.time() - before >= 1800
