"""Endpoint configs: which models, on how many instances, with which share of the traffic."""

from typing import Any

from local_test.aws.sagemaker.calls import Call, Handlers
from local_test.aws.sagemaker.endpoints.listing import listed
from local_test.aws.sagemaker.errors import Refused

KIND = "endpoint-config"
SUMMARY = ("EndpointConfigName", "EndpointConfigArn", "CreationTime")
NOT_SIMULATED = (
    "AsyncInferenceConfig",
    "ExplainerConfig",
    "ShadowProductionVariants",
    "CrossRegionTrafficConfig",
)
VARIANT_NOT_SIMULATED = ("ManagedInstanceScaling", "InstancePools", "CapacityReservationConfig")


def handlers() -> Handlers:
    """The calls that make, describe, list and delete endpoint configs."""
    return {
        "CreateEndpointConfig": _create,
        "DescribeEndpointConfig": lambda call: call.store.get(KIND, _name(call)),
        "ListEndpointConfigs": lambda call: listed(
            call, call.store.all(KIND), "EndpointConfig", SUMMARY
        ),
        "DeleteEndpointConfig": lambda call: call.store.remove(KIND, _name(call)),
    }


def is_serverless(config: dict[str, Any]) -> bool:
    """Whether a config's only variant is a serverless one."""
    return "ServerlessConfig" in config["ProductionVariants"][0]


def _name(call: Call) -> str:
    return call.parameters["EndpointConfigName"]


def _create(call: Call) -> dict[str, Any]:
    asked = dict(call.parameters)
    tags = asked.pop("Tags", [])
    if unknown := [name for name in NOT_SIMULATED if name in asked]:
        raise _refused(f"The local AWS has no {', '.join(unknown)}.")
    asked["ProductionVariants"] = [_variant(call, given) for given in asked["ProductionVariants"]]
    _check_variants(call, asked)
    record = {
        **asked,
        "EndpointConfigArn": call.store.arn(KIND, _name(call)),
        "CreationTime": call.world.clock.now(),
    }
    return {"EndpointConfigArn": call.store.add(KIND, _name(call), record, tags)}


def _variant(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """The variant with SageMaker's defaults."""
    name = given["VariantName"]
    if unknown := [key for key in VARIANT_NOT_SIMULATED if key in given]:
        raise _refused(f"The local AWS has no {', '.join(unknown)} (variant {name}).")
    strategy = given.get("RoutingConfig", {}).get("RoutingStrategy", "RANDOM")
    if strategy != "RANDOM":
        raise _refused(f"The local AWS has no RoutingStrategy {strategy} (variant {name}).")
    if "ModelName" not in given:
        raise _refused(f"ModelName is required for production variant {name}.")
    call.store.get("model", given["ModelName"])
    serverless = "ServerlessConfig" in given
    if serverless == ("InstanceType" in given):
        raise _refused(
            f"Exactly one of InstanceType and ServerlessConfig is required for production variant "
            f"{name}."
        )
    if serverless and "InitialInstanceCount" in given:
        raise _refused(f"Serverless production variant {name} takes no InitialInstanceCount.")
    count = {} if serverless else {"InitialInstanceCount": given.get("InitialInstanceCount", 1)}
    return {"InitialVariantWeight": 1.0, **given, **count}


def _check_variants(call: Call, asked: dict[str, Any]) -> None:
    variants = asked["ProductionVariants"]
    names = [variant["VariantName"] for variant in variants]
    if twice := {name for name in names if names.count(name) > 1}:
        raise _refused(f"Duplicate production variant name {', '.join(sorted(twice))}.")
    if any("ServerlessConfig" in variant for variant in variants):
        _check_serverless(call, asked)


def _check_serverless(call: Call, asked: dict[str, Any]) -> None:
    """What serverless endpoints cannot have, by the developer guide's feature exclusions."""
    variants = asked["ProductionVariants"]
    models = [call.store.get("model", variant["ModelName"]) for variant in variants]
    capture = asked.get("DataCaptureConfig", {"EnableCapture": False})
    unwanted = {
        "more than one production variant": len(variants) > 1,
        "data capture": capture.get("EnableCapture", True),
        "VPC configuration": any("VpcConfig" in record for record in (asked, *models)),
        "network isolation": any(
            record.get("EnableNetworkIsolation") for record in (asked, *models)
        ),
    }
    if found := [what for what, present in unwanted.items() if present]:
        raise _refused(f"Serverless endpoints do not support {', '.join(found)}.")


def _refused(message: str) -> Refused:
    return Refused("ValidationException", message)
