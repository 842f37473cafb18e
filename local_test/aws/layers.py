"""The blobs of ECR's repositories: what `docker push` sends beside manifests, as files."""

import os
import re
import shutil
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from framework.testing.engine import digest as sha256_of
from local_test.aws.world import World

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
PIECE = 1024 * 1024


class UnknownUpload(Exception):
    """No upload of that name is going on."""


class WrongDigest(Exception):
    """What was uploaded is not what it was said to be."""


def forget_all(world: World) -> None:
    """Remove the blobs of every repository."""
    shutil.rmtree(_room(world), ignore_errors=True)


def _room(world: World) -> Path:
    return world.scratch / "registry"


@dataclass(frozen=True)
class Layers:
    """The blobs of one repository, and the uploads that will be blobs."""

    directory: Path

    @classmethod
    def of(cls, world: World, region: str, repository: str) -> "Layers":
        return cls(_room(world) / region / repository.replace("/", "~"))

    def find(self, digest: str) -> Path | None:
        """The file of a blob; None when there is none."""
        path = self._blob(digest)
        return path if DIGEST.fullmatch(digest) and path.is_file() else None

    def sizes(self) -> dict[str, int]:
        """Bytes of every blob by its digest."""
        return {f"sha256:{file.name}": file.stat().st_size for file in self._blobs.glob("*")}

    def mount(self, blob: Path) -> None:
        """Have a blob of another repository, too."""
        self._blobs.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.link(blob, self._blobs / blob.name)

    def forget(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.directory, ignore_errors=True)

    # Uploads

    def begin(self) -> str:
        """Begin an upload; its name."""
        name = uuid.uuid4().hex
        self._uploads.mkdir(parents=True, exist_ok=True)
        (self._uploads / name).touch()
        return name

    def received(self, upload: str) -> int:
        """Bytes of an upload until now.

        Raises:
            UnknownUpload: there is none of that name.
        """
        return self._upload(upload).stat().st_size

    def append(self, upload: str, stream: IO[bytes] | Any) -> None:
        """Take what the stream holds.

        Raises:
            UnknownUpload: there is none of that name.
        """
        with self._upload(upload).open("ab") as file:
            shutil.copyfileobj(stream, file, PIECE)

    def finish(self, upload: str, digest: str) -> None:
        """Make an upload a blob.

        Raises:
            UnknownUpload: there is none of that name.
            WrongDigest: it is another blob than that; the upload is over nevertheless.
        """
        file = self._upload(upload)
        if f"sha256:{sha256_of(file)}" != digest:
            file.unlink()
            raise WrongDigest
        self._blobs.mkdir(parents=True, exist_ok=True)
        file.replace(self._blob(digest))

    def cancel(self, upload: str) -> None:
        """Forget an upload.

        Raises:
            UnknownUpload: there is none of that name.
        """
        self._upload(upload).unlink()

    @property
    def _blobs(self) -> Path:
        return self.directory / "blobs"

    @property
    def _uploads(self) -> Path:
        return self.directory / "uploads"

    def _blob(self, digest: str) -> Path:
        return self._blobs / digest.removeprefix("sha256:")

    def _upload(self, name: str) -> Path:
        file = self._uploads / name
        if not file.is_file():
            raise UnknownUpload
        return file
