"""What tests of endpoints need: models of the small algorithm, an endpoint, a client of it."""

import io
import json
import tarfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from local_test.aws import images
from local_test.aws.server import LocalAws
from tests.local_test.conftest import SCALE

ROLE = "arn:aws:iam::123456789012:role/execution"
BUCKET = "models"
BUSY = ("Creating", "Updating", "Deleting")
WAIT_SECONDS = 60.0


def until(condition: Callable[[], Any], seconds: float = WAIT_SECONDS) -> Any:
    """The condition's value, as soon as it is true."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)
    return value


def archive(files: dict[str, bytes]) -> bytes:
    """A model.tar.gz."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


class Hosting:
    """Models and endpoints in one local AWS.

    A model named "v3" answers 3 times the sum of a row; "broken" answers everything with 500,
    and "unloadable" never answers /ping with 200.
    """

    def __init__(self, aws: LocalAws, source: Any = SCALE):
        self.aws = aws
        self.region = "us-east-1"
        self.sagemaker = aws.world.client("sagemaker")
        self.runtime = aws.world.client("sagemaker-runtime")
        self.s3 = aws.world.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        self.image = images.register(aws.world, source, "scale", "test", self.region)

    def model(self, name: str, **more: Any) -> str:
        """Create a model of that name."""
        mean: Any = "x" if name == "broken" else int(name[1:]) if name[1:].isdigit() else None
        content = {"other.txt": b"no model"}
        if mean is not None:
            content = {"model.json": json.dumps({"mean": mean}).encode()}
        self.s3.put_object(Bucket=BUCKET, Key=f"{name}.tar.gz", Body=archive(content))
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=ROLE,
            PrimaryContainer={
                "Image": self.image,
                "ModelDataUrl": f"s3://{BUCKET}/{name}.tar.gz",
            },
            **more,
        )
        return name

    def config(self, name: str, count: int = 1, **more: Any) -> str:
        """Create an endpoint config of the same name as its model, which is created, too."""
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[self.variant(self.model(name), count)],
            **more,
        )
        return name

    def variant(self, model: str, count: int = 1, **more: Any) -> dict[str, Any]:
        """An entry of ProductionVariants."""
        given = {"VariantName": "AllTraffic", "ModelName": model, "InstanceType": "ml.m5.large"}
        return {**given, "InitialInstanceCount": count, **more}

    def create(self, config: str, name: str = "live", **more: Any) -> dict[str, Any]:
        """Create an endpoint and wait for it."""
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config, **more)
        return self.settled(name)

    def update(self, config: str, policy: dict[str, Any] | None = None, **more: Any) -> None:
        """Update the endpoint, and do not wait."""
        given = {"DeploymentConfig": policy} if policy else {}
        self.sagemaker.update_endpoint(
            EndpointName="live", EndpointConfigName=config, **given, **more
        )

    def describe(self, name: str = "live") -> dict[str, Any]:
        return self.sagemaker.describe_endpoint(EndpointName=name)

    def settled(self, name: str = "live") -> dict[str, Any]:
        """The endpoint, when nothing is done to it any more."""
        until(lambda: self.describe(name)["EndpointStatus"] not in BUSY)
        return self.describe(name)

    def ask(self, body: bytes = b"[[1, 1]]", **more: Any) -> float:
        """The answer for the first row."""
        answer = self.runtime.invoke_endpoint(
            **{"EndpointName": "live", "ContentType": "application/json", "Body": body, **more}
        )
        return json.loads(answer["Body"].read())["predictions"][0]

    def happened(self, sentence: str) -> None:
        """Wait until the endpoint's story tells something that begins so."""
        until(lambda: any(told.startswith(sentence) for told in self.story()))

    def story(self) -> list[str]:
        """What happened to the endpoint, in order."""
        entries = self.aws.world.endpoint_story(self.region, "live")
        return [entry["happened"] for entry in entries]

    def shares(self) -> list[dict[str, float]]:
        """Who had which part of the traffic, in order: config → part."""
        entries = self.aws.world.endpoint_story(self.region, "live")
        told = [{f["config"]: f["part"] for f in entry["fleets"]} for entry in entries]
        return [now for before, now in zip([{}, *told], told, strict=False) if now != before]

    @contextmanager
    def clients(self, count: int = 2) -> Iterator["Traffic"]:
        """Clients that ask all the time, each on its own thread."""
        traffic = Traffic(self)
        threads = [threading.Thread(target=traffic.ask_on) for _ in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield traffic
        finally:
            traffic.end()
            for thread in threads:
                thread.join()


class Traffic:
    """Requests without a break: what was answered, and what was not."""

    def __init__(self, hosting: Hosting):
        self._hosting = hosting
        self._ended = threading.Event()
        self.answers: Counter[float] = Counter()
        self.errors: list[str] = []

    def ask_on(self) -> None:
        while not self._ended.is_set():
            try:
                self.answers[self._hosting.ask()] += 1
            except Exception as error:
                self.errors.append(str(error))

    def end(self) -> None:
        self._ended.set()
