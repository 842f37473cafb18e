"""The golden request of a model: the sample in its manifest, and what it must be answered."""

import json
import math
import tarfile
import uuid
from dataclasses import dataclass
from typing import Any

from ci.client import ClientError, code_of, saying
from ci.steps.setting import Setting

MANIFEST = "manifest.json"
OURS = "golden-"  # requests that are called so are no data: framework/monitoring/capture.py
REFUSALS = ("ModelError", "ModelNotReadyException", "ServiceUnavailable", "ValidationError")


@dataclass(frozen=True)
class Golden:
    """One request.

    Attributes:
        values: one answer a row; None when only the algorithm's own encode knows.
        tolerance: relative difference at which numbers still count as equal.
        reply: the whole reply as JSON, where a proof has seen it; it counts instead of values.
    """

    body: str
    content_type: str
    values: list[Any] | None
    tolerance: float
    reply: Any = None

    def ask(self, setting: Setting) -> str:
        """What is wrong with the endpoint's answer; empty when nothing is.

        Raises:
            AwsFault: the endpoint was not asked, so nothing is known of its answer.
        """
        name = setting.environment.endpoint_name
        with saying(f"sending the sample request to {name}"):
            try:
                answer = setting.client("sagemaker-runtime").invoke_endpoint(
                    EndpointName=name,
                    ContentType=self.content_type,
                    Accept="application/json",
                    Body=self.body.encode(),
                    InferenceId=f"{OURS}{uuid.uuid4().hex}",
                )
            except ClientError as error:
                if code_of(error) not in REFUSALS:
                    raise
                return f"it refused the sample request: {error.response['Error']['Message']}"
            whole = _parsed(answer["Body"].read())
        said, expected = _predictions(whole), self.values
        if self.reply is not None:
            said, expected = whole, self.reply
        if expected is None or said is None or same(said, expected, self.tolerance):
            return ""
        return f"it answered {str(said)[:200]} to the sample request, not {str(expected)[:200]}."


def golden_of(setting: Setting, artifact: str) -> Golden | None:
    """The golden request in a model.tar.gz of the artifact bucket; None when it has none."""
    key = artifact.removeprefix(setting.place.uri(""))
    with saying(f"reading {artifact}"):
        body = setting.client("s3").get_object(Bucket=setting.place.bucket, Key=key)["Body"]
        with tarfile.open(fileobj=body, mode="r|gz") as archive:
            for member in archive:
                if member.name.removeprefix("./") == MANIFEST:
                    return _golden(json.load(archive.extractfile(member)))
    return None


def same(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two answers are equal, numbers within the tolerance."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            same(one[key], other[key], tolerance) for key in one
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(
            same(a, b, tolerance) for a, b in zip(one, other, strict=True)
        )
    if isinstance(one, float) or isinstance(other, float):
        numbers = all(isinstance(v, int | float) for v in (one, other))
        return numbers and math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)
    return one == other


def _golden(manifest: dict[str, Any]) -> Golden | None:
    sample, golden = manifest.get("sample"), manifest.get("golden")
    if not sample:
        return None
    return Golden(
        body=sample["body"],
        content_type=sample["content_type"],
        values=golden["values"] if golden else None,
        tolerance=golden["tolerance"] if golden else 0.0,
    )


def _parsed(body: bytes) -> Any:
    """As JSON; None for any other body."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def _predictions(said: Any) -> list[Any] | None:
    """What the framework's own encode writes as JSON; None for any other answer."""
    return said.get("predictions") if isinstance(said, dict) else None
