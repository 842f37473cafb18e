"""Images: built of a commit, published by digest with what is in them on record."""

import base64
import os
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ci import engine
from ci.client import ClientError, code_of, saying
from ci.deployment import Deployment
from ci.errors import CiError
from ci.plan import Known
from ci.sbom import bill_of_materials
from ci.source import Source
from ci.stacks import Say
from ci.steps.setting import Setting

BASE = "org.opencontainers.image.base.digest"
ABSENT = ("ImageNotFoundException",)


@dataclass(frozen=True)
class Registry:
    """The environment's ECR repository."""

    setting: Setting
    name: str

    @classmethod
    def of(cls, deployment: Deployment) -> "Registry":
        """Raises CiError where the stacks are not deployed."""
        return cls(deployment.setting(), deployment.outputs("foundation")["RepositoryName"])

    def find(self, tag: str) -> str | None:
        """The URI, by digest, of a tagged image; None when there is none."""
        ecr = self.setting.client("ecr")
        with saying(f"looking for {self.name}:{tag}"):
            try:
                found = ecr.describe_images(repositoryName=self.name, imageIds=[{"imageTag": tag}])
            except ClientError as error:
                if code_of(error) in ABSENT:
                    return None
                raise
            repository = ecr.describe_repositories(repositoryNames=[self.name])["repositories"][0]
        return f"{repository['repositoryUri']}@{found['imageDetails'][0]['imageDigest']}"

    def push(self, image: str, tag: str) -> str:
        """Push an image of the engine under an immutable tag; its URI by digest."""
        host, user, password = self._door()
        engine.push(image, host, user, password, f"{host}/{self.name}:{tag}")
        uri = self.find(tag)
        if uri is None:
            raise CiError(f"{self.name}:{tag} was pushed, but ECR does not have it. Push again.")
        return uri

    def name_again(self, uri: str, tag: str) -> None:
        """Give an image of this repository one more tag, unless the tag is taken."""
        ecr = self.setting.client("ecr")
        image = {"imageDigest": uri.partition("@")[2]}
        with saying(f"naming {uri} {tag}"):
            found = ecr.batch_get_image(repositoryName=self.name, imageIds=[image])["images"]
            if found and self.find(tag) is None:
                ecr.put_image(
                    repositoryName=self.name,
                    imageManifest=found[0]["imageManifest"],
                    imageManifestMediaType=found[0]["imageManifestMediaType"],
                    imageTag=tag,
                )

    def keep(self, uri: str) -> None:
        """Let the image outlive those that nobody used: the lifecycle spares this tag."""
        self.name_again(uri, f"release-{uri.rpartition(':')[2][:16]}")

    def pull(self, uri: str) -> str:
        """Make an image of this repository known to the engine; its name there."""
        host, user, password = self._door()
        name = f"{host}/{uri.partition('/')[2]}"
        if not engine.exists(name):
            engine.pull(name, host, user, password)
        return name

    def is_recorded(self, uri: str) -> bool:
        """Whether what is in an image is known."""
        return self.setting.read(_record_of(uri)) is not None

    def record(
        self, uri: str, described: dict[str, Any], system: Iterable[tuple[str, str]]
    ) -> None:
        """Keep an image's bill of materials, and then what is in it.

        Args:
            system: name and version of each Debian package.
        """
        materials = bill_of_materials(uri, described, system)
        self.setting.write_json(f"{_record_of(uri).removesuffix('.json')}.cdx.json", materials)
        self.setting.write_json(_record_of(uri), described)

    def _door(self) -> tuple[str, str, str]:
        with saying("signing in to ECR"):
            token = self.setting.client("ecr").get_authorization_token()["authorizationData"][0]
        user, _, password = base64.b64decode(token["authorizationToken"]).decode().partition(":")
        return urlsplit(token["proxyEndpoint"]).netloc, user, password


def _record_of(uri: str) -> str:
    return f"images/{uri.rpartition(':')[2]}.json"


def tag_of(source: Source) -> str:
    """The tag of the image of a commit: the same for the same files."""
    return f"ci-{source.identity}"


def local_name(source: Source) -> str:
    """Its name in the engine."""
    return f"sagemaker-container:{tag_of(source)}"


def is_built(source: Source) -> bool:
    """Whether the engine here has the commit's image, perhaps for another environment."""
    return engine.answers() and engine.exists(local_name(source))


def former_image(deployment: Deployment, pointed: Known) -> str | None:
    """The image of an earlier commit, for its layers; None when it cannot be had."""
    try:
        return Registry.of(deployment).pull(pointed.uri)
    except CiError:
        return None


def build(source: Source, say: Say, former: str | None = None) -> str:
    """Build the commit's image, unless the engine has it; its name there.

    Args:
        former: an image whose layers are taken where they would be the same.

    Raises:
        EngineFault: the build failed.
    """
    name = local_name(source)
    if engine.exists(name):
        say(f"{name} is built already")
        return name
    say(f"building {name}")
    with tempfile.TemporaryDirectory(prefix="build-") as place:
        base = engine.by_digest(source.base) if source.base else None
        context = Path(place, "context")
        source.repository.export(source.commit, context)
        _dated(context, source.repository.time(source.commit))
        engine.build(
            context,
            name,
            {"GIT_COMMIT": source.commit, "BASE_IMAGE": base or source.base},
            {"content": source.identity, **({BASE: base.partition("@")[2]} if base else {})},
            former,
        )
    _check_framework(name, source)
    return name


def publish(
    deployment: Deployment, source: Source, say: Say, origin: Deployment | None = None
) -> str:
    """Publish the commit's image, unless it is there; its URI by digest.

    Args:
        origin: the environment that has it already; without one it was built here.

    Raises:
        CiError: nobody has it, or it was rejected there; or ECR refuses it.
    """
    registry, tag = Registry.of(deployment), tag_of(source)
    proven = _proven(origin, tag) if origin else None
    uri = registry.find(tag)
    if uri is None:
        name = Registry.of(origin).pull(proven) if origin and proven else _built(source)
        say(f"pushing {name} to {registry.name}")
        with ThreadPoolExecutor() as beside:
            described = beside.submit(_description, name, source)
            system = beside.submit(engine.system_packages, name)
            uri = registry.push(name, tag)
        registry.record(uri, described.result(), system.result())
    elif not registry.is_recorded(uri):
        name = registry.pull(uri)
        registry.record(uri, _description(name, source), engine.system_packages(name))
    say(f"published: {uri}")
    return uri


def _proven(origin: Deployment, tag: str) -> str | None:
    """The image's URI in the environment that had it first; None when it never did.

    Raises:
        CiError: a release of it failed there, or was rolled back.
    """
    uri = Registry.of(origin).find(tag)
    if uri and origin.setting().rejected(uri):
        raise CiError(
            f"{origin.environment.name} rejected {uri}: a release of exactly these files failed "
            "there, or was rolled back. Push a commit that mends or reverts it."
        )
    return uri


def _built(source: Source) -> str:
    name = local_name(source)
    if not engine.exists(name):
        raise CiError(f"{name} is not built here. Build it with `python -m ci build`.")
    return name


def _description(name: str, source: Source) -> dict[str, Any]:
    base = engine.label(name, BASE)
    return {**engine.describe(name), **source.marks(), **({"base": base} if base else {})}


def _check_framework(name: str, source: Source) -> None:
    """What was planned with is what the image has; an image with another is forgotten.

    Raises:
        CiError: the base image brought another framework than the one here.
    """
    if source.has_framework:
        return
    planned, built = _framework(source.describe()), _framework(engine.describe(name))
    if others := sorted({file for file, _ in planned.items() ^ built.items()}):
        engine.remove(name)
        raise CiError(
            f"The base image {source.base} holds another framework than the one that plans here: "
            f"{', '.join(others[:3])}{' and more' if others[3:] else ''}. Let the base image and "
            "the pipeline's image be of the same commit of the framework."
        )


def _framework(described: dict[str, Any]) -> dict[str, str]:
    return {
        file["path"]: file["sha256"] for file in described["code"] if file["origin"] == "framework"
    }


def _dated(directory: Path, seconds: int) -> None:
    """Give every file the commit's time, so that equal commits make equal layers."""
    for path in [directory, *directory.rglob("*")]:
        os.utime(path, (seconds, seconds), follow_symlinks=False)
