"""The Dockerfile as text: what linters and old builders say of it."""

import re
import subprocess
import sys
from pathlib import Path

DOCKERFILE = Path(__file__).parents[2] / "Dockerfile"


def test_hadolint_has_nothing_to_say():
    hadolint = Path(sys.executable).parent / "hadolint"
    linted = subprocess.run([hadolint, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout) == (0, "")


def test_builds_without_buildkit():
    text = DOCKERFILE.read_text()
    assert not re.search(r"^#\s*syntax=|--link|--mount|--chmod|<<", text, re.MULTILINE)
