"""Models: an image, an artifact in S3, and the container's environment."""

from typing import Any

from local_test.aws import images
from local_test.aws.sagemaker.calls import Call, Handlers
from local_test.aws.sagemaker.endpoints import artifacts
from local_test.aws.sagemaker.endpoints.listing import listed
from local_test.aws.sagemaker.errors import Refused
from local_test.errors import BenchError

KIND = "model"
NOT_SIMULATED = ("MultiModelConfig", "ModelPackageName", "AdditionalModelDataSources")


def handlers() -> Handlers:
    """The calls that make, describe, list and delete models."""
    return {
        "CreateModel": _create,
        "DescribeModel": lambda call: call.store.get(KIND, call.parameters["ModelName"]),
        "ListModels": lambda call: listed(
            call, call.store.all(KIND), "Model", ("ModelName", "ModelArn", "CreationTime")
        ),
        "DeleteModel": lambda call: call.store.remove(KIND, call.parameters["ModelName"]),
    }


def container_of(model: dict[str, Any]) -> dict[str, Any]:
    """The only container of a model, as a ContainerDefinition."""
    return model["PrimaryContainer"]


def _create(call: Call) -> dict[str, Any]:
    asked = dict(call.parameters)
    tags = asked.pop("Tags", [])
    container = _only_container(asked)
    _check_image(call, container)
    found = artifacts.location(container)
    if found and not artifacts.exists(call.world, call.store.region, found[0]):
        raise Refused("ValidationException", f"Could not find model data at {found[0]}.")
    name = asked["ModelName"]
    record = {
        "EnableNetworkIsolation": False,
        **asked,
        "PrimaryContainer": container,
        "ModelArn": call.store.arn(KIND, name),
        "CreationTime": call.world.clock.now(),
    }
    return {"ModelArn": call.store.add(KIND, name, record, tags)}


def _only_container(asked: dict[str, Any]) -> dict[str, Any]:
    several = asked.pop("Containers", None)
    primary = asked.pop("PrimaryContainer", None)
    if bool(several) == bool(primary):
        raise Refused(
            "ValidationException", "Exactly one of PrimaryContainer and Containers must be given."
        )
    if several and len(several) > 1:
        raise Refused(
            "ValidationException", "The local AWS serves one container a model: no pipelines."
        )
    container = {"Mode": "SingleModel", **(primary or several[0])}
    if unknown := [name for name in NOT_SIMULATED if container.get(name)]:
        raise Refused("ValidationException", f"The local AWS has no {', '.join(unknown)}.")
    return container


def _check_image(call: Call, container: dict[str, Any]) -> None:
    image = container.get("Image")
    if not image:
        raise Refused("ValidationException", "Image is required in a ContainerDefinition.")
    try:
        images.resolve(call.world, image, call.store.region)
    except BenchError as error:
        raise Refused(
            "ValidationException", f"Requested image {image} not found. ({error})"
        ) from None
