"""`comment` and `merge` against an HTTP server that answers as GitLab's API does."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

PROJECT = Path(__file__).parents[2]
ROOT = "/api/v4/projects/7/merge_requests"
STAGING = """
project = "shop"
name = "staging"
region = "eu-west-1"
"""
TESTED = {
    "title": "Better prices",
    "source_project_id": 7,
    "target_project_id": 7,
    "detailed_merge_status": "mergeable",
}


class GitLab(ThreadingHTTPServer):
    """Project 7, its merge requests, their notes; tokens are the names of roles."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Api)
        self.requests: dict[int, dict[str, Any]] = {}
        self.notes: list[dict[str, Any]] = []
        self.merged: list[int] = []

    def open(self, number: int, status: str = "success", **otherwise: Any) -> None:
        """A merge request whose newest commit has a pipeline."""
        sha = f"{number:040x}"
        pipeline = {"head_pipeline": {"sha": sha, "status": status}}
        self.requests[number] = {"iid": number, "sha": sha, **TESTED, **pipeline, **otherwise}

    def ci(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A command in a job."""
        given = {
            "CI_API_V4_URL": f"http://127.0.0.1:{self.server_port}/api/v4",
            "CI_PROJECT_ID": "7",
            "CI_DEFAULT_BRANCH": "main",
            **variables,
        }
        return subprocess.run(
            [sys.executable, "-m", "ci", *arguments],
            cwd=PROJECT,
            env={**os.environ, **given},
            capture_output=True,
            text=True,
            check=False,
        )


class Api(BaseHTTPRequestHandler):
    """The few calls that are made."""

    server: GitLab

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path == ROOT:
            assert asked["target_branch"] == ["main"]
            self._say(200, [{"iid": number} for number in sorted(self.server.requests)])
        elif path == f"{ROOT}/3/notes":
            self._say(200, self.server.notes)
        else:
            self._say(200, self.server.requests[int(path.rpartition("/")[2])])

    def do_POST(self) -> None:
        assert self.path == f"{ROOT}/3/notes"
        self.server.notes.append({"id": len(self.server.notes) + 1, **self._given()})
        self._say(201, {})

    def do_PUT(self) -> None:
        given, (*_, name, last) = self._given(), self.path.split("/")
        if name == "notes":
            self.server.notes[int(last) - 1] |= given
            self._say(200, {})
        elif self.headers["PRIVATE-TOKEN"] != "Maintainer":
            self._say(401, {})
        else:
            assert given["sha"] == self.server.requests.pop(int(name))["sha"]
            self.server.merged.append(int(name))
            self._say(200, {})

    def _given(self) -> dict[str, Any]:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _say(self, status: int, body: Any) -> None:
        said = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def gitlab() -> Iterator[GitLab]:
    with GitLab() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def tested(tmp_path: Path) -> str:
    """An environment file that lets tested branches merge."""
    file = tmp_path / "staging.toml"
    file.write_text(f'{STAGING}\n[review]\nmerge = "tested"\n')
    return str(file)


def test_one_that_is_tested_is_merged_and_the_next_run_takes_the_next(
    gitlab: GitLab, tested: str
) -> None:
    gitlab.open(4)
    gitlab.open(5)
    for merged in ([4], [4, 5], [4, 5]):
        done = gitlab.ci("merge", tested, MERGE_TOKEN="Maintainer")
        assert (done.returncode, gitlab.merged) == (0, merged), done.stderr
    assert done.stdout == "Nothing is merged.\n"


@pytest.mark.parametrize(
    ("otherwise", "why"),
    [
        ({"status": "failed"}, "the pipeline of its newest commit is failed"),
        ({"status": "running"}, "the pipeline of its newest commit is running"),
        ({"head_pipeline": None}, "its newest commit has no pipeline yet"),
        ({"sha": "f" * 40}, "its newest commit has no pipeline yet"),
        ({"source_project_id": 8}, "it comes from another project"),
        ({"detailed_merge_status": "not_approved"}, "GitLab says not_approved"),
    ],
)
def test_what_is_not_tested_or_not_allowed_stays_and_delays_nobody(
    gitlab: GitLab, tested: str, otherwise: dict[str, Any], why: str
) -> None:
    gitlab.open(4, **otherwise)
    gitlab.open(5)
    done = gitlab.ci("merge", tested, MERGE_TOKEN="Maintainer")
    assert done.returncode == 0, done.stderr
    assert gitlab.merged == [5]
    assert f"!4 stays open: {why}" in done.stdout


def test_where_the_environment_says_nothing_people_merge(gitlab: GitLab, tmp_path: Path) -> None:
    file = tmp_path / "staging.toml"
    file.write_text(STAGING)
    gitlab.open(4)
    done = gitlab.ci("merge", str(file), MERGE_TOKEN="Maintainer")
    assert (done.returncode, gitlab.merged) == (0, [])
    assert "People merge what goes to staging" in done.stderr


@pytest.mark.parametrize(
    ("variables", "said"),
    [({}, "needs MERGE_TOKEN"), ({"MERGE_TOKEN": "Reporter"}, "at least the role Maintainer")],
)
def test_a_token_that_is_missing_or_too_weak_is_named(
    gitlab: GitLab, tested: str, variables: dict[str, str], said: str
) -> None:
    gitlab.open(4)
    done = gitlab.ci("merge", tested, **variables)
    assert (done.returncode, gitlab.merged) == (1, [])
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_plan_is_one_note_that_each_pipeline_replaces(gitlab: GitLab, tmp_path: Path) -> None:
    file = tmp_path / "plan.md"
    for text in ("### first", "### second"):
        file.write_text(text)
        done = gitlab.ci(
            "comment",
            str(file),
            GITLAB_TOKEN="Reporter",
            CI_MERGE_REQUEST_IID="3",
            CI_JOB_NAME="plan staging",
        )
        assert done.returncode == 0, done.stderr
    assert [one["body"] for one in gitlab.notes] == ["<!-- plan staging -->\n### second"]
