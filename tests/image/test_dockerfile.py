"""The Dockerfile as text: what linters and old builders say of it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
DOCKERFILES = ("Dockerfile", "ci/new/Dockerfile")


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_hadolint_has_nothing_to_say(dockerfile: str):
    command = [Path(sys.executable).parent / "hadolint", PROJECT / dockerfile]
    linted = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout) == (0, "")


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_builds_without_buildkit(dockerfile: str):
    text = (PROJECT / dockerfile).read_text()
    assert not re.search(r"^#\s*syntax=|--link|--mount|--chmod|<<", text, re.MULTILINE)
