"""Data capture: the files, their layout, and which requests are in them."""

import base64
import json
import re
from typing import Any

import pytest

from local_test.aws.server import LocalAws
from tests.local_test.aws.hosting import BUCKET, Hosting, until

JSON_TYPES = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}


@pytest.fixture
def hosting(aws: LocalAws) -> Hosting:
    return Hosting(aws)


def capture(*modes: str, percentage: int = 100, **more: Any) -> dict[str, Any]:
    config = {
        "InitialSamplingPercentage": percentage,
        "DestinationS3Uri": f"s3://{BUCKET}/capture",
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
        **more,
    }
    return {"DataCaptureConfig": config}


def captured(hosting: Hosting, endpoint: str = "live") -> list[dict[str, Any]]:
    """Every captured event."""
    prefix = f"capture/{endpoint}/AllTraffic/"
    found = hosting.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    bodies = [hosting.s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"] for item in found]
    return [json.loads(line) for body in bodies for line in body.read().splitlines()]


def test_requests_and_answers_are_captured_as_model_monitor_reads_them(hosting: Hosting) -> None:
    hosting.create(
        hosting.config("v3", **capture("Input", "Output", CaptureContentTypeHeader=JSON_TYPES))
    )
    hosting.ask(InferenceId="mine", CustomAttributes="shop=7")
    with pytest.raises(hosting.runtime.exceptions.ModelError):
        hosting.ask(b"[[-1, 1]]")
    (event,) = until(lambda: captured(hosting))
    assert event["eventVersion"] == "0"
    assert event["eventMetadata"]["inferenceId"] == "mine"
    assert event["eventMetadata"]["customAttributes"] == ["shop=7"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["eventMetadata"]["inferenceTime"])
    assert event["captureData"]["endpointInput"] == {
        "observedContentType": "application/json",
        "mode": "INPUT",
        "data": "[[1, 1]]",
        "encoding": "JSON",
    }
    assert event["captureData"]["endpointOutput"] == {
        "observedContentType": "application/json",
        "mode": "OUTPUT",
        "data": '{"predictions":[6.0]}',
        "encoding": "JSON",
    }
    (item,) = hosting.s3.list_objects_v2(Bucket=BUCKET, Prefix="capture/")["Contents"]
    now = hosting.aws.world.clock.now()
    assert re.fullmatch(
        rf"capture/live/AllTraffic/{now:%Y/%m/%d}/\d\d/\d\d-\d\d-\d\d\d-[0-9a-f-]{{36}}\.jsonl",
        item["Key"],
    )
    shown = hosting.describe()["DataCaptureConfig"]
    assert (shown["CaptureStatus"], shown["CurrentSamplingPercentage"]) == ("Started", 100)


def test_only_the_sample_and_the_sides_asked_for_are_captured(hosting: Hosting) -> None:
    hosting.create(hosting.config("v3", **capture("Input", percentage=25)))
    hosting.config("v1", **capture("Input", EnableCapture=False))
    hosting.create("v1", name="off")
    for _ in range(80):
        hosting.ask()
        hosting.ask(EndpointName="off")
    events = until(lambda: (found := captured(hosting)) and len(found) >= 19 and found)
    assert abs(len(events) - 20) <= 1
    assert all(set(event["captureData"]) == {"endpointInput"} for event in events)
    side = events[0]["captureData"]["endpointInput"]
    assert side["encoding"] == "BASE64"
    assert base64.b64decode(side["data"]) == b"[[1, 1]]"
    assert captured(hosting, "off") == []
    assert hosting.describe("off")["DataCaptureConfig"]["CaptureStatus"] == "Stopped"
