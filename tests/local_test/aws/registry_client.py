"""A client of ECR's registry that sends what it is told, byte by byte."""

import base64
import hashlib
import http.client
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from local_test.aws.world import World

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def grant(world: World, region: str = "us-east-1") -> dict[str, Any]:
    """What GetAuthorizationToken answers."""
    return world.client("ecr", region).get_authorization_token()["authorizationData"][0]


def login_of(world: World, region: str = "us-east-1") -> tuple[str, str]:
    """User and password for the registry of a region."""
    credentials = base64.b64decode(grant(world, region)["authorizationToken"]).decode()
    user, _, password = credentials.partition(":")
    return user, password


@dataclass(frozen=True)
class Answer:
    """What the registry said."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, code and message of a refusal."""
        told = json.loads(self.body)["errors"][0]
        return self.status, told["code"], told["message"]


class Client:
    """Somebody with a token for one region, who pushes to one repository."""

    def __init__(self, world: World, repository: str = "team/tiny", region: str = "us-east-1"):
        self.world, self.repository, self.region = world, repository, region
        self.authorization: str | None = f"Basic {grant(world, region)['authorizationToken']}"

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        **headers: str,
    ) -> Answer:
        """A call below the repository's name or of an absolute path; iterables go in chunks."""
        connection = http.client.HTTPConnection(urlsplit(self.world.url).netloc, timeout=30)
        if self.authorization:
            headers["Authorization"] = self.authorization
        path = path if path.startswith("/") else f"/v2/{self.repository}/{path}"
        try:
            connection.request(
                method, path, body, {name.replace("_", "-"): text for name, text in headers.items()}
            )
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def upload(self, content: bytes) -> str:
        """Push a blob at once; its digest."""
        digest = digest_of(content)
        answer = self.ask("POST", f"blobs/uploads/?digest={digest}", content)
        assert answer.status == 201, answer
        return digest

    def begin(self) -> str:
        """Begin an upload; where it goes on."""
        answer = self.ask("POST", "blobs/uploads/")
        assert answer.status == 202, answer
        return answer.headers["Location"]

    def image(self, *layers: bytes, kind: str = MANIFEST) -> bytes:
        """The manifest of an image whose blobs are uploaded."""
        config = json.dumps({"config": {"Labels": {"layers": str(len(layers))}}}).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": kind,
            "config": self._named(config, CONFIG),
            "layers": [self._named(layer, LAYER) for layer in layers],
        }
        return json.dumps(manifest, indent=3).encode()

    def put(self, manifest: bytes, reference: str = "", kind: str = MANIFEST) -> Answer:
        """Push a manifest, by digest unless there is a tag."""
        path = f"manifests/{reference or digest_of(manifest)}"
        return self.ask("PUT", path, manifest, Content_Type=kind)

    def _named(self, content: bytes, kind: str) -> dict[str, Any]:
        return {"mediaType": kind, "size": len(content), "digest": self.upload(content)}
