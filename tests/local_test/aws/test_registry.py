"""ECR's registry, asked byte by byte: what `docker push` relies on, and what is refused."""

import json
import re
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_test.aws import images
from local_test.aws.server import LocalAws
from local_test.errors import BenchError
from tests.local_test.aws.account import told
from tests.local_test.aws.registry_client import (
    MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Answer,
    Client,
    digest_of,
    grant,
)

NOWHERE = f"sha256:{'0' * 64}"
LAYER = bytes(range(256)) * 1000


@pytest.fixture
def ecr(aws: LocalAws) -> Any:
    """ECR with one repository."""
    ecr = aws.world.client("ecr")
    ecr.create_repository(repositoryName="team/tiny")
    return ecr


@pytest.fixture
def client(aws: LocalAws, ecr: Any) -> Client:
    return Client(aws.world)


def described(ecr: Any, repository: str = "team/tiny") -> list[dict[str, Any]]:
    return ecr.describe_images(repositoryName=repository)["imageDetails"]


# Who may


def test_without_a_token_nobody_gets_in(client: Client) -> None:
    client.authorization = None
    for answer in (client.ask("GET", "/v2/"), client.ask("POST", "blobs/uploads/", b"x" * 100)):
        assert answer.error == (401, "UNAUTHORIZED", "Not Authorized")
        assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_a_token_opens_the_registry_of_the_address_for_twelve_hours(
    aws: LocalAws, client: Client
) -> None:
    given = grant(aws.world)
    assert given["proxyEndpoint"] == aws.world.url
    left = given["expiresAt"].timestamp() - aws.world.clock.time()
    assert 12 * 3600 - 60 < left <= 12 * 3600
    assert client.ask("GET", "/v2/").status == 200
    told(aws.world.url, "clock", json.dumps({"advance": 12 * 3600}).encode())
    status, code, message = client.ask("GET", "/v2/").error
    assert (status, code) == (403, "DENIED")
    assert message == "Your authorization token has expired. Reauthenticate and try again."


@pytest.mark.parametrize("token", ["QVdTOm5vdGhpbmc=", "QVdTOg==", "bm9ib2R5Om5vdGhpbmc="])
def test_another_token_opens_nothing(client: Client, token: str) -> None:
    client.authorization = f"Basic {token}"
    assert client.ask("GET", "/v2/").status in (401, 403)


def test_two_regions_are_apart(aws: LocalAws, client: Client) -> None:
    there = Client(aws.world, region="eu-west-1")
    assert there.ask("POST", "blobs/uploads/").error[1] == "NAME_UNKNOWN"
    aws.world.client("ecr", "eu-west-1").create_repository(repositoryName="team/tiny")
    manifest = client.image(LAYER)
    assert client.put(manifest, "v1").status == 201
    assert there.ask("HEAD", f"blobs/{digest_of(LAYER)}").status == 404
    assert there.ask("GET", "manifests/v1").error[1] == "MANIFEST_UNKNOWN"
    assert there.put(manifest, "v1").error[1] == "MANIFEST_BLOB_UNKNOWN"


def test_a_repository_is_made_before_it_is_pushed_to(aws: LocalAws) -> None:
    client = Client(aws.world, "team/unmade")
    for answer in (
        client.ask("POST", "blobs/uploads/"),
        client.ask("GET", "manifests/v1"),
        client.put(b"{}", "v1"),
        client.ask("GET", f"blobs/{NOWHERE}"),
    ):
        status, code, message = answer.error
        assert (status, code) == (404, "NAME_UNKNOWN")
        assert "The repository with name 'team/unmade' does not exist in the registry" in message


# Blobs


def at_once(client: Client) -> Answer:
    return client.ask("POST", f"blobs/uploads/?digest={digest_of(LAYER)}", LAYER)


def by_put(client: Client) -> Answer:
    return client.ask("PUT", f"{client.begin()}?digest={digest_of(LAYER)}", LAYER)


def as_docker_does(client: Client) -> Answer:
    """One PATCH with chunks of which nobody says how many there are."""
    pieces = (LAYER[start : start + 10_000] for start in range(0, len(LAYER), 10_000))
    sent = client.ask("PATCH", client.begin(), pieces)
    assert (sent.status, sent.headers["Range"]) == (202, f"0-{len(LAYER) - 1}")
    return client.ask("PUT", f"{sent.headers['Location']}?digest={digest_of(LAYER)}")


def in_ranges(client: Client) -> Answer:
    location = client.begin()
    for first in range(0, 200_000, 100_000):
        piece = LAYER[first : first + 100_000]
        sent = client.ask("PATCH", location, piece, Content_Range=f"{first}-{first + 99_999}")
        assert sent.status == 202
    there = client.ask("GET", location)
    assert (there.status, there.headers["Range"]) == (204, "0-199999")
    again = client.ask("PATCH", location, piece, Content_Range="100000-199999")
    assert (again.status, again.headers["Range"]) == (416, "0-199999")
    rest = LAYER[200_000:]
    return client.ask("PUT", f"{location}?digest={digest_of(LAYER)}", rest)


@pytest.mark.parametrize("upload", [at_once, by_put, as_docker_does, in_ranges])
def test_a_blob_is_there_however_it_was_uploaded(
    client: Client, upload: Callable[[Client], Answer]
) -> None:
    digest = digest_of(LAYER)
    assert client.ask("HEAD", f"blobs/{digest}").status == 404
    done = upload(client)
    assert done.status == 201
    assert done.headers["Docker-Content-Digest"] == digest
    found = client.ask("GET", done.headers["Location"])
    assert (found.status, found.body) == (200, LAYER)
    head = client.ask("HEAD", f"blobs/{digest}")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(LAYER))
    assert head.headers["Docker-Content-Digest"] == digest
    part = client.ask("GET", f"blobs/{digest}", Range="bytes=1000-1999")
    assert (part.status, part.body) == (206, LAYER[1000:2000])


@pytest.mark.parametrize("digest", [NOWHERE, "sha256:short", "", "sha256:../../../secret"])
def test_another_digest_is_refused_and_nothing_stays(client: Client, digest: str) -> None:
    location = client.begin()
    refused = client.ask("PUT", f"{location}?digest={digest}", LAYER)
    assert refused.error[:2] == (400, "DIGEST_INVALID")
    assert client.ask("HEAD", f"blobs/{digest_of(LAYER)}").status == 404
    assert client.ask("GET", location).error[:2] == (404, "BLOB_UPLOAD_UNKNOWN")


def test_an_upload_is_cancelled_and_is_its_repository_s(ecr: Any, client: Client) -> None:
    ecr.create_repository(repositoryName="other")
    location = client.begin()
    elsewhere = location.replace("team/tiny", "other")
    assert client.ask("PATCH", elsewhere, LAYER).error[:2] == (404, "BLOB_UPLOAD_UNKNOWN")
    assert client.ask("DELETE", location).status == 204
    assert client.ask("PATCH", location, LAYER).error[:2] == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_blob_is_mounted_from_another_repository_or_uploaded(
    aws: LocalAws, ecr: Any, client: Client
) -> None:
    ecr.create_repository(repositoryName="other")
    digest = Client(aws.world, "other").upload(LAYER)
    mount = f"blobs/uploads/?mount={digest}&from=other"
    assert client.ask("HEAD", f"blobs/{digest}").status == 404
    assert [client.ask("POST", mount).status for _ in range(2)] == [201, 201]
    assert client.ask("GET", f"blobs/{digest}").body == LAYER
    for unknown in (f"mount={NOWHERE}&from=other", f"mount={digest}&from=nobody", "mount=&from=.."):
        assert client.ask("POST", f"blobs/uploads/?{unknown}").status == 202


def test_what_the_registry_has_not_is_refused_in_its_own_words(client: Client) -> None:
    refused = (client.ask("DELETE", f"blobs/{NOWHERE}"), client.ask("GET", "/v2/_catalog"))
    assert [answer.error[:2] for answer in refused] == [(405, "UNSUPPORTED"), (404, "UNSUPPORTED")]


# Manifests


def test_a_pushed_image_is_one_in_both_views(aws: LocalAws, ecr: Any, client: Client) -> None:
    before = aws.world.clock.time()
    manifest = client.image(LAYER, b"second")
    digest = digest_of(manifest)
    pushed = client.put(manifest, "v1")
    assert pushed.status == 201
    assert pushed.headers["Docker-Content-Digest"] == digest
    for reference in ("v1", digest):
        got = client.ask("GET", f"manifests/{reference}")
        head = client.ask("HEAD", f"manifests/{reference}")
        assert (got.status, got.body) == (200, manifest)
        assert (head.status, head.body) == (200, b"")
        for answer in (got, head):
            assert answer.headers["Content-Type"] == MANIFEST
            assert answer.headers["Docker-Content-Digest"] == digest
            assert answer.headers["Content-Length"] == str(len(manifest))
    named = json.loads(manifest)
    (found,) = described(ecr)
    assert found["imageDigest"] == digest
    assert found["imageTags"] == ["v1"]
    assert found["imageManifestMediaType"] == MANIFEST
    assert found["imageSizeInBytes"] == len(LAYER) + len(b"second") + named["config"]["size"]
    assert before - 1 <= found["imagePushedAt"].timestamp() <= aws.world.clock.time()
    assert json.loads(client.ask("GET", "tags/list").body) == {"name": "team/tiny", "tags": ["v1"]}
    ecr.batch_delete_image(repositoryName="team/tiny", imageIds=[{"imageDigest": digest}])
    assert client.ask("GET", f"manifests/{digest}").error[:2] == (404, "MANIFEST_UNKNOWN")


def test_to_push_twice_is_to_push_once(ecr: Any, client: Client) -> None:
    manifest = client.image(LAYER)
    assert [client.put(manifest, tag).status for tag in ("v1", "v1", "", "", "v2")] == [201] * 5
    (found,) = described(ecr)
    assert found["imageTags"] == ["v1", "v2"]


def test_a_tag_moves_on_and_the_image_stays(ecr: Any, client: Client) -> None:
    old, new = client.image(LAYER), client.image(b"newer")
    client.put(old, "latest")
    assert client.put(new, "latest").status == 201
    assert client.ask("GET", "manifests/latest").body == new
    assert client.ask("GET", f"manifests/{digest_of(old)}").body == old
    tags = {one["imageDigest"]: one.get("imageTags") for one in described(ecr)}
    assert tags == {digest_of(old): None, digest_of(new): ["latest"]}


def test_an_immutable_tag_stays_where_it_is(aws: LocalAws, ecr: Any) -> None:
    ecr.create_repository(repositoryName="fixed", imageTagMutability="IMMUTABLE")
    client = Client(aws.world, "fixed")
    manifest, other = client.image(LAYER), client.image(b"other")
    assert [client.put(manifest, "v1").status for _ in range(2)] == [201, 201]
    said = (
        "The image tag 'v1' already exists in the 'fixed' repository and cannot be overwritten "
        "because the tag is immutable."
    )
    assert client.put(other, "v1").error == (400, "TAG_INVALID", said)
    with pytest.raises(ecr.exceptions.ImageTagAlreadyExistsException, match=said):
        ecr.put_image(repositoryName="fixed", imageManifest=other.decode(), imageTag="v1")
    assert client.put(other, "v2").status == 201
    assert client.ask("GET", "manifests/v1").body == manifest


def test_tags_may_be_excepted_from_what_holds_for_the_others(aws: LocalAws, ecr: Any) -> None:
    excepted = [{"filterType": "WILDCARD", "filter": "dev-*"}]
    for kind, dev, release in (("IMMUTABLE", 201, 400), ("MUTABLE", 400, 201)):
        ecr.create_repository(
            repositoryName=kind.lower(),
            imageTagMutability=f"{kind}_WITH_EXCLUSION",
            imageTagMutabilityExclusionFilters=excepted,
        )
        client = Client(aws.world, kind.lower())
        for tag, status in (("dev-1", dev), ("v1", release)):
            assert client.put(client.image(LAYER), tag).status == 201
            assert client.put(client.image(b"other"), tag).status == status


def test_a_manifest_names_what_is_there(client: Client) -> None:
    manifest = json.loads(client.image(LAYER))
    for missing in ({**manifest["config"], "digest": NOWHERE}, {"digest": f"sha256:{'1' * 64}"}):
        for change in ({"config": missing}, {"layers": [missing]}):
            status, code, message = client.put(
                json.dumps({**manifest, **change}).encode(), "v1"
            ).error
            assert (status, code) == (400, "MANIFEST_BLOB_UNKNOWN")
            assert f"Layers with digests '[{missing['digest']}]' required for pushing" in message


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", MANIFEST),
        (b"[]", MANIFEST),
        (b"{}", MANIFEST),
        (b"\xff", MANIFEST),
        (b'{"config": 5, "layers": []}', MANIFEST),
        (b'{"manifests": []}', "application/json"),
        (json.dumps({"mediaType": MANIFEST, "manifests": []}).encode(), OCI_INDEX),
    ],
)
def test_what_is_no_manifest_is_refused(client: Client, body: bytes, kind: str) -> None:
    assert client.put(body, "v1", kind).error[:2] == (400, "MANIFEST_INVALID")


def test_a_manifest_has_the_digest_that_it_is_put_by(client: Client) -> None:
    assert client.put(client.image(LAYER), NOWHERE).error[:2] == (400, "DIGEST_INVALID")


def test_an_index_is_taken_after_its_images(ecr: Any, client: Client) -> None:
    small, large = (client.image(layer, kind=OCI_MANIFEST) for layer in (b"small", LAYER))
    named = [
        {"mediaType": OCI_MANIFEST, "size": len(one), "digest": digest_of(one)}
        for one in (small, large)
    ]
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": named}).encode()
    client.put(small, kind=OCI_MANIFEST)
    status, code, message = client.put(index, "v1", OCI_INDEX).error
    assert (status, code) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert f"Images with digests '[{digest_of(large)}]' required for pushing" in message
    client.put(large, kind=OCI_MANIFEST)
    assert client.put(index, "v1", OCI_INDEX).status == 201
    got = client.ask("GET", "manifests/v1")
    assert (got.headers["Content-Type"], got.body) == (OCI_INDEX, index)
    found = {one["imageDigest"]: one for one in described(ecr)}
    assert found[digest_of(index)]["imageTags"] == ["v1"]
    assert (
        found[digest_of(index)]["imageSizeInBytes"] == found[digest_of(large)]["imageSizeInBytes"]
    )


# What the API of ECR says of it


def test_labels_are_read_without_docker(ecr: Any, client: Client) -> None:
    client.put(client.image(LAYER, b"second"), "v1")
    (found,) = ecr.batch_get_image(repositoryName="team/tiny", imageIds=[{"imageTag": "v1"}])[
        "images"
    ]
    digest = json.loads(found["imageManifest"])["config"]["digest"]
    url = ecr.get_download_url_for_layer(repositoryName="team/tiny", layerDigest=digest)
    with urllib.request.urlopen(url["downloadUrl"]) as answer:
        assert json.load(answer) == {"config": {"Labels": {"layers": "2"}}}
    with pytest.raises(ecr.exceptions.LayersNotFoundException):
        ecr.get_download_url_for_layer(repositoryName="team/tiny", layerDigest=NOWHERE)


def test_layers_are_available_when_they_were_pushed(ecr: Any, client: Client) -> None:
    digest = client.upload(LAYER)
    answer = ecr.batch_check_layer_availability(
        repositoryName="team/tiny", layerDigests=[digest, NOWHERE]
    )
    (there,) = answer["layers"]
    assert (there["layerDigest"], there["layerAvailability"]) == (digest, "AVAILABLE")
    assert there["layerSize"] == len(LAYER)
    assert [one["layerDigest"] for one in answer["failures"]] == [NOWHERE]


@pytest.mark.parametrize("manifest", ["{", "[]", "{}", '{"config": {}, "layers": []}'])
def test_put_image_refuses_what_is_no_manifest(ecr: Any, manifest: str) -> None:
    with pytest.raises(ClientError, match="Invalid parameter at 'ImageManifest'"):
        ecr.put_image(
            repositoryName="team/tiny", imageManifest=manifest, imageManifestMediaType=MANIFEST
        )


def test_put_image_keeps_what_clients_rely_on(ecr: Any, client: Client) -> None:
    put = {"repositoryName": "team/tiny", "imageManifest": client.image(LAYER).decode()}
    with pytest.raises(ecr.exceptions.ImageDigestDoesNotMatchException):
        ecr.put_image(**put, imageDigest=NOWHERE)
    ecr.put_image(**put)
    with pytest.raises(ecr.exceptions.ImageAlreadyExistsException):
        ecr.put_image(**put)
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.put_image(**{**put, "repositoryName": "nobody"})


def test_a_repository_made_anew_has_no_layers(ecr: Any, client: Client) -> None:
    client.upload(LAYER)
    ecr.delete_repository(repositoryName="team/tiny")
    ecr.create_repository(repositoryName="team/tiny")
    assert client.ask("HEAD", f"blobs/{digest_of(LAYER)}").status == 404


def test_a_reset_forgets_layers(aws: LocalAws, client: Client) -> None:
    client.upload(LAYER)
    told(aws.world.url, "reset", b"")
    aws.world.client("ecr").create_repository(repositoryName="team/tiny")
    assert client.ask("HEAD", f"blobs/{digest_of(LAYER)}").status == 404
    assert not list(aws.world.scratch.rglob(digest_of(LAYER).removeprefix("sha256:")))


# What runs


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (MANIFEST, "was pushed, and the process engine runs registered directories only"),
        (OCI_MANIFEST, f"Unsupported manifest media type {OCI_MANIFEST} for image"),
    ],
)
def test_processes_run_no_pushed_image(
    aws: LocalAws, ecr: Any, client: Client, kind: str, said: str
) -> None:
    pushed = client.put(client.image(LAYER, kind=kind), "v1", kind)
    (repository,) = ecr.describe_repositories()["repositories"]
    uri = f"{repository['repositoryUri']}@{pushed.headers['Docker-Content-Digest']}"
    with pytest.raises(BenchError, match=re.escape(said)):
        images.resolve(aws.world, uri, "us-east-1")
