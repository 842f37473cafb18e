"""CloudTrail's events, as the world declares them; moto has trails and no events."""

import json
from typing import Any

from moto.cloudtrail.responses import CloudTrailResponse

from local_test.aws.world import World


def install(world: World) -> None:
    """Answer LookupEvents, for this world."""

    def looked_up(self: CloudTrailResponse) -> str:
        wanted = json.loads(self.body).get("LookupAttributes", [])
        return json.dumps({"Events": [one for one in world.trail if _is_about(one, wanted)]})

    CloudTrailResponse.lookup_events = looked_up


def reset() -> None:
    """It keeps nothing."""


def _is_about(event: dict[str, Any], wanted: list[dict[str, str]]) -> bool:
    names = [one["ResourceName"] for one in event.get("Resources", [])]
    return all(
        one["AttributeKey"] == "ResourceName" and one["AttributeValue"] in names for one in wanted
    )
