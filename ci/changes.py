"""A change set in words: what is made, changed, replaced or removed, and what is lost with it."""

from collections.abc import Iterator, Mapping
from typing import Any

VERBS = {"Add": "make", "Modify": "change", "Remove": "remove", "Import": "take over"}
STATEFUL = {
    "AWS::DynamoDB::Table",
    "AWS::ECR::Repository",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SSM::Parameter",
}
KEPT = "the old one stays in the account with what is in it, and nothing uses it"

Change = Mapping[str, Any]


def in_words(change_set: Mapping[str, Any]) -> Iterator[str]:
    """A sentence a change."""
    for change in change_set.get("Changes", []):
        yield _sentence(change["ResourceChange"])


def _sentence(change: Change) -> str:
    what = f"{change['LogicalResourceId']} ({change['ResourceType'].removeprefix('AWS::')})"
    action, replacement = change["Action"], change.get("Replacement", "False")
    if action == "Modify" and replacement != "False":
        verb = "REPLACE" if replacement == "True" else "change, or REPLACE,"
        return f"{verb} {what}{_properties(change)}{_lost(change)}"
    if action == "Remove":
        return f"remove {what}{_lost(change)}"
    return f"{VERBS.get(action, action.lower())} {what}{_properties(change)}"


def _properties(change: Change) -> str:
    """Which of its properties change, and the parameter that makes them change."""
    if change["Action"] != "Modify":
        return ""
    targets = [one["Target"] for one in change.get("Details", [])]
    names = dict.fromkeys(one.get("Name") or one["Attribute"] for one in targets)
    causes = {
        one["CausingEntity"]
        for one in change.get("Details", [])
        if one.get("ChangeSource") == "ParameterReference"
    }
    because = f", because {' and '.join(sorted(causes))} changed" if causes else ""
    return f": {', '.join(names)}{because}" if names else because


def _lost(change: Change) -> str:
    """What becomes of what is in it."""
    if change["ResourceType"] not in STATEFUL:
        return ""
    if "Retain" in change.get("PolicyAction", ""):
        return f"; {KEPT}"
    return "; WHAT IS IN IT IS LOST"
