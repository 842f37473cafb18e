"""CloudWatch alarms that are evaluated from real metrics, and act.

moto keeps alarms, and never looks at them.
"""

import operator
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends

from local_test.aws.world import ACCOUNT, World

BREACHES = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
ACTIONS = {"ALARM": "alarm_actions", "OK": "ok_actions"}
MOTO_S = CloudWatchBackend.set_alarm_state
_watch: "Watch | None" = None


def install(world: World) -> None:
    """Look at alarms at every tick of this world's clock."""
    global _watch  # noqa: PLW0603 (there is one world in a process)
    _watch = watch = Watch(world)

    def set_alarm_state(
        self: CloudWatchBackend, alarm_name: str, reason: str, reason_data: str, state_value: str
    ) -> None:
        before = self.alarms[alarm_name].state_value if alarm_name in self.alarms else ""
        MOTO_S(self, alarm_name, reason, reason_data, state_value)
        if state_value != before:
            watch.act(self.region_name, self.alarms[alarm_name], before)

    CloudWatchBackend.set_alarm_state = set_alarm_state
    world.clock.watch(watch.tick)


def reset() -> None:
    """Look no more."""
    CloudWatchBackend.set_alarm_state = MOTO_S
    if _watch is not None:
        _watch.closed = True


class Watch:
    """Evaluates every alarm of a world."""

    def __init__(self, world: World):
        self._world = world
        self._lock = threading.Lock()
        self.closed = False

    def tick(self, now: datetime) -> None:
        """Evaluate every alarm of every region, and act on those that change."""
        with self._lock:
            for region in list(cloudwatch_backends[ACCOUNT]):
                backend = cloudwatch_backends[ACCOUNT][region]
                for alarm in list(backend.alarms.values()):
                    if not self.closed and alarm.metric_name and alarm.actions_enabled is not False:
                        self._evaluate(backend, alarm, now)

    def act(self, region: str, alarm: Any, before: str) -> None:
        """Tell everyone that an alarm has changed its state."""
        detail = {
            "alarmName": alarm.name,
            "state": {"value": alarm.state_value, "reason": alarm.state_reason},
            "previousState": {"value": before},
        }
        self._world.emit(
            region, "aws.cloudwatch", "CloudWatch Alarm State Change", detail, [alarm.alarm_arn]
        )
        for action in getattr(alarm, ACTIONS.get(alarm.state_value, ""), None) or []:
            if action.split(":")[2] == "sns":
                with suppress(ClientError):  # the topic is gone
                    self._world.client("sns", region).publish(
                        TopicArn=action,
                        Subject=f"{alarm.state_value}: {alarm.name}"[:100],
                        Message=f"{alarm.description or alarm.name}\n\n{alarm.state_reason}",
                    )

    def _evaluate(self, backend: CloudWatchBackend, alarm: Any, now: datetime) -> None:
        values = self._values(backend, alarm, now)
        treat = alarm.treat_missing_data or "missing"
        known = [value for value in values if value is not None]
        needed = int(alarm.datapoints_to_alarm or alarm.evaluation_periods)
        breaching = sum(_breaches(alarm, value) for value in known)
        if treat == "breaching":
            breaching += len(values) - len(known)
        if breaching >= needed:
            state = "ALARM"
            reason = f"Threshold Crossed: {breaching} of {len(values)} datapoints {known} were "
            reason += f"{alarm.comparison_operator} {alarm.threshold}."
        elif known or treat == "notBreaching":
            state = "OK"
            reason = f"Threshold not crossed: datapoints {known}."
        elif treat == "ignore":
            return
        else:
            state, reason = "INSUFFICIENT_DATA", "Insufficient Data: no datapoints."
        if state != alarm.state_value:
            backend.set_alarm_state(alarm.name, reason, "{}", state)

    def _values(self, backend: CloudWatchBackend, alarm: Any, now: datetime) -> list[float | None]:
        """One value for each of the last periods; the current one counts once it has data."""
        period = int(alarm.period or 60)
        count = int(alarm.evaluation_periods)
        current = datetime.fromtimestamp(now.timestamp() // period * period, UTC)
        current = current.replace(tzinfo=None)  # as moto keeps times
        values = [
            self._value(backend, alarm, current - timedelta(seconds=period * back), period)
            for back in range(count + 1)
        ]
        return values[:count] if values[0] is not None else values[1:]

    @staticmethod
    def _value(
        backend: CloudWatchBackend, alarm: Any, begin: datetime, period: int
    ) -> float | None:
        statistic = alarm.statistic or "Average"
        found = backend.get_metric_statistics(
            alarm.namespace,
            alarm.metric_name,
            begin,
            begin + timedelta(seconds=period),
            period,
            [statistic],
            [{"Name": one.name, "Value": one.value} for one in alarm.dimensions],
        )
        return getattr(found[0], _attribute(statistic)) if found else None


def _attribute(statistic: str) -> str:
    return {"SampleCount": "sample_count"}.get(statistic, statistic.lower())


def _breaches(alarm: Any, value: float) -> bool:
    return BREACHES[alarm.comparison_operator](value, alarm.threshold)
