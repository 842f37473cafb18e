"""The git repository: what a commit holds, and which is newer. The only module that runs git."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ci.errors import CiError


@dataclass(frozen=True)
class Repository:
    """A clone; nothing but ``begin`` changes it."""

    root: Path

    @classmethod
    def here(cls, directory: Path | None = None) -> "Repository":
        """The repository around a directory, by default the current one.

        Raises:
            CiError: there is none, or git is missing.
        """
        start = directory or Path.cwd()
        try:
            return cls(Path(cls(start)._git("rev-parse", "--show-toplevel").strip()))
        except CiError as error:
            raise CiError(f"{start} is in no git repository: {error}") from None

    @classmethod
    def begin(cls, directory: Path, message: str) -> "Repository":
        """A repository whose newest commit has all files of a directory.

        Raises:
            CiError: git is missing, or does not know who commits.
        """
        made = cls(directory)
        if not (directory / ".git").exists():
            made._git("init", "--quiet", "--initial-branch=main")
        made._git("add", "--all")
        made._git("commit", "--quiet", f"--message={message}")
        return made

    def commit(self, revision: str = "HEAD") -> str:
        """The full name of a commit.

        Raises:
            CiError: there is no such commit here.
        """
        try:
            return self._git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").strip()
        except CiError:
            raise CiError(
                f"There is no commit {revision} in {self.root}. Fetch it, or name another."
            ) from None

    def changed(self) -> list[str]:
        """The files that differ from the commit that is checked out."""
        return self._git("diff", "--name-only", "HEAD").splitlines()

    def time(self, commit: str) -> int:
        """When it was committed, in seconds since the epoch."""
        return int(self._git("show", "--no-patch", "--format=%ct", commit))

    def export(self, commit: str, directory: Path) -> None:
        """Write all files of a commit below ``directory``, as a checkout writes them."""
        index = directory.with_name(f"{directory.name}.index")
        settings = {"GIT_INDEX_FILE": str(index)}
        try:
            self._git("read-tree", commit, settings=settings)
            self._git("checkout-index", "--all", f"--prefix={directory}/", settings=settings)
        finally:
            index.unlink(missing_ok=True)

    def tree(self, commit: str, path: str) -> str | None:
        """The hash of a file or folder of a commit; None when it has none."""
        inside = "" if path == "." else path
        try:
            return self._git("rev-parse", "--verify", "--quiet", f"{commit}:{inside}").strip()
        except CiError:
            return None

    def text(self, commit: str, path: str) -> str | None:
        """A file of a commit; None when it has none."""
        try:
            return self._git("show", f"{commit}:{path}")
        except CiError:
            return None

    def descends(self, commit: str, ancestor: str) -> bool | None:
        """Whether ``commit`` comes after ``ancestor``; None when one is not in this clone."""
        try:
            self.commit(ancestor)
            self.commit(commit)
            self._git("merge-base", "--is-ancestor", ancestor, commit)
        except CiError as error:
            return False if "exit code 1" in str(error) and self._has(ancestor, commit) else None
        return True

    def subjects(self, path: str, since: str, commit: str, limit: int = 3) -> list[str]:
        """What changed a file between two commits, as "abc1234 subject"; empty if not known."""
        try:
            said = self._git("log", f"-{limit}", "--format=%h %s", f"{since}..{commit}", "--", path)
        except CiError:
            return []
        return said.splitlines()

    def _has(self, *commits: str) -> bool:
        try:
            return all(self.commit(commit) for commit in commits)
        except CiError:
            return False

    def _git(self, *arguments: str, settings: dict[str, str] | None = None) -> str:
        try:
            done = subprocess.run(
                ["git", "-C", str(self.root), *arguments],
                env={**os.environ, **(settings or {})},
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
        except FileNotFoundError:
            raise CiError("git is not installed, and the plan compares commits.") from None
        if done.returncode:
            told = done.stderr.strip() or f"exit code {done.returncode}"
            raise CiError(f"git {arguments[0]}: {told}")
        return done.stdout
