"""The demo's third act: the algorithm in a git repository, and what becomes of two pushes."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_test.cluster import Kind
from local_test.errors import BenchError
from local_test.images import PROJECT

ALGORITHM = "container"
ROOMS = ("framework", "Dockerfile", ".dockerignore")
DEVELOPER = ("-c", "user.name=demo", "-c", "user.email=demo@example.org")
BYTECODE = shutil.ignore_patterns("__pycache__")

Ci = Callable[..., int]


class Developer:
    """Somebody with a clone, who publishes and releases as a pipeline does, without its checks.

    Attributes:
        clone: the working copy; the algorithm is in container/.
    """

    def __init__(self, place: Path, algorithm: Path, ci: Ci, engine: Kind):
        self.clone = place / "clone"
        self._ci = ci
        self._engine = engine
        for room in ROOMS:
            source = PROJECT / room
            if source.is_dir():
                shutil.copytree(source, self.clone / room, ignore=BYTECODE)
            else:
                shutil.copy(source, self.clone / room)
        shutil.copytree(algorithm, self.clone / ALGORITHM, ignore=BYTECODE)
        self._git("init", "--quiet", "--initial-branch=main")
        self.commit("The algorithm")

    def commit(self, message: str) -> None:
        """Everything as it is now."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)

    def touch(self, file: str) -> None:
        """A change of a file that changes no answer."""
        path = self.clone / ALGORITHM / file
        path.write_text(f"{path.read_text(encoding='utf-8')}\n# pushed by the demo\n")
        self.commit(f"A comment in {file}")

    def push(self, register: Callable[[Path, str], str]) -> None:
        """Build, publish, and do what the plan says.

        Args:
            register: puts a directory into ECR where no engine builds images; its URI.

        Raises:
            BenchError: a command failed; its message is above.
        """
        if self._engine == "docker":
            self._does("build")
            self._does("publish")
            self._does("release")
            return
        image = register(self.clone / ALGORITHM, self._git("rev-parse", "--short", "HEAD"))
        description = self.clone.with_name("description.json")
        description.write_text(self._described(), encoding="utf-8")
        self._does("publish", "--image", image, "--description", str(description))
        self._does("release", "--image", image)

    def predictor(self) -> str:
        """The predictor's file."""
        declared = tomllib.loads((self.clone / ALGORITHM / "algorithm.toml").read_text())
        return f"{declared['predictor'].partition(':')[0].replace('.', '/')}.py"

    def shared(self) -> str | None:
        """A file that trainer and predictor share; None when they share none."""
        code: list[dict[str, Any]] = json.loads(self._described("--source"))["code"]
        return next(
            (
                file["path"]
                for file in code
                if file["origin"] == "algorithm"
                and file["path"].endswith(".py")
                and len(file["sides"]) > 1
            ),
            None,
        )

    def _described(self, *options: str) -> str:
        """What `describe` in an image of this clone prints.

        Raises:
            BenchError: the algorithm cannot be described.
        """
        done = subprocess.run(
            [sys.executable, "-m", "framework", "describe", *options],
            cwd=self.clone,
            env={**os.environ, "ALGORITHM_DIR": str(self.clone / ALGORITHM)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BenchError(f"`describe` failed: {done.stderr.strip()}")
        return done.stdout

    def _does(self, command: str, *more: str) -> None:
        if self._ci(command, *more):
            raise BenchError(f"`python -m ci {command}` failed; its message is above.")

    def _git(self, *arguments: str) -> str:
        try:
            done = subprocess.run(
                ["git", *DEVELOPER, *arguments],
                cwd=self.clone,
                check=True,
                capture_output=True,
                text=True,
            )
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            raise BenchError(f"The demo's pushes need git, which failed: {error}") from None
        return done.stdout.strip()
