"""Tags of what SageMaker holds."""

from typing import Any

from local_test.aws.sagemaker.calls import Call, Handlers


def handlers() -> Handlers:
    """The calls that read and change tags."""
    return {"AddTags": _add, "ListTags": _list, "DeleteTags": _delete}


def _add(call: Call) -> dict[str, Any]:
    tags = call.store.tags(call.parameters["ResourceArn"])
    tags.update({tag["Key"]: tag["Value"] for tag in call.parameters["Tags"]})
    return _list(call)


def _list(call: Call) -> dict[str, Any]:
    tags = call.store.tags(call.parameters["ResourceArn"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _delete(call: Call) -> None:
    tags = call.store.tags(call.parameters["ResourceArn"])
    for key in call.parameters["TagKeys"]:
        tags.pop(key, None)
