"""The lock files: exact, hashed, free of hosts, and in agreement with each other."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
INSTALLED_TOGETHER = ("framework", "container", "ci", "ci/new/container", "local_test", "tests")
OWN_ENVIRONMENTS = ("tests/image/sagemaker_sdk", "tests/ci/checkov", "tests/ci/older_sklearn")
LOCKED = (*INSTALLED_TOGETHER, *OWN_ENVIRONMENTS, ".ci", ".ci/pip")

PINNED = re.compile(r"^([a-z0-9][a-z0-9.-]*)==(\S+)(?: ; .+)? \\$", re.MULTILINE)


@pytest.mark.parametrize("room", LOCKED)
def test_every_line_is_a_pin_with_hashes(room: str):
    text = (PROJECT / room / "requirements.txt").read_text()
    requirements = re.split(r"\n(?=\S)", text.strip())
    for requirement in requirements:
        assert PINNED.match(requirement), requirement
        assert "--hash=sha256:" in requirement


@pytest.mark.parametrize("room", LOCKED)
def test_names_no_host_and_no_path_of_a_machine(room: str):
    text = (PROJECT / room / "requirements.txt").read_text()
    assert not re.search(r"://|file:|--(extra-)?index|--find-links|(?:\s|=)/", text)


@pytest.mark.parametrize("room", LOCKED)
def test_pins_all_that_was_asked_for(room: str):
    asked = (PROJECT / room / "requirements.in").read_text().splitlines()
    names = {re.split(r"[<>=\[]", line)[0] for line in asked if line and not line.startswith("#")}
    assert names <= pins(room).keys()


def test_rooms_agree_on_every_version():
    versions: dict[str, set[str]] = {}
    for room in INSTALLED_TOGETHER:
        for name, version in pins(room).items():
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def pins(room: str) -> dict[str, str]:
    return dict(PINNED.findall((PROJECT / room / "requirements.txt").read_text()))
