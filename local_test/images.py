"""Builds the image of an algorithm directory, with the docker command line."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from local_test.console import Screen
from local_test.errors import BenchError, EngineUnavailable

PROJECT = Path(__file__).resolve().parents[1]
REPOSITORY = "sagemaker-container"
BUILD_SECONDS = 900

REQUIREMENTS = """
COPY requirements.txt /opt/program/
RUN pip install --no-cache-dir --only-binary :all: --requirement /opt/program/requirements.txt
"""
CODE = """
COPY . /opt/program
RUN chmod -R a+rX /opt/program
"""


def image_of(algorithm: Path, screen: Screen) -> str:
    """The id of an image with the framework and the algorithm directory; quick when unchanged.

    Raises:
        EngineUnavailable: the engine cannot get the base image; the message says what to do.
        BenchError: there is no such directory, or the build failed.
    """
    if not (algorithm / "algorithm.toml").is_file():
        raise BenchError(
            f"{algorithm} has no algorithm.toml. Name an algorithm directory, for example "
            "`container`, or an image with --image."
        )
    if not shutil.which("docker"):
        raise EngineUnavailable("Building an image needs the docker command, which is not here.")
    target = ["--build-arg", f"BASE_IMAGE={_base_image()}", str(PROJECT), "--target"]
    with screen.waiting(f"building the image of {algorithm}"):
        if algorithm.resolve() == PROJECT / "container":
            return _build("local-container", [*target, "algorithm"])
        base = _build("local-base", [*target, "base"])
        name = re.sub(r"[^a-z0-9]+", "-", algorithm.resolve().name.lower()).strip("-")
        requirements = REQUIREMENTS if (algorithm / "requirements.txt").is_file() else ""
        dockerfile = f"FROM {base}\n{requirements}{CODE}"
        return _build(f"local-{name or 'algorithm'}", ["--file", "-", str(algorithm)], dockerfile)


def _build(tag: str, arguments: list[str], dockerfile: str = "") -> str:
    command = ["docker", "build", "--tag", f"{REPOSITORY}:{tag}", *arguments]
    try:
        built = subprocess.run(
            command,
            input=dockerfile,
            text=True,
            capture_output=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BenchError(f"`{' '.join(command)}` took more than {BUILD_SECONDS} s.") from None
    if built.returncode == 0:
        return f"{REPOSITORY}:{tag}"
    output = (built.stdout + built.stderr).strip().splitlines()
    base = _base_image()
    if not _present(base) and not any("RUN " in line for line in output):
        raise EngineUnavailable(
            f"The Docker engine cannot get the base image {base}: `make base-image` makes one."
        )
    tail = "\n".join(output[-15:])
    raise BenchError(f"`{' '.join(command)}` failed. The end of its output:\n{tail}")


def _base_image() -> str:
    """What the project's images start from: BASE_IMAGE, as for `make image`, or the default."""
    if named := os.environ.get("BASE_IMAGE"):
        return named
    text = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    return re.search(r"^ARG BASE_IMAGE=(\S+)", text, re.MULTILINE).group(1)


def _present(image: str) -> bool:
    inspected = subprocess.run(
        ["docker", "image", "inspect", image], capture_output=True, check=False
    )
    return inspected.returncode == 0
