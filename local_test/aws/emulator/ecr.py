"""Image digests as a registry makes them: of the manifest, not of the layers."""

import hashlib

from moto.ecr.models import Image

from local_test.aws.world import World


def install(world: World) -> None:
    """Two images that differ in their config only have two digests."""
    Image._create_digest = _digest_of_manifest


def reset() -> None:
    """It keeps nothing."""


def _digest_of_manifest(self: Image) -> None:
    self._image_digest = f"sha256:{hashlib.sha256(self.image_manifest.encode()).hexdigest()}"
