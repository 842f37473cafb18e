"""What make does, and what it leaves alone."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LATER = 4_000_000_000
BY_FILE = "-n 2 --dist loadfile --no-loadscope-reorder"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The Makefile and the locks, with an environment that is newer than the locks."""
    shutil.copy(PROJECT / "Makefile", tmp_path)
    for room in ("framework", "container", "ci", "local_test", "tests"):
        (tmp_path / room).mkdir()
        shutil.copy(PROJECT / room / "requirements.txt", tmp_path / room)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    for name in ("bin/python", "for-demo", "for-tests"):
        (tmp_path / ".venv" / name).touch()
    return tmp_path


def test_installs_nothing_while_the_locks_are_unchanged(project: Path):
    assert plan(project, "demo") == [".venv/bin/python -m local_test demo"]
    assert plan(project, "test") == [f".venv/bin/python -m pytest {BY_FILE}"]


@pytest.mark.parametrize("room", ["framework", "container", "ci", "local_test"])
def test_installs_again_when_a_lock_changes(project: Path, room: str):
    os.utime(project / room / "requirements.txt", (LATER, LATER))
    install, *_ = plan(project, "demo")
    assert "pip install" in install
    assert "--require-hashes" in install


def test_the_demo_does_not_wait_for_packages_of_the_tests(project: Path):
    os.utime(project / "tests/requirements.txt", (LATER, LATER))
    assert "pip install" not in " ".join(plan(project, "demo"))


def plan(project: Path, target: str) -> list[str]:
    """The commands that make would run."""
    environment = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
    printed = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", target],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return printed.splitlines()
