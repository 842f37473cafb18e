"""What a commit is made of: the `framework describe` of its files, before any image is built."""

import functools
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ci.errors import EXIT_KNOWN, CiError
from ci.plan import Content
from ci.repository import Repository

RECIPE = ("Dockerfile", ".dockerignore")
COMMENT = r"\s*#(?!\s*(?:syntax|escape)\s*=)"
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

    @classmethod
    def here(cls, revision: str, directory: str) -> "Source":
        """Of a commit in the repository around the current directory.

        Raises:
            CiError: there is no such repository or commit.
        """
        repository = Repository.here()
        return cls(repository, repository.commit(revision), directory)

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

    @property
    def has_framework(self) -> bool:
        """Whether the commit holds the framework; else it comes with the base image."""
        return self.repository.tree(self.commit, "framework") is not None

    @property
    def base(self) -> str:
        """The image that its own starts from: BASE_IMAGE, or the default in its Dockerfile."""
        dockerfile = self.repository.text(self.commit, "Dockerfile") or ""
        default = re.search(r"^ARG BASE_IMAGE=(\S+)", dockerfile, re.MULTILINE)
        return os.environ.get("BASE_IMAGE") or (default[1] if default else "")

    def marks(self) -> dict[str, Any]:
        """What a record of the image says beside its description."""
        _, pinned, digest = self.base.partition("@")
        return {
            "commit": self.commit,
            **({"base": digest} if pinned else {}),
            "recipe": {
                name: _recipe(text)
                for name in RECIPE
                if (text := self.repository.text(self.commit, name)) is not None
            },
        }

    @property
    def identity(self) -> str:
        """A short name of everything that the image is built of: equal for equal files."""
        trees = [
            self.repository.tree(self.commit, path)
            for path in (*RECIPE, "framework", self.directory)
        ]
        if not self.has_framework:
            trees.append(_installed_framework())
        if "@" in self.base:
            trees.append(self.base.partition("@")[2])
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
        lines = [line.strip() for line in done.stderr.splitlines()] or ["it said nothing"]
        told = " ".join(lines if done.returncode == EXIT_KNOWN else lines[-1:])
        told = told.replace(f"{algorithm.parent}/", "")
        raise CiError(f"The algorithm of this commit cannot be described. {told}")
    return json.loads(done.stdout)


@functools.cache
def _installed_framework() -> str:
    """A hash of the framework that is installed here, as the base image has it.

    Raises:
        CiError: there is none.
    """
    found = find_spec("framework")
    if found is None or found.origin is None:
        raise CiError(
            "The framework is neither in this commit nor installed here. Run this in the pipeline "
            "image, or let PYTHONPATH lead to a clone of the framework."
        )
    root = Path(found.origin).parent
    files = [*sorted(root.rglob("*.py")), root / "requirements.txt"]
    texts = [(str(file.relative_to(root)), file.read_text(encoding="utf-8")) for file in files]
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


def _recipe(text: str) -> str:
    """A hash of a Dockerfile without comments and blank lines; in a heredoc they may matter."""
    lines = [line.rstrip() for line in text.splitlines()]
    if "<<" not in text:
        lines = [line for line in lines if line and not re.match(COMMENT, line)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
