"""How an endpoint is updated, watched and scaled."""

from ci.environment import Environment
from ci.requests.parts import Body, Model, tags

TERMINATION_SECONDS = 60


def update_endpoint(environment: Environment, given: Model, alarms: list[str]) -> Body:
    """UpdateEndpoint by the environment's policy; ``alarms`` bring the old fleet back."""
    body = {"EndpointName": environment.endpoint_name, "EndpointConfigName": given.name}
    if environment.endpoint.serverless:
        return body
    return {**body, "DeploymentConfig": deployment(environment, alarms)}


def deployment(environment: Environment, alarms: list[str]) -> Body:
    """DeploymentConfig."""
    given = environment.deployment
    size = {"Type": "CAPACITY_PERCENT", "Value": given.step_percent}
    bake = given.bake_seconds
    if given.policy == "rolling":
        body: Body = {
            "RollingUpdatePolicy": {
                "MaximumBatchSize": {**size, "Value": max(5, given.step_percent)},
                "WaitIntervalInSeconds": bake,
            }
        }
    else:
        routing: Body = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
        kept = bake  # all at once bakes while the old fleet waits for its termination
        if given.policy == "canary":
            routing = {"Type": "CANARY", "WaitIntervalInSeconds": bake, "CanarySize": size}
            kept = TERMINATION_SECONDS
        if given.policy == "linear":
            step = {**size, "Value": max(10, given.step_percent)}
            routing = {"Type": "LINEAR", "WaitIntervalInSeconds": bake, "LinearStepSize": step}
            kept = TERMINATION_SECONDS
        body = {
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": routing,
                "TerminationWaitInSeconds": kept,
            }
        }
    if alarms and given.rollback_on_alarms:
        body["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": name} for name in alarms]}
    return body


def alarms(environment: Environment, given: Model, topic: str) -> list[Body]:
    """PutMetricAlarm bodies for one release: they see the new fleet only."""
    if not environment.deployment.alarms or environment.endpoint.serverless:
        return []
    dimensions = [
        {"Name": "EndpointName", "Value": environment.endpoint_name},
        {"Name": "VariantName", "Value": environment.endpoint.variant},
        {"Name": "EndpointConfigName", "Value": given.name},
    ]
    common: Body = {
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [topic] if topic else [],
        "Namespace": "AWS/SageMaker",
        "Dimensions": dimensions,
        "Period": environment.deployment.alarm_period_seconds,
        "Tags": tags(environment, given.lineage),
    }
    bodies = [
        {
            **common,
            "AlarmName": f"{given.name}-errors",
            "AlarmDescription": f"5xx answers of {given.name}, as a share of its invocations.",
            "MetricName": "Invocation5XXErrors",
            "Statistic": "Average",
            "Threshold": environment.deployment.error_percent / 100,
        }
    ]
    if environment.deployment.latency_ms:
        bodies.append(
            {
                **common,
                "AlarmName": f"{given.name}-latency",
                "AlarmDescription": f"Mean model latency of {given.name}, in microseconds.",
                "MetricName": "ModelLatency",
                "Statistic": "Average",
                "Threshold": environment.deployment.latency_ms * 1000,
            }
        )
    return bodies


def scalable_target(environment: Environment) -> Body | None:
    """RegisterScalableTarget; None when the environment does not scale."""
    given = environment.scaling
    if given.maximum <= given.minimum:
        return None
    return {
        **_scaled(environment),
        "MinCapacity": given.minimum,
        "MaxCapacity": given.maximum,
    }


def scaling_policy(environment: Environment) -> Body | None:
    """PutScalingPolicy; None when the environment does not scale."""
    if scalable_target(environment) is None:
        return None
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    return {
        **_scaled(environment),
        "PolicyName": f"{environment.endpoint_name}-invocations",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": environment.scaling.invocations_per_minute,
            "PredefinedMetricSpecification": metric,
            "ScaleInCooldown": environment.scaling.scale_in_cooldown_seconds,
            "ScaleOutCooldown": environment.scaling.scale_out_cooldown_seconds,
        },
    }


def _scaled(environment: Environment) -> Body:
    variant = environment.endpoint.variant
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{environment.endpoint_name}/variant/{variant}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
