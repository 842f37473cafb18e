"""GitLab on one machine: a repository that is pushed to, and its pipelines, run by gitlab-ci-local.

``Repository(place, files)`` is a bare repository and a developer's clone of it; ``pipeline`` does
what GitLab does after a push. All repositories of one ``place`` are on the same server, so that
``include: project`` and ``include: component`` find each other. What differs from GitLab is said in
``tests/ci/gitlab_ci_local/README.md``.
"""

import itertools
import os
import re
import subprocess
import tempfile
import venv
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.ci.gitlab_pipeline import Pipeline
from tests.ci.gitlab_runner import PROJECT, NotCreated, Runner

HOST = "gitlab.example"
DEPTH = "20"  # commits that a runner fetches where GIT_DEPTH says nothing else
NOBODY = "0" * 40
FROM_THIS_MACHINE = re.compile(
    r"PATH|LANG|LC_\w+|TZ|TMPDIR|DOCKER_HOST|BASE_IMAGE|PIP_\w+|\w+_CA_BUNDLE|GIT_SSL_CAINFO|SSL_CERT_\w+"
    r"|(?:https?|no)_proxy|(?:HTTPS?|NO)_PROXY"
)
HERE_DOCKER_IS_LOCAL = (
    "DOCKER_HOST",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_CERTDIR",
)
DEVELOPER = {"name": "Ada", "email": "ada@example.com"}

pipeline_ids = itertools.count(1001)


class Repository:
    """A project on a GitLab, and the clone of a developer who commits and pushes.

    ``files`` become the first commit: a directory (less what its .gitignore names), or texts by
    path. ``path`` is the project's path on the server.
    """

    def __init__(
        self, place: Path, files: Path | Mapping[str, str], path: str = "team/algorithm"
    ) -> None:
        self.place, self.path = place, path
        self.bare = place / f"{path}.git"
        self.developer = place / "developer" / path
        self._numbers = itertools.count(1)
        place.mkdir(parents=True, exist_ok=True)
        git(place, "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare))
        git(self.bare, "config", "uploadpack.allowAnySHA1InWant", "true")
        git(self.bare, "config", "uploadarchive.allowUnreachable", "true")
        git(place, "clone", "--quiet", str(self.bare), str(self.developer))
        for name, value in DEVELOPER.items():
            self.git("config", f"user.{name}", value)
        if isinstance(files, Path):
            self.git(f"--work-tree={files}", "add", "--all")
            self.git("commit", "--quiet", "--message", "The first commit")
            self.git("reset", "--quiet", "--hard")
        else:
            self.commit(files, "The first commit")
        self.push()

    def git(self, *arguments: str) -> str:
        """What git prints in the developer's clone."""
        return git(self.developer, *arguments)

    def commit(self, changes: Mapping[str, str | None], message: str) -> str:
        """Writes texts by path (None deletes), commits them, and returns the commit."""
        for path, text in changes.items():
            file = self.developer / path
            if text is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def pushed(self, changes: Mapping[str, str | None], message: str = "A change") -> str:
        """Commits and pushes."""
        self.commit(changes, message)
        return self.push()

    def push(self, *options: str) -> str:
        """Pushes the branch that is checked out, and returns its commit."""
        self.git("push", "--quiet", *options, "origin", "HEAD")
        return self.git("rev-parse", "HEAD")

    def pipeline(
        self,
        sha: str,
        source: str = "push",
        branch: str = "main",
        *,
        variables: Mapping[str, str] | None = None,
        jobs: Iterable[str] = (),
        manual: Iterable[str] = (),
        before: str | None = None,
        timeout: float = 600,
    ) -> Pipeline:
        """Runs the pipeline of a commit to its end, or until it waits for a person.

        ``jobs``: only these and what they come after. ``manual``: the manual jobs to start.
        ``before``: where the branch was before the push; the commit's parent, unless given.
        """
        pipeline = self.create_pipeline(
            sha, source, branch, variables=variables, before=before, timeout=timeout
        )
        pipeline.play(*manual, only=jobs)
        return pipeline

    def create_pipeline(
        self,
        sha: str,
        source: str = "push",
        branch: str = "main",
        *,
        variables: Mapping[str, str] | None = None,
        before: str | None = None,
        file: str = ".gitlab-ci.yml",
        timeout: float = 600,
    ) -> Pipeline:
        """The pipeline with its jobs, none of them started; NotCreated where GitLab refuses."""
        given = dict(variables or {})
        number = next(pipeline_ids)
        if source == "merge_request_event":
            since = git(self.bare, "merge-base", "main", sha)
        elif source == "push":
            since = before or self._parent(sha)
        else:
            since = NOBODY
        directory = self.place / "pipelines" / str(number)
        self._fetch(directory, sha, number, since, given.get("GIT_DEPTH", DEPTH))
        predefined = {
            "CI_PIPELINE_ID": str(number),
            "CI_PIPELINE_IID": str(next(self._numbers)),
            "CI_PIPELINE_URL": f"https://{HOST}/{self.path}/-/pipelines/{number}",
            "CI_PIPELINE_SOURCE": source,
            "CI_COMMIT_BEFORE_SHA": since if source == "push" else NOBODY,
            **self._of_the_commit(sha, branch),
            **(self._of_the_request(branch, since) if source == "merge_request_event" else {}),
        }
        unset = list(HERE_DOCKER_IS_LOCAL)
        if source == "merge_request_event":
            unset.append("CI_COMMIT_BRANCH")
        runner = Runner(
            directory,
            variables=predefined | given,
            unset=unset,
            environment=self._environment(number),
            resources=self.place / "resources" / self.path,
            compares_changes=since != NOBODY,
            timeout=timeout,
        )
        return Pipeline(runner, file)

    def _parent(self, sha: str) -> str:
        parents = git(self.bare, "log", "-1", "--format=%P", sha).split()
        return parents[0] if parents else NOBODY

    def _fetch(self, directory: Path, sha: str, number: int, since: str, depth: str) -> None:
        """What a runner has: the commit, detached, and its history as deep as GIT_DEPTH says.

        gitlab-ci-local compares `rules: changes` with the default branch of origin, hence the ref.
        """
        git(self.bare, "update-ref", f"refs/pipelines/{number}", sha)
        refs = [f"refs/pipelines/{number}", "refs/heads/main:refs/remotes/origin/main"]
        compared = "main"
        if since != NOBODY:
            compared = "compared-by-rules"
            refs.append(f"{since}:refs/remotes/origin/{compared}")
        git(self.place, "init", "--quiet", "--initial-branch=main", str(directory))
        git(directory, "remote", "add", "origin", self.bare.as_uri())
        git(directory, "remote", "add", "gcl-origin", f"ssh://git@{HOST}/{self.path}.git")
        shallow = [] if depth == "0" else [f"--depth={depth}"]
        git(directory, "fetch", "--quiet", "--no-tags", *shallow, "origin", *refs)
        git(directory, "checkout", "--quiet", "--detach", sha)
        git(directory, "remote", "set-head", "origin", compared)

    def _of_the_commit(self, sha: str, branch: str) -> dict[str, str]:
        form = "--format=%an <%ae>%x00%cI%x00%s%x00%b%x00%B"
        author, time, title, description, message = git(self.bare, "log", "-1", form, sha).split(
            "\0"
        )
        return {
            "GITLAB_CI": "true",
            "GITLAB_USER_NAME": DEVELOPER["name"],
            "GITLAB_USER_EMAIL": DEVELOPER["email"],
            "CI_COMMIT_SHA": sha,
            "CI_COMMIT_SHORT_SHA": sha[:8],
            "CI_COMMIT_BRANCH": branch,
            "CI_COMMIT_REF_NAME": branch,
            "CI_COMMIT_REF_SLUG": re.sub("[^a-z0-9]+", "-", branch.lower())[:63].strip("-"),
            "CI_COMMIT_REF_PROTECTED": str(branch == "main").lower(),
            "CI_COMMIT_AUTHOR": author,
            "CI_COMMIT_TIMESTAMP": time,
            "CI_COMMIT_TITLE": title,
            "CI_COMMIT_DESCRIPTION": description.strip(),
            "CI_COMMIT_MESSAGE": message.strip(),
            "CI_DEFAULT_BRANCH": "main",
        }

    def _of_the_request(self, branch: str, base: str) -> dict[str, str]:
        return {
            "CI_COMMIT_REF_PROTECTED": "false",
            "CI_MERGE_REQUEST_ID": "2001",
            "CI_MERGE_REQUEST_IID": "1",
            "CI_MERGE_REQUEST_TITLE": f"Merge {branch}",
            "CI_MERGE_REQUEST_EVENT_TYPE": "detached",
            "CI_MERGE_REQUEST_PROJECT_ID": "1217",
            "CI_MERGE_REQUEST_PROJECT_PATH": self.path,
            "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": self.path,
            "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": branch,
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
            "CI_OPEN_MERGE_REQUESTS": f"{self.path}!1",
        }

    def _environment(self, number: int) -> dict[str, str]:
        """What jobs have of this machine: no credentials, a home and a Python of their own.

        The Python sees the project's packages; what a job installs stays in the pipeline.
        """
        home = self.place / "homes" / str(number)
        venv.create(home / "python", symlinks=True)
        (packages,) = (home / "python").glob("lib/python*/site-packages")
        (of_project,) = (PROJECT / ".venv").glob("lib/python*/site-packages")
        (packages / "project.pth").write_text(f"import site; site.addsitedir('{of_project}')\n")
        pip = home / "python" / "bin" / "pip"
        pip.write_text('#!/bin/sh\nexec python -m pip "$@"\n')
        pip.chmod(0o755)
        servers = (f"ssh://git@{HOST}:22/", f"git@{HOST}:", f"https://{HOST}/")
        aliases = "".join(f"    insteadOf = {server}\n" for server in servers)
        (home / ".gitconfig").write_text(f'[url "{self.place.as_uri()}/"]\n{aliases}')
        mine = {
            name: text for name, text in os.environ.items() if FROM_THIS_MACHINE.fullmatch(name)
        }
        path = f"{pip.parent}:{PROJECT / '.venv' / 'bin'}:{mine['PATH']}"
        return mine | {"PATH": path, "HOME": str(home)}


def lint(directory: Path, file: str = ".gitlab-ci.yml") -> str:
    """What gitlab-ci-local (with GitLab's JSON schema) has against a file; empty when nothing."""
    with tempfile.TemporaryDirectory() as place:
        repository = Repository(Path(place), directory)
        try:
            return repository.create_pipeline(repository.push(), file=file).complaints
        except NotCreated as refusal:
            return str(refusal)


def git(directory: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=directory, check=True, capture_output=True, text=True
    ).stdout.strip()
