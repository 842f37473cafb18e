"""What a target of a rule gets of an event: all of it, a constant, a part, or a template's text.

moto's templates know neither unquoted texts nor the names of EventBridge's own, and need a field
that events of AWS do not have here.
"""

import json
import re
from typing import Any

QUOTED_OR_NAME = re.compile(r'"(?:[^"\\]|\\.)*"|<([^<>"]+)>')
NAME = re.compile(r"<([^<>]+)>")
STEP = re.compile(r"\.([^.\[]+)|\['([^']+)'\]|\[(\d+)\]")
NOTHING = object()


def content(target: dict[str, Any], event: dict[str, Any], rule_arn: str) -> str:
    """As text that is sent.

    Raises:
        ValueError: nothing in the event is at the target's InputPath.
    """
    if "Input" in target:
        return target["Input"]
    if path := target.get("InputPath"):
        if (found := _at(path, event)) is NOTHING:
            raise ValueError(f"The event has nothing at {path}.")
        return json.dumps(found)
    if transformer := target.get("InputTransformer"):
        paths = transformer.get("InputPathsMap", {})
        values = {name: _at(path, event) for name, path in paths.items()}
        return _filled(transformer["InputTemplate"], {**values, **_reserved(event, rule_arn)})
    return json.dumps(event)


def _at(path: str, event: dict[str, Any]) -> Any:
    found: Any = event
    for name, quoted, number in STEP.findall(path.removeprefix("$")):
        try:
            found = found[int(number)] if number else found[name or quoted]
        except (IndexError, KeyError, TypeError):
            return NOTHING
    return found


def _reserved(event: dict[str, Any], rule_arn: str) -> dict[str, Any]:
    return {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": {name: item for name, item in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }


def _filled(template: str, values: dict[str, Any]) -> str:
    """Values are JSON outside of quotes and text inside; what the event does not have is empty."""

    def inside(found: re.Match[str]) -> str:
        value = values.get(found[1], found[0])
        text = value if isinstance(value, str) else _json(value)
        return json.dumps(text, ensure_ascii=False)[1:-1]

    def fill(found: re.Match[str]) -> str:
        if found[1] is None:
            return NAME.sub(inside, found[0])
        return _json(values[found[1]]) if found[1] in values else found[0]

    return QUOTED_OR_NAME.sub(fill, template)


def _json(value: Any) -> str:
    return "" if value is NOTHING else json.dumps(value)
