"""What people do to an account beside the pipeline, and how it is undone."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from tests.ci.developer import Developer

Undo = Callable[[], Any]


def code(shop: Developer) -> Undo:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("handler.py", "pass")
    functions, name = shop.client("lambda"), f"{shop.endpoint}-steps"
    stack = shop.client("cloudformation").describe_stacks(StackName=f"{shop.endpoint}-retraining")
    given = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Stacks"][0]["Parameters"]}
    functions.update_function_code(FunctionName=name, ZipFile=buffer.getvalue())
    return lambda: functions.update_function_code(
        FunctionName=name, S3Bucket=shop.bucket, S3Key=given["CodeKey"]
    )


def timeout(shop: Developer) -> Undo:
    def put(seconds: int) -> None:
        shop.client("lambda").update_function_configuration(
            FunctionName=f"{shop.endpoint}-steps", Timeout=seconds
        )

    put(17)
    return lambda: put(300)


def definition(shop: Developer) -> Undo:
    states, arn = shop.client("stepfunctions"), shop.outputs("retraining")["StateMachineArn"]
    text = states.describe_state_machine(stateMachineArn=arn)["definition"]
    changed = {**json.loads(text), "Comment": "by hand"}
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(changed))
    return lambda: states.update_state_machine(stateMachineArn=arn, definition=text)


def alarm(shop: Developer) -> Undo:
    cloudwatch, name = shop.client("cloudwatch"), f"{shop.endpoint}-letters-wait"
    kept = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    cloudwatch.delete_alarms(AlarmNames=[name])
    given = cloudwatch.meta.service_model.operation_model("PutMetricAlarm").input_shape.members
    body = {key: value for key, value in kept.items() if key in given and value != []}
    return lambda: cloudwatch.put_metric_alarm(**body)


BY_HAND: dict[str, tuple[Callable[[Developer], Undo], tuple[str, str], str]] = {
    "code": (code, ("function", "steps"), "Its code is not the deployed package."),
    "timeout": (
        timeout,
        ("stack", "retraining"),
        "StepFunction (Lambda::Function): Timeout is 17 and not 300.",
    ),
    "definition": (
        definition,
        ("state machine", "retraining"),
        "Its definition is not the deployed one.",
    ),
    "alarm": (alarm, ("stack", "retraining"), "LettersWait (CloudWatch::Alarm) was deleted."),
}
