"""Data capture: what endpoints were asked and answered, as .jsonl files in S3.

Files lie at DESTINATION/ENDPOINT/VARIANT/yyyy/mm/dd/hh/mm-ss-milliseconds-UUID.jsonl, times in
UTC; their lines have the format that Model Monitor reads (eventVersion "0").
"""

import base64
import json
import threading
import uuid
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_test.aws import s3
from local_test.aws.sagemaker.endpoints.endpoint import LiveEndpoint
from local_test.aws.sagemaker.endpoints.invocations import Invocation
from local_test.aws.sagemaker.endpoints.router import GOLDEN_RATIO
from local_test.aws.world import World

HEADER = "X-Amzn-SageMaker-"

Event = tuple[datetime, dict[str, Any]]


class Capture:
    """Captures invocations of one world, as the endpoint configs ask for it.

    Of each endpoint's requests it takes those whose point of the golden-ratio sequence lies
    below the sampling percentage, so that any number of them has the share asked for. Only
    answers with 2xx are captured.
    """

    def __init__(self, world: World):
        self._world = world
        self._lock = threading.Lock()
        self._points: dict[tuple[str, str], float] = defaultdict(float)
        self._events: dict[tuple[LiveEndpoint, str], list[Event]] = defaultdict(list)

    def take(self, invocation: Invocation) -> None:
        """Keep one invocation, if it is one of the sample."""
        config = invocation.place.fleet.config.get("DataCaptureConfig")
        if not config or not config.get("EnableCapture", True) or invocation.answer.error:
            return
        endpoint = invocation.endpoint
        with self._lock:
            which = (endpoint.region, endpoint.name)
            self._points[which] = (self._points[which] + GOLDEN_RATIO) % 1.0
            if self._points[which] * 100 >= config["InitialSamplingPercentage"]:
                return
            time = datetime.fromtimestamp(invocation.began, UTC)
            folder = (
                f"{config['DestinationS3Uri'].rstrip('/')}/{endpoint.name}/"
                f"{invocation.place.group.name}/{time:%Y/%m/%d/%H}"
            )
            self._events[endpoint, folder].append((time, _event(invocation, config, time)))

    def flush(self) -> None:
        """Put a file for each variant and hour with something new."""
        with self._lock:
            files, self._events = self._events, defaultdict(list)
        for (endpoint, folder), events in files.items():
            first = events[0][0]
            name = f"{first:%M-%S}-{first.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
            bucket, key = s3.split(f"{folder}/{name}")
            text = "".join(f"{json.dumps(event)}\n" for _, event in events)
            client = self._world.client("s3", endpoint.region)
            try:
                client.put_object(Bucket=bucket, Key=key, Body=text.encode())
            except (ClientError, BotoCoreError) as error:
                endpoint.journal.tell(f"Data capture cannot write to s3://{bucket}/{key}: {error}")


def _event(invocation: Invocation, config: Mapping[str, Any], time: datetime) -> dict[str, Any]:
    """One line of a capture file."""
    modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
    types = config.get("CaptureContentTypeHeader", {})
    data = {}
    if modes & {"Input", "InputAndOutput"}:
        data["endpointInput"] = _side("INPUT", invocation.content_type, invocation.body, types)
    if modes & {"Output", "InputAndOutput"}:
        answer = invocation.answer
        data["endpointOutput"] = _side("OUTPUT", answer.content_type, answer.body, types)
    metadata: dict[str, Any] = {
        "eventId": str(uuid.uuid4()),
        "inferenceTime": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if inference := invocation.headers.get(f"{HEADER}Inference-Id"):
        metadata["inferenceId"] = inference
    if attributes := invocation.headers.get(f"{HEADER}Custom-Attributes"):
        metadata["customAttributes"] = [attributes]
    return {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}


def _side(
    mode: str, content_type: str, body: bytes, types: Mapping[str, list[str]]
) -> dict[str, str]:
    """What came or went; BASE64 unless its exact content type is declared."""
    side = {"observedContentType": content_type, "mode": mode}
    for encoding, declared in (("CSV", "CsvContentTypes"), ("JSON", "JsonContentTypes")):
        if content_type.lower() in (known.lower() for known in types.get(declared, [])):
            return {**side, "data": body.decode("utf-8", "replace"), "encoding": encoding}
    return {**side, "data": base64.b64encode(body).decode("ascii"), "encoding": "BASE64"}
