"""`ci new`: an algorithm in a repository of its own, without the framework."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ci.commands.new import EXAMPLES
from ci.environment import read_environment
from local_test.aws import images
from local_test.aws.server import LocalAws
from tests.ci.gitlab import Repository
from tests.ci.gitlab_runner import PROJECT

FILES = {
    *(".dockerignore", ".gitignore", ".gitlab-ci.yml", "Dockerfile", "README.md", "ruff.toml"),
    *("container/algorithm.toml", "container/replies.json", "container/sample.py"),
    *("container/trainer.py", "container/predictor.py", "container/features.py"),
    *("container/requirements.in", "container/requirements.txt"),
    *("environments/staging.toml", "environments/production.toml"),
}
OURS = {
    "base": "registry.ours/framework/base:1",
    "image": "registry.ours/framework/pipeline:1",
    "template_project": "platform/framework",
}
SERVING = "framework/serving/app.py"
ENGINELESS = {"DOCKER_HOST": "unix:///nonexistent.sock"}


def run(
    *command: str, at: Path = PROJECT, framework: Path = PROJECT, **settings: str
) -> subprocess.CompletedProcess[str]:
    """A command of this Python, with ci and the framework installed as in the pipeline's image."""
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=at,
        env={**os.environ, "PYTHONPATH": str(framework), **ENGINELESS, **settings},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )


def new(place: Path, given: dict[str, str] = OURS) -> Path:
    options = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
    made = run("ci", "new", str(place), *options, **COMMITTER)
    assert made.returncode == 0, made.stderr
    return place


COMMITTER = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in {"NAME": "Ada", "EMAIL": "ada@example.com"}.items()
}


def git(place: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments],
        cwd=place,
        env={**os.environ, **COMMITTER},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def committed(place: Path, message: str = "A change") -> None:
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", message)


@pytest.fixture
def houses(tmp_path: Path) -> Path:
    return new(tmp_path / "houses")


def test_all_files_are_there_and_committed_under_our_names(houses: Path) -> None:
    assert set(git(houses, "ls-files").splitlines()) == FILES
    assert git(houses, "status", "--porcelain") == ""
    assert git(houses, "log", "--format=%s") == "An algorithm of its own"
    texts = {name: (houses / name).read_text() for name in FILES}
    for example in ("penguin", "example.com", "group/"):
        assert [name for name, text in texts.items() if example in text] == []
    assert f"ARG BASE_IMAGE={OURS['base']}\n" in texts["Dockerfile"]
    assert "  - project: platform/framework\n    ref: main\n" in texts[".gitlab-ci.yml"]
    assert f"      image: {OURS['image']}\n" in texts[".gitlab-ci.yml"]
    assert texts["README.md"].startswith("# houses\n")


@pytest.mark.parametrize("name", ["staging", "production"])
def test_environments_are_ours_but_for_project_and_channels(houses: Path, name: str) -> None:
    ours = read_environment(name)
    channels = {channel: ours.data.channels[channel] for channel in ("train", "test")}
    assert read_environment(str(houses / f"environments/{name}.toml")) == replace(
        ours, project="houses", data=replace(ours.data, channels=channels)
    )


def test_what_was_not_given_is_said(tmp_path: Path) -> None:
    made = run("ci", "new", str(tmp_path / "houses"), "--base", OURS["base"], **COMMITTER)
    assert EXAMPLES["base"] not in made.stdout
    assert f"{EXAMPLES['template_project']}, or start again with --template-project" in made.stdout
    assert EXAMPLES["image"] in (tmp_path / "houses/.gitlab-ci.yml").read_text()


@pytest.mark.parametrize("command", [["check"], ["format", "--check", "--diff"]], ids=str)
def test_ruff_has_nothing_to_say(houses: Path, command: list[str]) -> None:
    linted = run("ruff", *command, "--no-cache", ".", at=houses)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_its_algorithm_keeps_the_contract(houses: Path) -> None:
    checked = run("local_test", "check", "--engine", "process", "--json", at=houses)
    outcomes = {one["check"]: one for one in json.loads(checked.stdout)["results"]}
    assert checked.returncode == 0, checked.stderr
    assert outcomes["sample-replies"]["outcome"] == "passed"
    assert {one["outcome"] for one in outcomes.values()} == {"passed", "not checked"}


@pytest.mark.parametrize("there", ["notes.txt", "deep/notes.txt"])
def test_nothing_is_overwritten(tmp_path: Path, there: str) -> None:
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_text("mine")
    refused = run("ci", "new", str(tmp_path))
    assert refused.returncode == 1
    assert f"{tmp_path} is not empty" in refused.stderr
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()] == [there]


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "houses").write_text("mine")
    assert "is not empty" in run("ci", "new", str(tmp_path / "houses")).stderr
    assert (tmp_path / "houses").read_text() == "mine"


def test_the_clone_of_an_empty_project_is_taken(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=trunk", "houses")
    new(tmp_path / "houses")
    assert git(tmp_path / "houses", "branch", "--show-current") == "trunk"
    assert set(git(tmp_path / "houses", "ls-files").splitlines()) == FILES


def test_a_name_that_aws_would_refuse_is_refused(tmp_path: Path) -> None:
    refused = run("ci", "new", str(tmp_path / "3"))
    assert refused.returncode == 1
    assert "begins with a letter" in refused.stderr
    assert not (tmp_path / "3").exists()


@pytest.mark.gitlab
@pytest.mark.usefixtures("gitlab_ci_local")
def test_gitlab_takes_its_pipeline(houses: Path, tmp_path: Path) -> None:
    framework(tmp_path / "server")
    repository = Repository(tmp_path / "server", houses, "team/houses")
    sha = repository.push()
    pushed = repository.create_pipeline(sha)
    assert pushed.complaints == ""
    assert {"publish", "staging", "production", "rollback staging"} <= pushed.jobs.keys()
    assert "rebuild" not in pushed.jobs
    assert {"rebuild", "merge"} <= repository.create_pipeline(sha, "schedule").jobs.keys()


def framework(server: Path) -> Repository:
    """The framework's project on a GitLab: the template is all that is taken from there."""
    template = (PROJECT / "ci/gitlab/algorithm.yml").read_text()
    return Repository(server, {"ci/gitlab/algorithm.yml": template}, OURS["template_project"])


Plan = Callable[..., dict[str, object]]


@pytest.fixture
def plan(local: LocalAws, houses: Path) -> Plan:
    """Deployed, published and pointed at; what a commit of the repository means after that."""
    settings = {
        "AWS_ENDPOINT_URL": local.world.url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    staging = "environments/staging.toml"

    def ci(command: str, *more: str, framework: Path = PROJECT, **others: str) -> str:
        variables = {**settings, **others}
        done = run("ci", command, staging, *more, at=houses, framework=framework, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    ci("deploy")
    image = images.register(local.world, houses / "container", "houses-staging", "v1", "eu-west-1")
    described = run("framework", "describe", at=houses, ALGORITHM_DIR=str(houses / "container"))
    (houses / "build").mkdir()
    (houses / "build/described.json").write_text(described.stdout)
    ci("publish", "--image", image, "--description", "build/described.json", BASE_IMAGE=BASES[0])
    ci("release", "--image", image)
    return lambda **how: json.loads(ci("plan", "--json", **how))


BASES = [f"registry.ours/framework/base@sha256:{digit * 64}" for digit in "12"]


def test_a_push_is_decided_by_what_it_changes(houses: Path, plan: Plan, tmp_path: Path) -> None:
    def because(planned: dict[str, object]) -> set[str]:
        return {reason["name"] for reason in planned["reasons"]}

    first = plan()
    assert (first["build"], first["reasons"]) == (False, [])

    (houses / "README.md").write_text("Words.\n")
    committed(houses)
    assert plan()["identity"] == first["identity"]

    assert because(plan(BASE_IMAGE=BASES[0])) == set()
    rebuilt = plan(BASE_IMAGE=BASES[1])
    assert (because(rebuilt), rebuilt["build"]) == ({"the base image"}, True)
    assert rebuilt["identity"] != plan(BASE_IMAGE=BASES[0])["identity"] != first["identity"]

    newer = tmp_path / "newer"
    for room in ("framework", "ci"):
        shutil.copytree(PROJECT / room, newer / room)
    with (newer / SERVING).open("a") as file:
        file.write("# changed\n")
    upgraded = plan(framework=newer)
    assert because(upgraded) == {SERVING}
    assert upgraded["identity"] != first["identity"]

    with (houses / "container/trainer.py").open("a") as file:
        file.write("# changed\n")
    committed(houses)
    changed = plan()
    assert because(changed) == {"container/trainer.py"}
    assert (changed["train"], changed["release"]) == (True, "")
    assert changed["identity"] != first["identity"]


def test_the_algorithm_may_be_at_the_root(houses: Path, local: LocalAws) -> None:
    git(houses, "mv", *map(str, (houses / "container").iterdir()), ".")
    committed(houses)

    def identity() -> str:
        planned = run(
            *("ci", "plan", "environments/staging.toml", "--algorithm", ".", "--json"),
            at=houses,
            AWS_ENDPOINT_URL=local.world.url,
            AWS_ACCESS_KEY_ID="local",
            AWS_SECRET_ACCESS_KEY="local",
        )
        assert planned.returncode == 0, planned.stderr
        return json.loads(planned.stdout)["identity"]

    before = identity()
    with (houses / "trainer.py").open("a") as file:
        file.write("# changed\n")
    committed(houses)
    assert identity() != before
