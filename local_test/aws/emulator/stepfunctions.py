"""State machines whose waits go by the clock, which can be stopped, and which tell of their end.

moto vendors an interpreter of the Amazon States Language. It sleeps in real time, loses its way
when an execution is stopped, and does not see state machines that CloudFormation makes.
"""

import json
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import moto.stepfunctions.models as control
import moto.stepfunctions.parser.models as executor
from botocore.exceptions import BotoCoreError, ClientError
from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.timeouts.heartbeat import Heartbeat
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import Timeout
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import iteration_worker
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branches_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback as callbacks,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import (
    WaitFunction,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication
from moto.stepfunctions.responses import StepFunctionResponse

from local_test.aws.emulator import tasks
from local_test.aws.world import World

POLL_SECONDS = 0.1
SLEEP_SECONDS = 0.1
MOTO_S = executor.StepFunctionsParserBackend.start_execution
MOTO_DESCRIBES = StepFunctionResponse.describe_execution
MOTO_RETRIES = retrier_decl.RetrierDecl._eval_body
MOTO_EVALUATES = Timeout.eval
MOTO_FAILS = Environment.set_error
EVENT = "Step Functions Execution Status Change"


def install(world: World) -> None:
    """Replace what moto lacks, for this world."""
    control.stepfunctions_backends = executor.stepfunctions_parser_backends
    branches_decl.CustomErrorName = ErrorName  # a branch may fail with States.TaskFailed
    iteration_worker.CustomErrorName = ErrorName
    callbacks._DELAY_SECONDS_SYNC_CONDITION_CHECK = POLL_SECONDS
    pause = _pause_by(world)
    retrier_decl.time = SimpleNamespace(sleep=lambda seconds: pause(_here.env, seconds))
    retrier_decl.RetrierDecl._eval_body = _retry
    Timeout.eval = Heartbeat.eval = _seconds
    Environment.set_error = _fail
    WaitFunction._wait_interval = lambda _, env, wait_seconds: pause(env, wait_seconds)
    state_task_factory.state_task_service_for = tasks.task_maker(world)
    BaseExecutionWorkerCommunication.terminated = _told_to(world)
    executor.StepFunctionsParserBackend.start_execution = _start_named
    StepFunctionResponse.stop_execution = _stop
    StepFunctionResponse.describe_execution = _describe
    StepFunctionResponse.send_task_failure = _send_failure


def reset() -> None:
    """Stop what runs."""
    for backends in executor.stepfunctions_parser_backends.values():
        for backend in backends.values():
            for execution in backend._get_executions():
                if execution.status == "RUNNING":
                    execution.stop(None, None, None)


def _start_named(
    self: Any, state_machine_arn: str, name: str | None = None, *more: Any, **named: Any
) -> Any:
    """Every execution has a name; moto leaves it to the caller."""
    return MOTO_S(self, state_machine_arn, name or str(uuid.uuid4()), *more, **named)


def _describe(response: StepFunctionResponse) -> ActionResult:
    """Outputs are JSON, those that are text or nothing, too."""
    answer = MOTO_DESCRIBES(response)
    arn = response._get_param("executionArn")
    execution = response.stepfunction_backend.describe_execution(arn)
    if execution.status == "SUCCEEDED":
        answer.result["output"] = json.dumps(execution.output)
    if execution.status == "TIMED_OUT":
        answer.result["stopDate"] = execution.stop_date
    return answer


def _stop(response: StepFunctionResponse) -> ActionResult:
    """moto forgets error and cause."""
    arn = response._get_param("executionArn")
    execution = response.stepfunction_backend.describe_execution(arn)
    ended = datetime.now(UTC)
    execution.stop(ended, response._get_param("error"), response._get_param("cause"))
    return ActionResult({"stopDate": execution.stop_date or ended})


def _send_failure(response: StepFunctionResponse) -> ActionResult:
    """moto forgets the cause."""
    told = [response._get_param(name) for name in ("taskToken", "error", "cause")]
    response.stepfunction_backend.send_task_failure(*told)
    return EmptyResult()


_here = threading.local()  # the environment in which this thread retries something


def _retry(self: retrier_decl.RetrierDecl, env: Any) -> None:
    _here.env = env
    MOTO_RETRIES(self, env)


def _seconds(self: Timeout | Heartbeat, env: Any) -> None:
    """Push seconds also when the execution has been stopped: moto takes what is there for them."""
    depth = len(env.stack)
    MOTO_EVALUATES(self, env)
    if len(env.stack) == depth:
        env.stack.append(0)


def _fail(self: Environment, error: Any) -> None:
    """What has been stopped stays so, whatever its states make of it."""
    with self._state_mutex:
        if not isinstance(self.program_state(), ProgramStopped):
            MOTO_FAILS(self, error)


def _pause_by(world: World) -> Callable[[Any, float], None]:
    def pause(env: Any, seconds: float) -> None:
        until = world.clock.time() + seconds
        while env.is_running() and world.clock.time() < until:
            time.sleep(min(SLEEP_SECONDS, max(0.0, until - world.clock.time())))

    return pause


def _told_to(world: World) -> Callable[..., None]:
    """When an execution has ended: its event, and the count of its kind."""

    def terminated(self: BaseExecutionWorkerCommunication) -> None:
        self._reflect_execution_status()
        execution = self.execution
        if execution.status == "ABORTED":
            how = execution.exec_worker.env.program_state()
            execution.error, execution.cause = how.error, how.cause
        arn = execution.state_machine.arn
        detail = {
            "executionArn": execution.exec_arn,
            "stateMachineArn": arn,
            "name": execution.name,
            "status": execution.status,
            "error": execution.error,
            "cause": execution.cause,
        }
        world.emit(execution.region_name, "aws.states", EVENT, detail, [execution.exec_arn])
        kind = {"TIMED_OUT": "TimedOut"}.get(execution.status, execution.status.capitalize())
        datum = {
            "MetricName": f"Executions{kind}",
            "Dimensions": [{"Name": "StateMachineArn", "Value": arn}],
            "Value": 1,
            "Timestamp": world.clock.now(),
        }
        with suppress(BotoCoreError, ClientError):  # the world has ended
            metrics = world.client("cloudwatch", execution.region_name)
            metrics.put_metric_data(Namespace="AWS/States", MetricData=[datum])

    return terminated
