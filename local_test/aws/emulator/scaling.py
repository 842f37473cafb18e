"""DescribeScalingActivities of Application Auto Scaling, which moto lacks.

Endpoints scale themselves (local_test/aws/sagemaker/endpoints/scaling.py), and say what they did.
"""

import json

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

from local_test.aws.world import World

CALL = "describe_scaling_activities"
PAGE = 50


def install(world: World) -> None:
    """Answer with the activities of this world."""

    def answer(response: ApplicationAutoScalingResponse) -> str:
        wanted = {
            name: response._get_param(name)
            for name in ("ServiceNamespace", "ResourceId", "ScalableDimension")
        }
        found = [
            activity
            for activity in world.scaling_activities(response.region)
            if all(value in (None, activity[name]) for name, value in wanted.items())
        ]
        begin = int(response._get_param("NextToken") or 0)
        end = begin + int(response._get_param("MaxResults") or PAGE)
        page = {"ScalingActivities": found[begin:end]}
        more = {"NextToken": str(end)} if end < len(found) else {}
        return json.dumps(page | more, default=lambda time: time.timestamp())

    setattr(ApplicationAutoScalingResponse, CALL, answer)


def reset() -> None:
    """Nothing of its own."""
