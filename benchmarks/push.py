"""From a pushed line of the predictor to the live endpoint, against a full build and the usual way.

    python -m benchmarks.push --rounds 3

Three ways, in turn, medians compared; all start from a commit that is live, with an engine that has
its layers:

- ours: `ci build`, `publish`, `release` of a predictor-only change;
- ours in full: the same image built without any layer, pushed to an empty repository;
- the usual image of this field, whose one layer copies the code and installs its packages.

Bytes are those that the registry of a local AWS received. It needs a Docker engine.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from local_test.aws.clock import Clock
from local_test.aws.server import LocalAws, running
from tests.ci.team import Team

USUAL = """ARG BASE_IMAGE=python:3.11-slim-bookworm
FROM ${BASE_IMAGE}
COPY framework /opt/framework/framework
COPY container /opt/program
RUN pip install --no-cache-dir --only-binary :all: --require-hashes \\
    -r /opt/framework/framework/requirements.txt -r /opt/program/requirements.txt
"""
PREDICTOR = "container/predictor.py"
COMMANDS = ("build", "publish", "release")


@dataclass(frozen=True)
class Measured:
    """One way, once: seconds of each step, and bytes that the registry received."""

    seconds: dict[str, float]
    pushed: int

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="of each way (default 3)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "aws").mkdir()
        with running(Path(place) / "aws", "docker", clock=Clock(30)) as aws:
            bench = Bench(aws, Path(place))
            rows = [
                (bench.one_line(n), bench.in_full(n), bench.usual(n)) for n in range(options.rounds)
            ]
    for name, measured in zip(
        ("one line, ours", "everything, ours", "one line, usual image"),
        zip(*rows, strict=True),
        strict=True,
    ):
        show(name, list(measured))


class Bench:
    """A team whose first commit is live."""

    def __init__(self, aws: LocalAws, place: Path):
        self._place = place
        self._registry = place / "aws/registry"
        self._aws = aws
        self._team = Team(aws, place)
        self._team.bootstrap("staging")
        self._clone = self._team.repository.developer
        for command in COMMANDS:
            self._ci(command)
        self._team.trains()

    def one_line(self, number: int) -> Measured:
        """A predictor-only change, until the endpoint runs it."""
        self._team.add_line(PREDICTOR, f"# {number}")
        self._team.repository.commit({}, f"Line {number}")
        before = self._received()
        seconds = {command: timed(lambda c=command: self._ci(c)) for command in COMMANDS}
        return Measured(seconds, self._received() - before)

    def in_full(self, number: int) -> Measured:
        """The same files without a layer that is known already."""
        return self._built_anew(f"full-{number}", self._clone, ["--no-cache", "--target=algorithm"])

    def usual(self, number: int) -> Measured:
        """A changed line in an image whose one layer has everything."""
        context = self._place / "usual"
        if number == 0:
            shutil.copytree(self._clone, context, ignore=shutil.ignore_patterns(".git"))
            (context / "Dockerfile").write_text(USUAL)
            self._built_anew("usual", context, [])
        with (context / PREDICTOR).open("a") as file:
            file.write(f"\n# {number}\n")
        return self._built_anew("usual", context, [])

    def _built_anew(self, repository: str, context: Path, options: list[str]) -> Measured:
        ecr = self._team.client("ecr")
        known = [one["repositoryName"] for one in ecr.describe_repositories()["repositories"]]
        if repository not in known:
            ecr.create_repository(repositoryName=repository)
        name = f"{self._host(ecr)}/{repository}:latest"
        before = self._received()
        seconds = {
            "build": timed(lambda: docker("build", *options, "--tag", name, str(context))),
            "publish": timed(lambda: docker("push", "--quiet", name)),
        }
        return Measured(seconds, self._received() - before)

    def _host(self, ecr: Any) -> str:
        data = ecr.get_authorization_token()["authorizationData"][0]
        host = data["proxyEndpoint"].removeprefix("http://")
        folder = self._place / "docker"
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(
            f'{{"auths": {{"{host}": {{"auth": "{data["authorizationToken"]}"}}}}}}'
        )
        os.environ["DOCKER_CONFIG"] = str(folder)
        return host

    def _received(self) -> int:
        files = (path for path in self._registry.rglob("*") if path.is_file())
        return sum(path.stat().st_size for path in files)

    def _ci(self, command: str) -> None:
        done = self._team.ci(command, "staging")
        if done.returncode:
            sys.exit(f"ci {command} failed: {done.stderr}")


def docker(*arguments: str) -> None:
    subprocess.run(["docker", *arguments], check=True, capture_output=True)


def timed(action: Callable[[], None]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


def show(name: str, rounds: list[Measured]) -> None:
    steps = {step: median(one.seconds[step] for one in rounds) for step in rounds[0].seconds}
    told = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in steps.items())
    pushed = median(one.pushed for one in rounds)
    total = median(one.total for one in rounds)
    print(f"{name:24} {pushed:>13,.0f} bytes  {total:6.1f} s  ({told})", flush=True)


if __name__ == "__main__":
    main()
