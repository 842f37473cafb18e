"""Tasks of state machines: SageMaker's, other state machines', and those of AWS SDK integrations.

moto lacks the SageMaker integration, cannot start a machine from another one, and names errors of
AWS SDK integrations after Python classes.
"""

import json
from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import (
    CustomErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_callback as callbacks,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
    ResourceCondition,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (  # noqa: E501
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_factory import (  # noqa: E501
    state_task_service_for,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (  # noqa: E501
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for

from local_test.aws.service_models import service_model, services
from local_test.aws.world import World

JOBS = {  # createX.sync: X as clients spell it, and as the keys of Describe do
    "createtrainingjob": ("training_job", "TrainingJob"),
    "createprocessingjob": ("processing_job", "ProcessingJob"),
    "createtransformjob": ("transform_job", "TransformJob"),
    "createhyperparametertuningjob": ("hyper_parameter_tuning_job", "HyperParameterTuningJob"),
}
SDK_NAMES = {  # as Step Functions spells services; others only begin with a capital
    "cloudformation": "CloudFormation",
    "cloudwatch": "CloudWatch",
    "cloudwatchlogs": "CloudWatchLogs",
    "dynamodb": "DynamoDb",
    "eventbridge": "EventBridge",
    "sagemaker": "SageMaker",
    "sagemakerruntime": "SageMakerRuntime",
}
WAITS = {ResourceCondition.Sync, ResourceCondition.Sync2}
TASK_FAILED = StatesErrorName(StatesErrorNameType.StatesTaskFailed)


class Waiting(callbacks.StateTaskServiceCallback):
    """A task that may wait for what it has started, and then stops it with its execution."""

    @abstractmethod
    def _stop(self, parameters: dict[str, Any], answer: dict[str, Any], region: str) -> None:
        """Stop what was started with these parameters, and with this answer."""

    def _eval_integration_pattern(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: Any, **others: Any
    ) -> None:
        answer = env.stack[-1]
        try:
            super()._eval_integration_pattern(
                env=env,
                resource_runtime_part=resource_runtime_part,
                normalised_parameters=normalised_parameters,
                **others,
            )
        finally:
            if not env.is_running() and self.resource.condition in WAITS:
                with suppress(ClientError):  # it has ended by itself
                    self._stop(normalised_parameters, answer, resource_runtime_part.region)


class SageMakerTask(Waiting):
    """``arn:aws:states:::sagemaker:createTrainingJob.sync`` and its kind."""

    def __init__(self, world: World):
        super().__init__({ResourceCondition.Sync, ResourceCondition.WaitForTaskToken})
        self._world = world

    def _get_supported_parameters(self) -> set[str]:
        operation = self.resource.api_action[0].upper() + self.resource.api_action[1:]
        return set(service_model("sagemaker").operation_model(operation).input_shape.members)

    def _eval_service_task(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: Any, *_: Any, **__: Any
    ) -> None:
        client = self._world.client("sagemaker", resource_runtime_part.region)
        answer = getattr(client, self._get_boto_service_action())(**normalised_parameters)
        answer.pop("ResponseMetadata")
        env.stack.append(_as_json(answer))

    def _stop(self, parameters: dict[str, Any], answer: dict[str, Any], region: str) -> None:
        kind, word = JOBS[self.resource.api_action.lower()]
        client = self._world.client("sagemaker", region)
        getattr(client, f"stop_{kind}")(**{f"{word}Name": parameters[f"{word}Name"]})

    def _build_sync_resolver(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: Any, *_: Any, **__: Any
    ) -> Callable[[], Any]:
        env.stack.pop()
        kind, word = JOBS[self.resource.api_action.lower()]
        client = self._world.client("sagemaker", resource_runtime_part.region)
        name = {f"{word}Name": normalised_parameters[f"{word}Name"]}

        def ended() -> dict[str, Any] | None:
            described = _as_json(getattr(client, f"describe_{kind}")(**name))
            described.pop("ResponseMetadata")
            if described[f"{word}Status"] == "Completed":
                return described
            if described[f"{word}Status"] not in ("Failed", "Stopped"):
                return None
            raise FailureEventException(self._failed(env, TASK_FAILED, json.dumps(described)))

        return ended

    def _from_error(self, env: Any, ex: Exception) -> FailureEvent:
        if isinstance(ex, ClientError):
            error = CustomErrorName(f"SageMaker.{_exception(ex, 'sagemaker')}")
            return self._failed(env, error, _cause(ex))
        return super()._from_error(env=env, ex=ex)

    def _failed(self, env: Any, error: ErrorName, cause: str) -> FailureEvent:
        return FailureEvent(
            env=env,
            error_name=error,
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(
                taskFailedEventDetails=TaskFailedEventDetails(
                    resource=self._get_sfn_resource(),
                    resourceType=self._get_sfn_resource_type(),
                    error=error.error_name,
                    cause=cause,
                )
            ),
        )


class MachineTask(Waiting, StateTaskServiceSfn):
    """``arn:aws:states:::states:startExecution``, and with ``.sync`` and ``.sync:2``."""

    def _eval_service_task(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: Any, *_: Any, **__: Any
    ) -> None:
        client = _states(resource_runtime_part.region)
        given = {name[0].lower() + name[1:]: item for name, item in normalised_parameters.items()}
        answer = client.start_execution(**given)
        answer.pop("ResponseMetadata")
        env.stack.append(answer)
        self._normalise_response(answer)

    def _stop(self, parameters: dict[str, Any], answer: dict[str, Any], region: str) -> None:
        _states(region).stop_execution(executionArn=answer["ExecutionArn"])

    def _normalise_response(self, response: Any, *_: Any, **__: Any) -> None:
        """Keys begin with a capital in Step Functions."""
        for name in list(response):
            response[name[0].upper() + name[1:]] = _as_json(response.pop(name))


class SdkTask(StateTaskServiceAwsSdk):
    """``arn:aws:states:::aws-sdk:SERVICE:ACTION`` with answers that are JSON, and error names."""

    def _get_boto_service_name(self, boto_service_name: str | None = None) -> str:
        """Step Functions spells application-autoscaling without its hyphen."""
        name = super()._get_boto_service_name(boto_service_name)
        return next((known for known in services() if known.replace("-", "") == name), name)

    def _eval_service_task(self, env: Any, *arguments: Any, **keywords: Any) -> None:
        super()._eval_service_task(env, *arguments, **keywords)
        env.stack.append(_as_json(env.stack.pop()))

    def _from_error(self, env: Any, ex: Exception) -> FailureEvent:
        if not isinstance(ex, ClientError):
            return super()._from_error(env=env, ex=ex)
        service = self.resource.api_name
        name = SDK_NAMES.get(service.lower(), service[:1].upper() + service[1:])
        error = f"{name}.{_exception(ex, self._get_boto_service_name(), name)}"
        return self._get_task_failure_event(env=env, error=error, cause=_cause(ex))


def _states(region: str) -> Any:
    return boto_client_for(service="stepfunctions", region=region, state_credentials=None)


def task_maker(world: World) -> Callable[..., Any]:
    """A function that makes the task of a service, as moto calls it."""

    def task_for(service_name: str) -> Any:
        if service_name == "sagemaker":
            return SageMakerTask(world)
        if service_name == "states":
            return MachineTask()
        if service_name == "aws-sdk":
            return SdkTask()
        return state_task_service_for(service_name=service_name)

    return task_for


def _exception(error: ClientError, service: str, base: str = "AmazonSageMaker") -> str:
    """The name under which AWS' Java client, and so Step Functions, knows an error."""
    code = error.response["Error"]["Code"]
    known = {shape.name for shape in service_model(service).error_shapes}
    name = code.removesuffix("Exception")
    if code in known or f"{name}Exception" in known:
        return f"{name}Exception"
    return f"{base}Exception"


def _cause(error: ClientError) -> str:
    told, about = error.response["Error"], error.response["ResponseMetadata"]
    return f"{told['Message']} (Status Code: {about['HTTPStatusCode']}; Error Code: {told['Code']})"


def _as_json(value: Any) -> Any:
    """Dates as ISO 8601 and streams as text, at any depth."""
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return _as_text(value) if not isinstance(value, str | int | float | None) else value


def _as_text(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "read"):
        value = value.read()
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
