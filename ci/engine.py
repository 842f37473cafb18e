"""The Docker engine, by its command line: the only module that runs docker."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ci.errors import CiError

PLATFORM = "linux/amd64"
DESCRIBED = ("describe",)


class EngineFault(CiError):
    """The engine could not do what it was asked to."""


def answers() -> bool:
    """Whether there is an engine here."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def build(
    context: Path,
    name: str,
    arguments: Mapping[str, str],
    labels: Mapping[str, str],
    former: str | None = None,
) -> None:
    """Build the algorithm's image for SageMaker: linux/amd64, no attestations, cache in itself.

    Args:
        former: an image whose layers are taken where they would be the same.

    Raises:
        EngineFault: the build failed; its last lines are in the message.
    """
    target = ["--target", "algorithm"] if _has_target(context / "Dockerfile") else []
    arguments = {**arguments, "BUILDKIT_INLINE_CACHE": "1"}
    given = [f"--build-arg={key}={value}" for key, value in arguments.items() if value]
    cache = [f"--cache-from={former}"] if former else []
    marks = [f"--label={key}={value}" for key, value in labels.items()]
    settings = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
    _run(
        [
            "build",
            f"--platform={PLATFORM}",
            *target,
            *given,
            *marks,
            *cache,
            "--tag",
            name,
            str(context),
        ],
        f"building {name}",
        settings,
    )


def exists(name: str) -> bool:
    """Whether the engine has an image."""
    found = subprocess.run(["docker", "image", "inspect", name], capture_output=True, check=False)
    return found.returncode == 0


def by_digest(name: str, newest: bool = False) -> str | None:
    """The name by digest, as NAME@sha256:…; None for an image that is of no registry.

    Args:
        newest: ask the registry even where the engine has an image of that name.

    Raises:
        EngineFault: the registry does not have it.
    """
    if "@" in name:
        return name
    if newest or not exists(name):
        _run(["pull", "--quiet", f"--platform={PLATFORM}", name], f"pulling {name}")
    repository = re.sub(r":[^:/]+$", "", name)
    known = _run(["image", "inspect", "--format={{json .RepoDigests}}", name], f"reading {name}")
    digests = json.loads(known) or []
    return next((one for one in digests if one.partition("@")[0] == repository), None)


def label(name: str, key: str) -> str:
    """A label of an image; empty when it has none of that name."""
    form = f'--format={{{{index .Config.Labels "{key}"}}}}'
    return _run(["image", "inspect", form, name], f"reading {name}").strip()


def remove(name: str) -> None:
    """Forget an image's name, and the image when it has no other."""
    _call(["image", "rm", name])


def describe(name: str) -> dict[str, Any]:
    """What the image says of itself."""
    said = _run(["run", "--rm", "--network=none", name, *DESCRIBED], f"describing {name}")
    return json.loads(said)


def system_packages(name: str) -> list[tuple[str, str]]:
    """Name and version of each Debian package of an image."""
    query = ["dpkg-query", "--show", "--showformat=${Package}\\t${Version}\\n"]
    said = _run(
        ["run", "--rm", "--network=none", f"--entrypoint={query[0]}", name, *query[1:]],
        f"listing the packages of {name}",
    )
    return [tuple(line.split("\t", 1)) for line in said.splitlines()]


def push(name: str, registry: str, user: str, password: str, target: str) -> None:
    """Push an image under another name; the password is on no disk that outlives it.

    Raises:
        EngineFault: the registry refuses it.
    """
    _run(["tag", name, target], f"naming {name}")
    with _signed_in(registry, user, password) as settings:
        _run(["push", "--quiet", target], f"pushing {target}", settings)


def pull(name: str, registry: str, user: str, password: str) -> None:
    """Pull an image.

    Raises:
        EngineFault: the registry does not have it.
    """
    with _signed_in(registry, user, password) as settings:
        _run(["pull", "--quiet", name], f"pulling {name}", settings)


def check(name: str, only: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The outcomes of the conformance suite on an image; what only isolation shows is shown, too.

    Args:
        only: names of checks; empty is all.

    Raises:
        EngineFault: it could not be run to its end.
    """
    suite = ["-m", "local_test", "check", "--image", name, "--engine=docker", "--json"]
    suite += [f"--only={one}" for one in only]
    done = subprocess.run([sys.executable, *suite], capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)["results"]
    except (KeyError, ValueError):
        last = "\n".join(done.stderr.strip().splitlines()[-15:])
        raise EngineFault(f"While checking {name}, it said: {last}") from None


def prove(name: str, model: Path) -> tuple[int, str, str]:
    """Run `prove` of an image on an unpacked model: exit code, stdout, stderr.

    The model is copied in, so that it works with an engine on another machine, too.
    """
    container = _run(["create", "--network=none", name, "prove"], f"starting {name}").strip()
    try:
        _run(["cp", f"{model}/.", f"{container}:/opt/ml/model/"], "copying the model")
        done = _call(["start", "--attach", container])
        return done.returncode, done.stdout, done.stderr
    finally:
        _call(["rm", "--force", "--volumes", container])


@contextmanager
def _signed_in(registry: str, user: str, password: str) -> Iterator[dict[str, str]]:
    given = base64.b64encode(f"{user}:{password}".encode()).decode()
    with tempfile.TemporaryDirectory(prefix="docker-") as place:
        file = Path(place, "config.json")
        file.touch(mode=0o600)
        file.write_text(json.dumps({"auths": {registry: {"auth": given}}}), encoding="utf-8")
        yield {"DOCKER_CONFIG": place}


def _has_target(dockerfile: Path) -> bool:
    lines = dockerfile.read_text(encoding="utf-8").lower().splitlines()
    return any(line.split()[-2:] == ["as", "algorithm"] for line in lines if line.strip())


def _run(arguments: Sequence[str], doing: str, settings: Mapping[str, str] = {}) -> str:
    done = _call(arguments, settings)
    if done.returncode:
        last = "\n".join(f"{done.stdout}\n{done.stderr}".strip().splitlines()[-15:])
        raise EngineFault(f"While {doing}, docker said: {last}")
    return done.stdout


def _call(
    arguments: Sequence[str], settings: Mapping[str, str] = {}
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["docker", *arguments],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise EngineFault("docker is not installed here, and images are built with it.") from None
