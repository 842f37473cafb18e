"""Lambda functions that run their handler, in a process of their own that stays warm."""

import io
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.awslambda_simple.models import LambdaSimpleBackend

from local_test.aws.world import World

RUNTIME = Path(__file__).with_name("function_runtime.py")
KILL_SECONDS = 5
LOG_STREAM = "local"
MOTO_S = LambdaResponse.invoke
_warm: dict[str, "Process"] = {}
_busy: set["Process"] = set()
_lock = threading.Lock()


def install(world: World) -> None:
    """Let Invoke run the handler, for this world."""

    def invoke(  # noqa: PLR0913, PLR0917 (moto's signature)
        self: LambdaSimpleBackend,
        function_name: str,
        qualifier: str | None,
        body: Any,
        headers: Any,
        response_headers: Any,
    ) -> bytes:
        function = self.get_function(function_name, qualifier)
        kind = headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            return b""
        event = json.loads(body or "{}")
        if kind == "Event":
            work = (world, self.region_name, function, event)
            threading.Thread(target=_invoke, args=work, daemon=True).start()
            return b""
        told = _invoke(world, self.region_name, function, event)
        if "error" in told:
            response_headers["x-amz-function-error"] = "Unhandled"
        return json.dumps(told.get("error", told.get("result"))).encode()

    def invoke_qualified(response: LambdaResponse) -> Any:
        """moto looks for the qualifier in the wrong case."""
        response.querystring["qualifier"] = response.querystring.get("Qualifier")
        return MOTO_S(response)

    LambdaSimpleBackend.invoke = invoke
    LambdaResponse.invoke = invoke_qualified


def reset() -> None:
    """End every process."""
    LambdaResponse.invoke = MOTO_S
    with _lock:
        for process in _warm.values():
            process.end()
        for process in _busy:
            process.kill()  # who asked it ends it
        _warm.clear()


def _invoke(world: World, region: str, function: LambdaFunction, event: Any) -> dict[str, Any]:
    """The handler's answer; the process is kept for the next event unless it ran out of time."""
    settings = json.dumps(
        [function.function_arn, function.code_sha_256, function.get_configuration()]
    )
    with _lock:
        process = _warm.pop(settings, None) or Process(world, region, function)
        _busy.add(process)
    told = process.ask(event, function.function_arn, function.timeout)
    with suppress(BotoCoreError, ClientError):  # the world has ended
        _count(world, region, function.function_name, "error" in told)
        _log(world, region, function.function_name, process.written())
    with _lock:
        _busy.discard(process)
        if process.alive and settings not in _warm:
            _warm[settings] = process
        else:
            process.end()
    return told


class Process:
    """One warm process of one function."""

    def __init__(self, world: World, region: str, function: LambdaFunction):
        self._room = world.scratch / "functions" / uuid.uuid4().hex
        code = self._room / "code"
        code.mkdir(parents=True)
        with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as archive:
            archive.extractall(code)
        written = (self._room / "log.txt").open("w", encoding="utf-8")
        self._log = (self._room / "log.txt").open(encoding="utf-8", errors="replace")
        answers, pipe = os.pipe()
        self._answers = os.fdopen(answers, encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, str(RUNTIME), function.handler, str(pipe)],
            stdin=subprocess.PIPE,
            stdout=written,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=code,
            pass_fds=[pipe],
            start_new_session=True,
            env={
                "PATH": os.environ["PATH"],
                "LAMBDA_TASK_ROOT": str(code),
                "AWS_ENDPOINT_URL": world.url,
                "AWS_REGION": region,
                "AWS_DEFAULT_REGION": region,
                "AWS_ACCESS_KEY_ID": "local",
                "AWS_SECRET_ACCESS_KEY": "local",
                "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
                "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
                "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.function_name}",
                "AWS_LAMBDA_LOG_STREAM_NAME": LOG_STREAM,
                **function.environment_vars,
            },
        )
        os.close(pipe)
        written.close()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, event: Any, arn: str, timeout: float) -> dict[str, Any]:
        """The handler's answer, or how Lambda words a timeout or a crash."""
        until = time.time() + timeout
        request = {"id": str(uuid.uuid4()), "arn": arn, "until": until, "event": event}
        with suppress(BrokenPipeError):  # said below
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        ready, _, _ = select.select([self._answers], [], [], timeout)
        line = self._answers.readline() if ready else ""
        if line:
            return json.loads(line)
        message = f"{request['id']} Task timed out after {timeout:.2f} seconds"
        kind = "Sandbox.Timedout"
        if ready:
            code = self._process.wait(KILL_SECONDS)
            message = f"RequestId: {request['id']} Error: Runtime exited with exit code {code}"
            kind = "Runtime.ExitError"
        self.kill()
        return {"error": {"errorMessage": message, "errorType": kind}}

    def kill(self) -> None:
        """With everything that the handler has started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def written(self) -> list[str]:
        """What the handler has printed since the last time."""
        return self._log.read().splitlines()

    def end(self) -> None:
        self.kill()
        self._process.stdin.close()
        self._answers.close()
        self._log.close()
        shutil.rmtree(self._room, ignore_errors=True)


def _count(world: World, region: str, name: str, failed: bool) -> None:
    now = world.clock.now()
    data = [
        {
            "MetricName": metric,
            "Dimensions": [{"Name": "FunctionName", "Value": name}],
            "Value": value,
            "Timestamp": now,
        }
        for metric, value in (("Invocations", 1), ("Errors", int(failed)))
    ]
    world.client("cloudwatch", region).put_metric_data(Namespace="AWS/Lambda", MetricData=data)


def _log(world: World, region: str, name: str, lines: list[str]) -> None:
    logs = world.client("logs", region)
    where = {"logGroupName": f"/aws/lambda/{name}", "logStreamName": LOG_STREAM}
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=where["logGroupName"])
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_stream(**where)
    now = int(world.clock.time() * 1000)
    if events := [{"timestamp": now, "message": line} for line in lines if line]:
        logs.put_log_events(**where, logEvents=events)
