"""ECR's registry, the Docker Registry HTTP API v2: what `docker push` and `docker pull` talk to.

Blobs are files of ours; a manifest is an image in ECR, so that both views are one.
"""

import base64
import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, PathConverter, Rule
from werkzeug.utils import send_file
from werkzeug.wrappers import Request, Response

from local_test.aws.layers import Layers, UnknownUpload, WrongDigest
from local_test.aws.world import World

PREFIX = "/v2/"
USER = "AWS"
INDEXES = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)
MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
)


class Name(PathConverter):
    """The name of a repository."""

    regex = "[a-z0-9][a-z0-9._/-]+"


def _below(path: str, **answers: str) -> list[Rule]:
    """Method → the method of Repository that answers, below a repository's name."""
    return [
        Rule(f"{PREFIX}<name:name>/{path}", methods=[method], endpoint=endpoint)
        for method, endpoint in answers.items()
    ]


PATHS = Map(
    [
        Rule(PREFIX, endpoint="ping"),
        *_below("blobs/uploads/", POST="begin"),
        *_below("blobs/uploads/<upload>", GET="progress", PATCH="append"),
        *_below("blobs/uploads/<upload>", PUT="finish", DELETE="cancel"),
        *_below("blobs/<digest>", GET="blob"),
        *_below("manifests/<reference>", GET="manifest", PUT="put_manifest"),
        *_below("tags/list", GET="tags"),
    ],
    converters={"name": Name},
)


def password(region: str, expires: datetime) -> str:
    """What GetAuthorizationToken hands out: opaque to clients, it names its region."""
    token = json.dumps({"region": region, "expires": expires.timestamp()})
    return base64.urlsafe_b64encode(token.encode()).decode()


def layer_url(world: World, region: str, repository: str, digest: str) -> str:
    """Where a blob can be read for an hour by whoever has the address."""
    token = password(region, world.clock.now() + timedelta(hours=1))
    return f"{world.url}{PREFIX}{repository}/blobs/{digest}?token={token}"


class Registry:
    """A WSGI application below /v2/."""

    def __init__(self, world: World):
        self._world = world

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        try:
            response = self._answer(request)
        except UnknownUpload:
            response = _error(404, "BLOB_UPLOAD_UNKNOWN", "This upload is not going on.")
        except HTTPException as error:
            response = error.response or _error(error.code, "UNSUPPORTED", error.description)
        response.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        region = self._region(request)
        endpoint, values = PATHS.bind_to_environ(request.environ).match()
        if endpoint == "ping":
            return Response("{}", content_type="application/json")
        repository = Repository(self._world, region, values.pop("name"))
        return getattr(repository, endpoint)(request, **values)

    def _region(self, request: Request) -> str:
        """What the client's token is for."""
        given = request.args.get("token")
        if request.authorization and request.authorization.username == USER:
            given = request.authorization.password
        if not given:
            refusal = _error(401, "UNAUTHORIZED", "Not Authorized")
            realm = f'Basic realm="{self._world.url}/",service="ecr.amazonaws.com"'
            refusal.headers["WWW-Authenticate"] = realm
            raise HTTPException(response=refusal)
        try:
            token = json.loads(base64.urlsafe_b64decode(given))
            region, expires = token["region"], float(token["expires"])
        except (ValueError, TypeError, KeyError):
            raise _refused(403, "DENIED", "Your Authorization Token is invalid.") from None
        if expires < self._world.clock.time():
            said = "Your authorization token has expired. Reauthenticate and try again."
            raise _refused(403, "DENIED", said)
        return region


class Repository:
    """One repository, as somebody with a token for its region sees it.

    Raises:
        HTTPException: ECR has no such repository.
    """

    def __init__(self, world: World, region: str, name: str):
        self._world, self._region, self._name = world, region, name
        self._ecr = world.client("ecr", region)
        self._layers = Layers.of(world, region, name)
        self._path = f"{PREFIX}{name}"
        try:
            self._ecr.describe_repositories(repositoryNames=[name])
        except ClientError as error:
            raise _refused(404, "NAME_UNKNOWN", _message(error)) from None

    def tags(self, _: Request) -> Response:
        listed = self._ecr.list_images(repositoryName=self._name)["imageIds"]
        tags = sorted(one["imageTag"] for one in listed if "imageTag" in one)
        return _json(200, {"name": self._name, "tags": tags})

    # Blobs

    def blob(self, request: Request, digest: str) -> Response:
        file = self._layers.find(digest)
        if file is None:
            raise _refused(404, "BLOB_UNKNOWN", f"There is no blob {digest}.")
        kind = "application/octet-stream"
        response = send_file(file, request.environ, kind, etag=digest.partition(":")[2])
        response.headers["Docker-Content-Digest"] = digest
        return response

    def begin(self, request: Request) -> Response:
        """Begin an upload, unless the blob is in another repository or in this very request."""
        source, wanted = request.args.get("from"), request.args.get("mount", "")
        found = source and Layers.of(self._world, self._region, source).find(wanted)
        if found:
            self._layers.mount(found)
            return self._created(f"blobs/{wanted}", wanted)
        upload = self._layers.begin()
        if "digest" in request.args:
            return self.finish(request, upload)
        return self._progress(202, upload)

    def progress(self, _: Request, upload: str) -> Response:
        return self._progress(204, upload)

    def append(self, request: Request, upload: str) -> Response:
        self._take(request, upload)
        return self._progress(202, upload)

    def finish(self, request: Request, upload: str) -> Response:
        self._take(request, upload)
        digest = request.args.get("digest", "")
        try:
            self._layers.finish(upload, digest)
        except WrongDigest:
            said = f"The digest of what was uploaded is not {digest or 'given'}."
            raise _refused(400, "DIGEST_INVALID", said) from None
        return self._created(f"blobs/{digest}", digest)

    def cancel(self, _: Request, upload: str) -> Response:
        self._layers.cancel(upload)
        return Response(status=204)

    def _take(self, request: Request, upload: str) -> None:
        """Append the request's body, which must begin where the upload ends."""
        received = self._layers.received(upload)
        first = request.headers.get("Content-Range", str(received)).partition("-")[0]
        if first != str(received):
            raise HTTPException(response=self._progress(416, upload))
        self._layers.append(upload, request.stream)

    def _progress(self, status: int, upload: str) -> Response:
        headers = {
            "Location": f"{self._path}/blobs/uploads/{upload}",
            "Range": f"0-{max(self._layers.received(upload) - 1, 0)}",
            "Docker-Upload-UUID": upload,
        }
        return Response(status=status, headers=headers)

    # Manifests

    def manifest(self, _: Request, reference: str) -> Response:
        found = self._image(reference)
        if found is None:
            said = f"Requested image not found: {self._name} has no {reference}."
            raise _refused(404, "MANIFEST_UNKNOWN", said)
        digest = {"Docker-Content-Digest": found["imageId"]["imageDigest"]}
        kind = found["imageManifestMediaType"]
        return Response(found["imageManifest"], headers=digest, content_type=kind)

    def put_manifest(self, request: Request, reference: str) -> Response:
        body = request.get_data()
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        tag = {} if reference.startswith("sha256:") else {"imageTag": reference}
        if not tag and reference != digest:
            said = f"The digest of this manifest is {digest}, not {reference}."
            raise _refused(400, "DIGEST_INVALID", said)
        self._check(body, request.mimetype)
        try:
            self._ecr.put_image(
                repositoryName=self._name,
                imageManifest=body.decode(),
                imageManifestMediaType=request.mimetype,
                **tag,
            )
        except self._ecr.exceptions.ImageAlreadyExistsException:
            pass  # to push an image again is no fault
        except ClientError as error:
            taken = error.response["Error"]["Code"] == "ImageTagAlreadyExistsException"
            code = "TAG_INVALID" if taken else "MANIFEST_INVALID"
            raise _refused(400, code, _message(error)) from None
        return self._created(f"manifests/{digest}", digest)

    def _image(self, reference: str) -> dict[str, Any] | None:
        kind = "imageDigest" if reference.startswith("sha256:") else "imageTag"
        wanted = [{kind: reference}]
        found = self._ecr.batch_get_image(repositoryName=self._name, imageIds=wanted)["images"]
        return found[0] if found else None

    def _check(self, body: bytes, kind: str) -> None:
        """Everything that a manifest names must be there already."""
        try:
            manifest = json.loads(body)
            if manifest.get("mediaType", kind) != kind or kind not in (*INDEXES, *MANIFESTS):
                raise ValueError(f"Its media type is none that is taken here: {kind}.")
            if kind in INDEXES:
                named = [one["digest"] for one in manifest["manifests"]]
                what, missing = "Images", [one for one in named if not self._image(one)]
            else:
                named = [one["digest"] for one in (manifest["config"], *manifest["layers"])]
                what, missing = "Layers", [one for one in named if not self._layers.find(one)]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise _refused(400, "MANIFEST_INVALID", f"This is no manifest. {error}") from None
        if missing:
            said = (
                f"{what} with digests '[{', '.join(missing)}]' required for pushing image into "
                f"repository with name '{self._name}' do not exist"
            )
            raise _refused(400, "MANIFEST_BLOB_UNKNOWN", said)

    def _created(self, path: str, digest: str) -> Response:
        headers = {"Location": f"{self._path}/{path}", "Docker-Content-Digest": digest}
        return Response(status=201, headers=headers)


def _message(error: ClientError) -> str:
    return error.response["Error"]["Message"]


def _refused(status: int, code: str, message: str) -> HTTPException:
    return HTTPException(response=_error(status, code, message))


def _error(status: int, code: str, message: str) -> Response:
    return _json(status, {"errors": [{"code": code, "message": message}]})


def _json(status: int, answer: dict[str, Any]) -> Response:
    return Response(json.dumps(answer), status, content_type="application/json")
