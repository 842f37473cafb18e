"""CloudWatch alarms that are evaluated from real metrics, and act.

moto keeps alarms, and never looks at them.
"""

import json
import operator
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from moto.cloudwatch.exceptions import InvalidParameterValue
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends

from local_test.aws.world import ACCOUNT, World

BREACHES = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
ACTIONS = {
    "ALARM": "alarm_actions",
    "OK": "ok_actions",
    "INSUFFICIENT_DATA": "insufficient_data_actions",
}
ACTED_ON = ("sns", "autoscaling")  # endpoints scale themselves
STATISTICS = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")
MISSING = ("breaching", "notBreaching", "ignore", "missing", None)
HELD_SECONDS = 3  # of real time
MOTO_S = CloudWatchBackend.set_alarm_state
MOTO_PUTS = CloudWatchBackend.put_metric_alarm
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
        alarm = self.alarms[alarm_name]
        watch.hold(alarm)
        if state_value != before:
            watch.act(self.region_name, alarm, before)

    CloudWatchBackend.set_alarm_state = set_alarm_state
    CloudWatchBackend.put_metric_alarm = _put_metric_alarm
    world.clock.watch(watch.tick)


def reset() -> None:
    """Look no more."""
    CloudWatchBackend.set_alarm_state = MOTO_S
    CloudWatchBackend.put_metric_alarm = MOTO_PUTS
    if _watch is not None:
        _watch.closed = True


def _put_metric_alarm(self: CloudWatchBackend, name: str, **given: Any) -> Any:
    """Refuse what would never be evaluated, or not as it says; keep a changed alarm's state."""
    for parameter, value, known in (
        ("ComparisonOperator", given["comparison_operator"], tuple(BREACHES)),
        ("Statistic", given.get("statistic"), STATISTICS),
        ("TreatMissingData", given.get("treat_missing_data"), MISSING),
    ):
        if value not in known:
            raise InvalidParameterValue(
                f"{parameter} {value} of alarm {name} is none that the local AWS evaluates: "
                f"{', '.join(filter(None, known))}. Metric math and percentiles are not evaluated."
            )
    for action in (one for kind in ACTIONS.values() for one in given.get(kind) or []):
        if action.split(":")[2] not in ACTED_ON:
            raise InvalidParameterValue(f"The local AWS does not act on {action} of alarm {name}.")
    before = self.alarms.get(name)
    alarm = MOTO_PUTS(self, name, **given)
    alarm.state_value = before.state_value if before else "INSUFFICIENT_DATA"
    alarm.state_reason = before.state_reason if before else "Unchecked: Initial alarm creation"
    return alarm


class Watch:
    """Evaluates every alarm of a world."""

    def __init__(self, world: World):
        self._world = world
        self._lock = threading.Lock()
        self._looked = world.clock.now()
        self._held: dict[str, float] = {}
        self.closed = False

    def hold(self, alarm: Any) -> None:
        """Leave a state that was set by hand for as long as whoever looks needs to see it.

        AWS: it returns to the actual state "quickly, often within seconds" (SetAlarmState).
        """
        self._held[alarm.alarm_arn] = time.monotonic() + HELD_SECONDS

    def tick(self, now: datetime) -> None:
        """Evaluate every alarm of every region, and act on those that change.

        When the clock has been moved, they also change in the periods that it went over.
        """
        with self._lock:
            since, self._looked = self._looked, now
            due = [
                (moment, backend, alarm)
                for backend in list(cloudwatch_backends[ACCOUNT].values())
                for alarm in list(backend.alarms.values())
                for moment in _moments(alarm, since, now)
            ]
            for moment, backend, alarm in sorted(due, key=lambda one: one[0]):
                held = time.monotonic() < self._held.get(alarm.alarm_arn, 0)
                if not held and not self.closed and backend.alarms.get(alarm.name) is alarm:
                    self._evaluate(backend, alarm, moment)

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
        if alarm.actions_enabled is False:
            return
        for action in getattr(alarm, ACTIONS[alarm.state_value]) or []:
            if action.split(":")[2] == "sns":
                with suppress(ClientError):  # the topic is gone
                    self._world.client("sns", region).publish(
                        TopicArn=action,
                        Subject=f'{alarm.state_value}: "{alarm.name}" in {region}'[:100],
                        Message=json.dumps(_notice(region, alarm, before, self._world.clock.now())),
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
            before = alarm.state_value
            MOTO_S(backend, alarm.name, reason, "{}", state)
            self.act(backend.region_name, alarm, before)

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


def _moments(alarm: Any, since: datetime, now: datetime) -> list[datetime]:
    """When to look: as each period ends for as long as data from before count, and now."""
    period = timedelta(seconds=int(alarm.period or 60))
    epoch = datetime.fromtimestamp(0, UTC)
    end = since - (since - epoch) % period
    ends = [end + period * number for number in range(1, int(alarm.evaluation_periods) + 2)]
    return [*(moment for moment in ends if moment < now), now]


def _notice(region: str, alarm: Any, before: str, now: datetime) -> dict[str, Any]:
    """What CloudWatch publishes to SNS."""
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": ACCOUNT,
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": now.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "Region": region,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": before,
        "Trigger": {
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "Statistic": (alarm.statistic or "").upper(),
            "Dimensions": [{"name": one.name, "value": one.value} for one in alarm.dimensions],
            "Period": alarm.period,
            "EvaluationPeriods": alarm.evaluation_periods,
            "ComparisonOperator": alarm.comparison_operator,
            "Threshold": alarm.threshold,
            "TreatMissingData": alarm.treat_missing_data or "",
        },
    }


def _attribute(statistic: str) -> str:
    return {"SampleCount": "sample_count"}.get(statistic, statistic.lower())


def _breaches(alarm: Any, value: float) -> bool:
    return BREACHES[alarm.comparison_operator](value, alarm.threshold)
