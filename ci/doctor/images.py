"""ECR, and the images that the next run and the endpoint use."""

import json
import urllib.request
from typing import Any

from ci.doctor.account import Account, NotChecked, Problem

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
LABEL = "com.amazonaws.sagemaker.capabilities.accept-bind-to-port"
AGAIN = "Push an image that `python -m ci build` and `python -m ci publish` have made."
SECONDS = 30


def repository(account: Account) -> str:
    """Tags are immutable, and images are scanned when they are pushed."""
    name = account.output("foundation", "RepositoryName")
    found = account.client("ecr").describe_repositories(repositoryNames=[name])["repositories"][0]
    again = f"`python -m ci deploy {account.environment.name}` says so; undo what was set by hand"
    if found["imageTagMutability"] != "IMMUTABLE":
        raise Problem(
            f"The tags of {name} are {found['imageTagMutability']}.",
            f"{again}: `aws ecr put-image-tag-mutability --image-tag-mutability IMMUTABLE "
            f"--repository-name {name}`.",
        )
    if not found.get("imageScanningConfiguration", {}).get("scanOnPush"):
        raise Problem(
            f"Images pushed to {name} are not scanned.",
            f"{again}: `aws ecr put-image-scanning-configuration --image-scanning-configuration "
            f"scanOnPush=true --repository-name {name}`. (Or the registry scans all by itself.)",
        )
    return f"Tags of {name} are immutable, and images are scanned."


def there(account: Account) -> str:
    """The image at the pointer and the live image are in ECR."""
    missing = [
        f"{what} {uri}" for uri, what in _images(account).items() if not _found(account, uri)
    ]
    if missing:
        raise Problem(
            f"ECR does not have {' and '.join(missing)}.",
            "Restore it by pushing the same digest again, or go to another: `python -m ci "
            f"rollback {account.environment.name}`, then push a commit.",
        )
    return f"{len(_images(account))} images are there."


def media_type(account: Account) -> str:
    """They are Docker images, schema 2, which is what SageMaker takes."""
    for uri, what, manifest in _manifests(account):
        kind = manifest["imageManifestMediaType"]
        if kind != MANIFEST:
            raise Problem(
                f"The media type of {what} {uri} is {kind}, and SageMaker takes {MANIFEST}.",
                f"{AGAIN} By hand: build with --provenance=false and --output type=docker.",
            )
    return "They are Docker images."


def architecture(account: Account) -> str:
    """They are of linux/amd64, as the instances are."""
    for uri, what, config in _configs(account):
        found = f"{config.get('os', '?')}/{config.get('architecture', '?')}"
        if found != "linux/amd64":
            raise Problem(
                f"{what.capitalize()} {uri} is {found}.",
                f"{AGAIN} By hand: build with --platform linux/amd64.",
            )
    return "They are linux/amd64."


def label(account: Account) -> str:
    """They have the framework's label, by which SageMaker may give them a port."""
    for uri, what, config in _configs(account):
        labels = (config.get("config") or {}).get("Labels") or {}
        if labels.get(LABEL) != "true":
            raise Problem(
                f"{what.capitalize()} {uri} has no label {LABEL}, so it is not of our base.",
                f"{AGAIN} Its Dockerfile begins FROM the base image.",
            )
    return "They have the framework's label."


def _images(account: Account) -> dict[str, str]:
    if not account.images:
        raise NotChecked("No image is pointed at, and none is live.", "Push a first commit.")
    return account.images


def _manifests(account: Account) -> list[tuple[str, str, dict[str, Any]]]:
    found = [(uri, what, _found(account, uri)) for uri, what in _images(account).items()]
    known = [(uri, what, one[0]) for uri, what, one in found if one]
    if not known:
        raise NotChecked("No image is in ECR.")
    return known


def _found(account: Account, uri: str) -> list[dict[str, Any]]:
    name, _, digest = uri.partition("/")[2].partition("@")
    ecr = account.client("ecr")
    if not name or not digest:
        raise NotChecked(f"{uri} is no image of ECR by digest.")
    return ecr.batch_get_image(repositoryName=name, imageIds=[{"imageDigest": digest}])["images"]


def _configs(account: Account) -> list[tuple[str, str, dict[str, Any]]]:
    """What each image says of itself."""
    return [
        (uri, what, _config(account, uri, json.loads(one["imageManifest"])))
        for uri, what, one in _manifests(account)
    ]


def _config(account: Account, uri: str, manifest: dict[str, Any]) -> dict[str, Any]:
    name = uri.partition("/")[2].partition("@")[0]
    digest = manifest.get("config", {}).get("digest")
    if not digest:
        raise NotChecked(f"{uri} is an index of images.")
    ecr = account.client("ecr")
    try:
        url = ecr.get_download_url_for_layer(repositoryName=name, layerDigest=digest)["downloadUrl"]
    except ecr.exceptions.LayersNotFoundException:
        raise NotChecked(f"ECR does not have the config {digest} of {uri}.") from None
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 (ECR's own address)
        return json.load(answer)
