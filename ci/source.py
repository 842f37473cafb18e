"""What a commit is made of: the `framework describe` of its files, before any image is built."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ci.errors import CiError
from ci.plan import Content
from ci.repository import Repository

RECIPE = "Dockerfile"
DESCRIBE_SECONDS = 120


@dataclass(frozen=True)
class Source:
    """An algorithm in a commit of a repository.

    Attributes:
        directory: of the algorithm, relative to the repository's root.
    """

    repository: Repository
    commit: str
    directory: str = "container"

    def describe(self) -> dict[str, Any]:
        """Code and packages by side; nothing of the commit is imported or run.

        Raises:
            CiError: the algorithm cannot be described; the message is framework's.
        """
        with tempfile.TemporaryDirectory(prefix="plan-") as place:
            files, site = Path(place, "files"), Path(place, "site")
            self.repository.export(self.commit, files)
            site.mkdir()
            if (files / "framework").is_dir():
                (files / "framework").rename(site / "framework")
            return {**_described(files / self.directory, site), **self.marks()}

    def content(self) -> Content:
        """The same, to be compared."""
        return Content.of_description(self.describe(), self.directory)

    def marks(self) -> dict[str, Any]:
        """What a record of the image says beside its description."""
        return {
            "commit": self.commit,
            "recipe": _recipe(self.repository.text(self.commit, RECIPE)),
        }

    @property
    def identity(self) -> str:
        """A short name of everything that the image is built of: equal for equal files."""
        trees = [
            self.repository.tree(self.commit, path)
            for path in (RECIPE, ".dockerignore", "framework", self.directory)
        ]
        return hashlib.sha256(json.dumps(trees).encode()).hexdigest()[:16]


def _described(algorithm: Path, site: Path) -> dict[str, Any]:
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        [sys.executable, "-m", "framework", "describe", "--source"],
        cwd=site,
        env={**os.environ, "ALGORITHM_DIR": str(algorithm), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=DESCRIBE_SECONDS,
    )
    if done.returncode:
        why = done.stderr.strip().splitlines() or ["it said nothing"]
        raise CiError(f"The algorithm of this commit cannot be described. {why[-1]}")
    return json.loads(done.stdout)


def _recipe(dockerfile: str | None) -> str | None:
    """A hash of the Dockerfile without comments and blank lines."""
    if dockerfile is None:
        return None
    lines = dockerfile.splitlines()
    kept = [line.rstrip() for line in lines if line.strip() and not re.match(r"\s*#", line)]
    return hashlib.sha256("\n".join(kept).encode()).hexdigest()
