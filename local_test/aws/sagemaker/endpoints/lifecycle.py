"""The calls that create, update, resize, describe, list and delete endpoints."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from local_test.aws.sagemaker.calls import Call, Handlers
from local_test.aws.sagemaker.endpoints import alarms, targets
from local_test.aws.sagemaker.endpoints.configs import KIND as CONFIG
from local_test.aws.sagemaker.endpoints.configs import is_serverless
from local_test.aws.sagemaker.endpoints.endpoint import LiveEndpoint
from local_test.aws.sagemaker.endpoints.fleet import Fleet
from local_test.aws.sagemaker.endpoints.listing import listed
from local_test.aws.sagemaker.endpoints.policies import policy_of
from local_test.aws.sagemaker.errors import Refused
from local_test.aws.world import World

KIND = "endpoint"
SUMMARY = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")


class Lifecycle:
    """Every endpoint of one world, by region and name.

    Args:
        settle: brings metrics and alarms up to date.
    """

    def __init__(self, world: World, settle: Callable[[], None]):
        self._world = world
        self._settle = settle
        self._lock = threading.RLock()
        self._live: dict[tuple[str, str], LiveEndpoint] = {}

    def handlers(self) -> Handlers:
        """The calls, by name."""
        return {
            "CreateEndpoint": self._create,
            "DescribeEndpoint": lambda call: self._of(call).journal.describe(),
            "ListEndpoints": lambda call: listed(call, call.store.all(KIND), "Endpoint", SUMMARY),
            "UpdateEndpoint": self._update,
            "UpdateEndpointWeightsAndCapacities": self._resize,
            "DeleteEndpoint": self._delete,
        }

    def all(self) -> list[LiveEndpoint]:
        """Every endpoint that there is."""
        return list(self._live.values())

    def find(self, region: str, name: str) -> LiveEndpoint | None:
        """An endpoint, if there is one."""
        return self._live.get((region, name))

    def scale(
        self, endpoint: LiveEndpoint, counts: Mapping[str, int], done: Callable[[str], None]
    ) -> bool:
        """Change how many instances variants have, unless something else is being done."""
        with self._lock:
            free = not endpoint.journal.in_progress
            if free:
                endpoint.resize(counts, done)
        return free

    def close(self) -> None:
        """End all at once."""
        for endpoint in self.all():
            endpoint.close()

    def _of(self, call: Call) -> LiveEndpoint:
        call.store.get(KIND, call.parameters["EndpointName"])
        return self._live[call.store.region, call.parameters["EndpointName"]]

    def _idle(self, call: Call) -> LiveEndpoint:
        """The endpoint that is called for. Raises Refused while something is done to it."""
        endpoint = self._of(call)
        if endpoint.journal.in_progress:
            arn = endpoint.journal.record["EndpointArn"]
            raise _refused(f'Cannot update in-progress endpoint "{arn}".')
        return endpoint

    def _create(self, call: Call) -> dict[str, Any]:
        name, store = call.parameters["EndpointName"], call.store
        config = store.get(CONFIG, call.parameters["EndpointConfigName"])
        for variant in config["ProductionVariants"]:
            store.get("model", variant["ModelName"])
        now = call.world.clock.now()
        record = {
            "EndpointName": name,
            "EndpointArn": store.arn(KIND, name),
            "EndpointConfigName": config["EndpointConfigName"],
            "EndpointStatus": "Creating",
            "CreationTime": now,
            "LastModifiedTime": now,
        }
        if deployment := call.parameters.get("DeploymentConfig"):
            _check(call, deployment, config, _counts(config))
            record["LastDeploymentConfig"] = deployment
        with self._lock:
            arn = store.add(KIND, name, record, call.parameters.get("Tags", []))
            endpoint = LiveEndpoint(self._world, store, record, self._settle)
            self._live[store.region, name] = endpoint
            endpoint.create(endpoint.new_fleet(config))
        return {"EndpointArn": arn}

    def _update(self, call: Call) -> dict[str, Any]:
        asked = call.parameters
        with self._lock:
            endpoint = self._idle(call)
            _require_working(endpoint)
            config = call.store.get(CONFIG, asked["EndpointConfigName"])
            fleet = endpoint.new_fleet(config)
            _keep_scaled_types(call, endpoint.fleet, fleet)
            _retain(asked, endpoint.fleet, fleet)
            deployment = asked.get("DeploymentConfig")
            if deployment is None and asked.get("RetainDeploymentConfig"):
                deployment = endpoint.journal.record.get("LastDeploymentConfig")
            if deployment is not None:
                _check(call, deployment, config, fleet.counts)
            policy = policy_of(deployment, fleet.counts)
            endpoint.update(fleet, policy, deployment)
        return {"EndpointArn": endpoint.journal.record["EndpointArn"]}

    def _resize(self, call: Call) -> dict[str, Any]:
        with self._lock:
            endpoint = self._idle(call)
            _require_working(endpoint)
            counts = {}
            for wanted in call.parameters["DesiredWeightsAndCapacities"]:
                name = wanted["VariantName"]
                group = endpoint.fleet.groups.get(name)
                if group is None:
                    raise _refused(
                        f"The variant name(s) {name} is/are not present within endpoint "
                        f"configuration {endpoint.fleet.name}."
                    )
                group.weight = wanted.get("DesiredWeight", group.weight)
                counts[name] = wanted.get("DesiredInstanceCount", group.desired)
                if counts[name] < 1:
                    raise _refused(f"DesiredInstanceCount of {name} must be at least 1.")
            endpoint.resize(counts)
        return {"EndpointArn": endpoint.journal.record["EndpointArn"]}

    def _delete(self, call: Call) -> None:
        with self._lock:
            endpoint = self._idle(call)
            region, name = call.store.region, endpoint.name

            def forget() -> None:
                resources = [targets.resource(name, v) for v in endpoint.variants]
                targets.deregister(self._world, region, resources)
                with self._lock:
                    call.store.remove(KIND, name)
                    del self._live[region, name]

            endpoint.delete(forget)


def _check(
    call: Call,
    deployment: Mapping[str, Any],
    config: Mapping[str, Any],
    counts: Mapping[str, int],
) -> None:
    """Refuse a DeploymentConfig that SageMaker would not take for this endpoint config."""
    if is_serverless(dict(config)):
        raise _refused(
            "DeploymentConfig is not supported for serverless endpoints: deployment guardrails "
            "apply to real-time and asynchronous inference only."
        )
    names = policy_of(deployment, counts).alarms
    known = alarms.states(call.world, call.store.region, names)
    if missing := [name for name in names if name not in known]:
        raise _refused(f"Unable to find the auto-rollback alarm(s) {', '.join(missing)}.")


def _require_working(endpoint: LiveEndpoint) -> None:
    status = endpoint.journal.record["EndpointStatus"]
    if status != "InService":
        arn = endpoint.journal.record["EndpointArn"]
        raise _refused(f'Cannot update endpoint "{arn}" in status {status}. It can be deleted.')


def _keep_scaled_types(call: Call, old: Fleet, new: Fleet) -> None:
    """Refuse another instance type for a variant that Application Auto Scaling scales."""
    name, world, region = call.parameters["EndpointName"], call.world, call.store.region
    changed = [
        variant
        for variant in old.groups.keys() & new.groups.keys()
        if old.groups[variant].instance_type != new.groups[variant].instance_type
    ]
    if not changed:
        return
    resources = [targets.resource(name, variant) for variant in changed]
    if scaled := [found["ResourceId"] for found in targets.registered(world, region, resources)]:
        raise _refused(
            "The instance type of a variant cannot be changed while automatic scaling is "
            f"configured for it: {', '.join(scaled)}. Deregister the scalable target, update the "
            "endpoint, and register it again."
        )


def _retain(asked: Mapping[str, Any], old: Fleet, new: Fleet) -> None:
    """Give the new fleet the old one's instance counts and weights, as far as asked for."""
    if not asked.get("RetainAllVariantProperties"):
        return
    excluded = {
        item["VariantPropertyType"] for item in asked.get("ExcludeRetainedVariantProperties", [])
    }
    for name in old.groups.keys() & new.groups.keys():
        if "DesiredInstanceCount" not in excluded:
            new.counts[name] = old.groups[name].desired
        if "DesiredWeight" not in excluded:
            new.groups[name].weight = old.groups[name].weight


def _counts(config: Mapping[str, Any]) -> dict[str, int]:
    return {
        variant["VariantName"]: variant.get("InitialInstanceCount", 1)
        for variant in config["ProductionVariants"]
    }


def _refused(message: str) -> Refused:
    return Refused("ValidationException", message)
