"""Combinations that AWS or this project refuses, with the reason."""

from ci.environment.tables import Environment


def problems_of(environment: Environment) -> list[str]:
    """What AWS or this project would refuse, a sentence each."""
    return [sentence for applies, sentence in _rules(environment) if applies]


def _rules(environment: Environment) -> list[tuple[bool, str]]:
    training, endpoint = environment.training, environment.endpoint
    deployment, scaling = environment.deployment, environment.scaling
    gradual = deployment.policy in ("canary", "linear")
    serverless = endpoint.serverless is not None
    fleet = max(endpoint.instance_count, scaling.minimum)
    return [
        (
            gradual and fleet < 2 and not serverless,
            f"deployment.policy {deployment.policy} needs 2 instances or more "
            "(endpoint.instance_count): one instance has no tenth.",
        ),
        (
            serverless and deployment.policy != "all-at-once",
            f"deployment.policy {deployment.policy} cannot be had with endpoint.serverless: "
            "a serverless endpoint is updated all at once.",
        ),
        (
            deployment.rollback_on_alarms and not deployment.alarms,
            "deployment.rollback_on_alarms needs deployment.alarms: nothing would ring.",
        ),
        (
            serverless and environment.capture.percent > 0,
            "endpoint.serverless has no data capture: set capture.percent = 0.",
        ),
        (
            serverless and bool(endpoint.subnets or endpoint.isolation),
            "endpoint.serverless has neither VPC nor isolation: drop subnets and isolation.",
        ),
        (
            serverless and scaling.maximum > scaling.minimum,
            "endpoint.serverless scales by itself: let scaling.minimum = scaling.maximum.",
        ),
        (
            training.spot and training.warm_pool_seconds > 0,
            "training.spot has no warm pool: set training.warm_pool_seconds = 0.",
        ),
        (
            training.spot and not training.checkpoints,
            "training.spot needs training.checkpoints: an interrupted job would begin anew.",
        ),
        (
            training.spot and training.max_wait_seconds < training.max_runtime_seconds,
            "training.max_wait_seconds must be at least training.max_runtime_seconds.",
        ),
        (
            scaling.minimum > scaling.maximum,
            "scaling.minimum is above scaling.maximum.",
        ),
        (
            not scaling.minimum <= endpoint.instance_count <= max(scaling.maximum, 1)
            and scaling.maximum > scaling.minimum,
            "endpoint.instance_count must lie between scaling.minimum and scaling.maximum.",
        ),
        (
            environment.data.held_out not in environment.data.channels,
            f"data.held_out '{environment.data.held_out}' is none of data.channels "
            f"({', '.join(environment.data.channels)}).",
        ),
        (
            set(environment.data.channels) == {environment.data.held_out},
            "data.channels has nothing to train on beside data.held_out.",
        ),
        (
            bool(training.subnets) != bool(training.security_groups),
            "training.subnets and training.security_groups go together.",
        ),
        (
            bool(endpoint.subnets) != bool(endpoint.security_groups),
            "endpoint.subnets and endpoint.security_groups go together.",
        ),
        *_ranges(environment),
    ]


def _ranges(environment: Environment) -> list[tuple[bool, str]]:
    limits = [
        ("training.instance_count", environment.training.instance_count, 1, 100),
        ("training.volume_gb", environment.training.volume_gb, 1, 16384),
        ("training.max_runtime_seconds", environment.training.max_runtime_seconds, 1, 28 * 86400),
        ("training.warm_pool_seconds", environment.training.warm_pool_seconds, 0, 3600),
        ("tuning.max_jobs", environment.tuning.max_jobs, 1, 750),
        ("tuning.parallel_jobs", environment.tuning.parallel_jobs, 1, 100),
        ("endpoint.instance_count", environment.endpoint.instance_count, 1, 1000),
        ("deployment.step_percent", environment.deployment.step_percent, 1, 50),
        ("deployment.bake_seconds", environment.deployment.bake_seconds, 0, 3600),
        ("deployment.error_percent", environment.deployment.error_percent, 0, 100),
        ("capture.percent", environment.capture.percent, 0, 100),
        ("scaling.minimum", environment.scaling.minimum, 1, 1000),
        ("monitoring.cool_down_hours", environment.monitoring.cool_down_hours, 0, 24 * 30),
        ("triggers.debounce_seconds", environment.triggers.debounce_seconds, 0, 86400),
    ]
    return [
        (not low <= value <= high, f"{name} = {value} is not between {low} and {high}.")
        for name, value, low, high in limits
    ]
