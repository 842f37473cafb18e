"""Outcomes of checks as JUnit XML, which GitLab shows in merge requests."""

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

ELEMENTS = {"failed": "failure", "not checked": "skipped"}


def as_junit(suite: str, outcomes: Iterable[Mapping[str, Any]]) -> str:
    """XML text.

    Args:
        outcomes: each with check, group, outcome, message and seconds.
    """
    root = ElementTree.Element("testsuite", name=suite)
    for one in outcomes:
        case = ElementTree.SubElement(
            root,
            "testcase",
            name=one["check"],
            classname=f"{suite}.{one['group']}",
            time=f"{one['seconds']:.3f}",
        )
        if kind := ELEMENTS.get(one["outcome"]):
            ElementTree.SubElement(case, kind, message=one["message"])
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)
