"""EventBridge: targets that are reached, dead letters, events of AWS itself, and schedules.

moto matches patterns, but reaches neither Step Functions nor Lambda, and no schedule fires.
"""

import json
import queue
import threading
import traceback
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from moto.core.utils import unix_time
from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import EventsBackend, Rule, events_backends

from local_test.aws.emulator.inputs import content
from local_test.aws.emulator.schedules import check, due_times
from local_test.aws.world import ACCOUNT, World

DETAIL_TYPE = "Scheduled Event"
FILTERS = (
    "anything-but",
    "cidr",
    "equals-ignore-case",
    "exists",
    "numeric",
    "prefix",
    "suffix",
    "wildcard",
)
MOTO_S = EventsBackend.put_rule
_courier: "Courier | None" = None


def install(world: World) -> None:
    """Deliver for real, for this world."""
    global _courier  # noqa: PLW0603 (there is one world in a process)
    _courier = courier = Courier(world)
    world.emit = courier.emit

    def send_to_targets(self: Rule, event: Any, transform_input: bool = True) -> None:
        courier.offer(self, {**event, "time": _iso(event["time"])})

    def put_rule(self: EventsBackend, name: str, **given: Any) -> Rule:
        _check(given)
        before = self.describe_event_bus("default").rules.get(name)
        rule = MOTO_S(self, name, **given)
        kept = before and before.scheduled_expression == rule.scheduled_expression
        rule.scheduled_at = before.scheduled_at if kept else world.clock.now()
        return rule

    Rule.send_to_targets = send_to_targets
    EventsBackend.put_rule = put_rule
    world.clock.watch(courier.tick)


def reset() -> None:
    """Deliver nothing more."""
    EventsBackend.put_rule = MOTO_S
    if _courier is not None:
        _courier.close()


def _check(given: Mapping[str, Any]) -> None:
    """Refuse schedules and patterns that nothing would ever come of, or anything."""
    if schedule := given.get("scheduled_expression"):
        try:
            check(schedule)
        except ValueError as error:
            why = f"Parameter ScheduleExpression is not valid. {error}"
            raise ValidationException(why) from None
    if pattern := given.get("event_pattern"):
        with suppress(json.JSONDecodeError):  # moto refuses it
            for unknown in sorted(_filters(json.loads(pattern)) - set(FILTERS)):
                raise InvalidEventPatternException(f"Unrecognized match type {unknown}")


def _filters(pattern: Any) -> set[str]:
    """The names of all filters in a pattern."""
    if not isinstance(pattern, dict):
        return set()
    found: set[str] = set()
    for key, value in pattern.items():
        for item in value if isinstance(value, list) else []:
            if isinstance(item, dict):
                found |= _filters(item) if key == "$or" else set(item)
        found |= _filters(value)
    return found


class Courier:
    """Brings events to the targets of rules, one after the other, on a thread of its own."""

    def __init__(self, world: World):
        self._world = world
        self._letters: queue.Queue[tuple[Rule, dict[str, Any], dict[str, Any]] | None] = (
            queue.Queue()
        )
        self._looked = world.clock.now()
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._deliver_all, name="events", daemon=True)
        self._thread.start()

    def emit(
        self,
        region: str,
        source: str,
        kind: str,
        detail: Mapping[str, Any],
        resources: Sequence[str],
    ) -> None:
        """``World.emit``."""
        event = self._event(region, source, kind, dict(detail), resources, self._world.clock.now())
        for rule in self._rules(region):
            self.offer(rule, event)

    def offer(self, rule: Rule, event: dict[str, Any]) -> None:
        """Queue the event for every target of the rule, if it matches."""
        matches = rule.event_pattern and rule.event_pattern.get_pattern()
        if rule.state != "ENABLED" or not matches:
            return
        if rule.event_pattern.matches_event(event):
            self._queue(rule, event)

    def tick(self, now: datetime) -> None:
        """Fire every schedule for each time that was due since the last tick."""
        with self._lock:
            if self._closed:
                return
            since, self._looked = self._looked, now
        due = [
            (when, region, rule)
            for region in list(events_backends[ACCOUNT])
            for rule in self._rules(region)
            if rule.scheduled_expression and rule.state == "ENABLED"
            for when in due_times(rule.scheduled_expression, rule.scheduled_at, since, now)
        ]
        for when, region, rule in sorted(due, key=lambda one: one[0]):
            event = self._event(region, "aws.events", DETAIL_TYPE, {}, [rule.arn], when)
            self._queue(rule, event)

    def close(self) -> None:
        """Forget what has not been delivered."""
        with self._lock:
            self._closed = True
        self._letters.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(10)

    def _rules(self, region: str) -> list[Rule]:
        return list(events_backends[ACCOUNT][region].describe_event_bus("default").rules.values())

    def _queue(self, rule: Rule, event: dict[str, Any]) -> None:
        for target in rule.targets:
            self._letters.put((rule, target, event))

    def _deliver_all(self) -> None:
        while (letter := self._letters.get()) is not None and not self._closed:
            rule, target, event = letter
            try:
                self._deliver(rule.region_name, target, content(target, event, rule.arn))
            except Exception as error:
                if not self._closed:
                    self._bury(rule.region_name, target, event, error)

    def _deliver(self, region: str, target: dict[str, Any], content: str) -> None:
        arn, client = target["Arn"], self._world.client
        service = arn.split(":")[2]
        if service == "states":
            client("stepfunctions", region).start_execution(
                stateMachineArn=arn, name=str(uuid.uuid4()), input=content
            )
        elif service == "lambda":
            client("lambda", region).invoke(
                FunctionName=arn, InvocationType="Event", Payload=content.encode()
            )
        elif service == "sqs":
            sqs = client("sqs", region)
            url = sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
            sqs.send_message(QueueUrl=url, MessageBody=content)
        elif service == "sns":
            client("sns", region).publish(TopicArn=arn, Message=content)
        else:
            raise ValueError(f"The local AWS cannot deliver events to {arn}.")

    def _bury(
        self, region: str, target: dict[str, Any], event: dict[str, Any], error: Exception
    ) -> None:
        """Into the target's dead-letter queue; without one, the failure is only told."""
        grave = target.get("DeadLetterConfig", {}).get("Arn")
        if not grave:
            traceback.print_exception(error)
            return
        try:
            self._send_to_grave(region, grave, event, error)
        except Exception as lost:  # a queue that is gone; the next letter is brought
            traceback.print_exception(lost)

    def _send_to_grave(
        self, region: str, grave: str, event: dict[str, Any], error: Exception
    ) -> None:
        sqs = self._world.client("sqs", region)
        url = sqs.get_queue_url(QueueName=grave.rpartition(":")[2])["QueueUrl"]
        why = {"ERROR_MESSAGE": {"DataType": "String", "StringValue": str(error) or repr(error)}}
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event), MessageAttributes=why)

    def _event(  # noqa: PLR0913, PLR0917
        self,
        region: str,
        source: str,
        kind: str,
        detail: dict[str, Any],
        resources: Sequence[str],
        when: datetime,
    ) -> dict[str, Any]:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": kind,
            "source": source,
            "account": ACCOUNT,
            "time": _iso(when),
            "region": region,
            "resources": list(resources),
            "detail": json.loads(json.dumps(detail, default=str)),
        }


def _iso(when: Any) -> str:
    if isinstance(when, str):
        return when
    if not isinstance(when, datetime):
        when = datetime.fromtimestamp(float(when or unix_time()), UTC)
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
