"""The alarms of an auto-rollback configuration."""

from collections.abc import Sequence

from local_test.aws.world import World


def states(world: World, region: str, names: Sequence[str]) -> dict[str, str]:
    """Alarm name → its state; names that do not exist are left out."""
    if not names:
        return {}
    found = world.client("cloudwatch", region).describe_alarms(
        AlarmNames=list(names), AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    alarms = [*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])]
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}
