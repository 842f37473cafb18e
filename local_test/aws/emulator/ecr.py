"""ECR as its registry needs it: digests, sizes and tags of images, tokens, and layers.

moto makes digests of layers only, drops an image whose tag moves on, and names no address that
could be reached. Layers are the registry's files.
"""

import base64
import hashlib
import json
import threading
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ecr.exceptions import ImageAlreadyExistsException, InvalidParameterException
from moto.ecr.models import ECRBackend, Image, Repository
from moto.ecr.responses import ECRResponse

from local_test.aws import layers
from local_test.aws.layers import Layers
from local_test.aws.registry import USER, layer_url, password
from local_test.aws.world import World

PUT, CHECK, DELETE = (
    ECRBackend.put_image,
    ECRBackend.batch_check_layer_availability,
    ECRBackend.delete_repository,
)
MADE, CHANGED = (
    Repository.create_from_cloudformation_json.__func__,
    Repository.update_from_cloudformation_json.__func__,
)
TOKEN_LASTS = timedelta(hours=12)

_putting = threading.Lock()


class ImageTagAlreadyExists(ServiceException):
    """An immutable tag stays where it is."""

    code = "ImageTagAlreadyExistsException"


class ImageDigestDoesNotMatch(ServiceException):
    """The digest that a client expects is another one."""

    code = "ImageDigestDoesNotMatchException"


class LayersNotFound(ServiceException):
    """The repository has no such layer."""

    code = "LayersNotFoundException"


def install(world: World) -> None:
    """Replace all of it, for this world; no repository has layers yet."""
    layers.forget_all(world)

    def put(self: ECRBackend, repository_name: str, manifest: str, *more: Any) -> Image:
        tag, media_type, digest = more
        repository = self._get_repository(repository_name)
        with _putting:
            before = {image.get_image_digest(): image for image in repository.images}
            size = _size(manifest, before)
            _check_digest(manifest, digest)
            _take_tag(repository, tag, manifest)
            if tag is None and _digest(manifest) in before:
                given = (repository.name, repository.registry_id, _digest(manifest), "null")
                raise ImageAlreadyExistsException(*given)
            image = PUT(self, repository.name, manifest, tag, media_type)
            if image not in before.values():
                image.size, image.image_pushed_at = size, int(world.clock.time())
        return image

    def check(self: ECRBackend, repository_name: str, *given: Any, **more: Any) -> dict[str, Any]:
        here = Layers.of(world, self.region_name, repository_name)
        self._get_repository(repository_name).layers = here.sizes()
        return CHECK(self, repository_name, *given, **more)

    def delete(self: ECRBackend, repository_name: str, *given: Any, **more: Any) -> Repository:
        deleted = DELETE(self, repository_name, *given, **more)
        Layers.of(world, self.region_name, repository_name).forget()
        return deleted

    def token(self: ECRResponse) -> ActionResult:
        expires = world.clock.now() + TOKEN_LASTS
        credentials = f"{USER}:{password(self.region, expires)}"
        grant = {
            "authorizationToken": base64.b64encode(credentials.encode()).decode(),
            "expiresAt": expires,
            "proxyEndpoint": world.url,
        }
        return ActionResult({"authorizationData": [grant]})

    def url(self: ECRResponse) -> ActionResult:
        name, digest = self._get_param("repositoryName"), self._get_param("layerDigest")
        self.ecr_backend._get_repository(name)
        if Layers.of(world, self.region, name).find(digest) is None:
            raise LayersNotFound(
                f"The layer with digest '{digest}' does not exist in the repository "
                f"with name '{name}'"
            )
        address = layer_url(world, self.region, name, digest)
        return ActionResult({"downloadUrl": address, "layerDigest": digest})

    def made(cls: Any, resource_name: str, given: Any, *place: Any, **more: Any) -> Repository:
        return MADE(cls, resource_name, _as_the_api_spells(given), *place, **more)

    def changed(
        cls: Any, original: Any, resource_name: str, given: Any, *place: Any, **more: Any
    ) -> Repository:
        return CHANGED(cls, original, resource_name, _as_the_api_spells(given), *place, **more)

    Repository.create_from_cloudformation_json = classmethod(made)
    Repository.update_from_cloudformation_json = classmethod(changed)
    ECRBackend.put_image = put
    ECRBackend.batch_check_layer_availability = check
    ECRBackend.delete_repository = delete
    ECRResponse.get_authorization_token = token
    ECRResponse.get_download_url_for_layer = url
    Image._create_digest = _digest_of_manifest
    Image.get_image_size_in_bytes = lambda self: self.size


def reset() -> None:
    """The next world begins without layers."""


def _as_the_api_spells(given: Any) -> Any:
    """A repository of a stack; moto keeps what a template says in words of the template."""
    properties = {
        name: {f"{key[0].lower()}{key[1:]}": one for key, one in value.items()}
        if name in ("EncryptionConfiguration", "ImageScanningConfiguration")
        else value
        for name, value in given["Properties"].items()
    }
    return {**given, "Properties": properties}


def _size(manifest: str, held: dict[str, Image]) -> int:
    """Bytes of config and layers; of an index, those of its largest image."""
    try:
        read = json.loads(manifest)
        if "manifests" in read:
            named = [held[one["digest"]].size for one in read["manifests"]]
            return max(named, default=0)
        return sum(one["size"] for one in (read["config"], *read["layers"]))
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidParameterException(
            "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'it names a config "
            f"and layers, or images that are here' ({error!r})"
        ) from None


def _check_digest(manifest: str, expected: str | None) -> None:
    actual = _digest(manifest)
    if expected not in (None, actual):
        raise ImageDigestDoesNotMatch(f"The digest of the image is '{actual}', not '{expected}'")


def _take_tag(repository: Repository, tag: str | None, manifest: str) -> None:
    """From the image that has it, unless that is this one; it stays, without the tag."""
    holder = next((image for image in repository.images if tag in image.image_tags), None)
    if holder is None or holder.image_manifest == manifest:
        return
    if _immutable(repository, tag):
        raise ImageTagAlreadyExists(
            f"The image tag '{tag}' already exists in the '{repository.name}' repository and "
            "cannot be overwritten because the tag is immutable."
        )
    holder.remove_tag(tag)
    holder.image_tag = holder.image_tags[-1] if holder.image_tags else None


def _immutable(repository: Repository, tag: str) -> bool:
    filters = repository.image_tag_mutability_exclusion_filters or []
    excepted = any(fnmatchcase(tag, one["filter"]) for one in filters)
    return repository.is_tag_immutable() != excepted


def _digest_of_manifest(self: Image) -> None:
    self._image_digest = _digest(self.image_manifest)


def _digest(manifest: str) -> str:
    return f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
