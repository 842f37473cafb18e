"""What is live: the endpoint's state, and the model behind it with its lineage."""

from dataclasses import dataclass
from typing import Any

from ci.client import ClientError, saying
from ci.requests import Model
from ci.steps.setting import Setting


@dataclass(frozen=True)
class Live:
    """The endpoint as it is now.

    Attributes:
        status: SageMaker's, or "Absent".
        instances: how many the variant has, scaled out or not; 0 when it has none.
        champion: the model that serves; None when there is none, or it cannot be told.
    """

    status: str
    config: str = ""
    reason: str = ""
    instances: int = 0
    variant: str = ""
    instance_type: str = ""
    champion: Model | None = None


def look(setting: Setting) -> Live:
    """What SageMaker says of the endpoint.

    Raises:
        AwsFault: it does not say.
    """
    with saying(f"looking at {setting.environment.endpoint_name}"):
        return _look(setting)


def _look(setting: Setting) -> Live:
    sagemaker = setting.client("sagemaker")
    try:
        found = sagemaker.describe_endpoint(EndpointName=setting.environment.endpoint_name)
    except ClientError as error:
        if "Could not find" in str(error):
            return Live("Absent")
        raise
    config = found.get("EndpointConfigName", "")
    described = sagemaker.describe_endpoint_config(EndpointConfigName=config) if config else {}
    variant = (described.get("ProductionVariants") or [{}])[0]
    running = (found.get("ProductionVariants") or [{}])[0]
    return Live(
        status=found["EndpointStatus"],
        config=config,
        reason=found.get("FailureReason", ""),
        instances=running.get("DesiredInstanceCount", 0),
        variant=variant.get("VariantName", ""),
        instance_type=variant.get("InstanceType", ""),
        champion=_champion(sagemaker, described, variant),
    )


def _champion(sagemaker: Any, config: dict[str, Any], variant: dict[str, Any]) -> Model | None:
    if not variant:
        return None
    model = sagemaker.describe_model(ModelName=variant["ModelName"])
    container = model["PrimaryContainer"]
    tags = sagemaker.list_tags(ResourceArn=config["EndpointConfigArn"])["Tags"]
    return Model(
        name=model["ModelName"],
        image=container["Image"],
        artifact=container["ModelDataUrl"],
        lineage={tag["Key"]: tag["Value"] for tag in tags},
    )
