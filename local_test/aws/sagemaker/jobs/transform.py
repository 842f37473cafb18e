"""Transform jobs: objects from S3, the bench's batch transform, one .out per object to S3."""

import gzip
import zlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from framework.testing import Engine
from local_test.aws import images, s3
from local_test.aws.sagemaker.calls import Call
from local_test.aws.sagemaker.endpoints import artifacts
from local_test.aws.sagemaker.endpoints.instance import Instance, NotHealthy
from local_test.aws.sagemaker.endpoints.models import KIND as MODEL
from local_test.aws.sagemaker.endpoints.models import container_of
from local_test.aws.sagemaker.errors import Refused
from local_test.aws.sagemaker.jobs.logs import LogStream
from local_test.aws.sagemaker.jobs.running import ClientFault, Job, Running
from local_test.aws.sagemaker.jobs.training import NO_CAPACITY
from local_test.aws.sagemaker.store import Record
from local_test.endpoint import HOST, STARTUP_SECONDS
from local_test.errors import BenchError
from local_test.filters import Filter
from local_test.transform import ObjectResult, TransformJob, TransformRequest

KIND = "transform-job"
LOG_GROUP = "/aws/sagemaker/TransformJobs"
EVENT = "SageMaker Transform Job State Change"
UNHEALTHY = (
    "AlgorithmError: Model container failed to respond to ping. Please ensure /ping endpoint is "
    "implemented and responds with an HTTP 200 status code"
)
REASON_LIMIT = 1024
POLL_SECONDS = 0.05


def create(call: Call, running: Running) -> dict[str, Any]:
    """CreateTransformJob."""
    asked = {name: value for name, value in call.parameters.items() if name != "Tags"}
    model = call.store.get(MODEL, asked["ModelName"])
    _check_supported(asked)
    _check_settings(_request(asked))
    _check_input(call, asked["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])
    now = call.world.clock.now()
    record = {
        **asked,
        "TransformJobStatus": "InProgress",
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    return {"TransformJobArn": running.start(call, KIND, record, lambda job: run(job, model))}


def run(job: Job, model: Record) -> None:
    """The whole life of one job, on its thread."""
    try:
        status, reason = _outcome(job, model)
    except ClientFault as fault:
        status, reason = "Failed", f"ClientError: {fault}"
    _end(job, status, reason)


# What is asked


def _request(asked: dict[str, Any]) -> TransformRequest:
    given, output = asked["TransformInput"], asked["TransformOutput"]
    processing, client = asked.get("DataProcessing", {}), asked.get("ModelClientConfig", {})
    return TransformRequest(
        content_type=given.get("ContentType", ""),
        accept=output.get("Accept", ""),
        split_type=given.get("SplitType", "None"),
        strategy=asked.get("BatchStrategy"),
        assemble_with=output.get("AssembleWith", "None"),
        join_source=processing.get("JoinSource", "None"),
        input_filter=processing.get("InputFilter") or "$",
        output_filter=processing.get("OutputFilter") or "$",
        max_payload_mb=asked.get("MaxPayloadInMB"),
        max_concurrent=asked.get("MaxConcurrentTransforms") or None,
        timeout=client.get("InvocationsTimeoutInSeconds", 600),
        retries=client.get("InvocationsMaxRetries", 3),
    )


def _check_supported(asked: dict[str, Any]) -> None:
    """Refuse by name what the bench does not play."""
    given = asked["TransformInput"]
    kind, split = given["DataSource"]["S3DataSource"]["S3DataType"], given.get("SplitType", "None")
    if kind != "S3Prefix":
        raise _refused(f"The local AWS transforms S3Prefix only, not {kind}.")
    if split not in ("None", "Line"):
        raise _refused(f"The local AWS splits by Line or None only, not by {split}.")
    if "DataCaptureConfig" in asked:
        raise _refused("The local AWS has no DataCaptureConfig of transform jobs.")


def _check_settings(request: TransformRequest) -> None:
    try:
        request.check()
    except BenchError as error:
        raise _refused(str(error)) from None
    for name, path in (
        ("InputFilter", request.input_filter),
        ("OutputFilter", request.output_filter),
    ):
        try:
            Filter(path)
        except BenchError as error:
            raise _refused(f"DataProcessing, {name}: {error}") from None


def _check_input(call: Call, uri: str) -> None:
    region = call.store.region
    try:
        found = any(s3.objects(call.world.client("s3", region), uri))
    except ClientError:
        found = False
    if not found:
        raise _refused(
            f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure '
            f"that the bucket exists in the selected region ({region}), that objects exist under "
            "that S3 prefix."
        )


def _refused(message: str) -> Refused:
    return Refused("ValidationException", message)


# What is done


def _outcome(job: Job, model: Record) -> tuple[str, str]:
    """How the job ends, and the reason of a failure."""
    if _lacks_capacity(job, model):
        return "Failed", NO_CAPACITY
    container = container_of(model)
    try:
        factory = images.resolve(job.world, container["Image"], job.region)
        artifacts.fetch(job.world, job.region, container, _base(job) / "model")
    except (BenchError, artifacts.ArtifactUnavailable) as error:
        raise ClientFault(str(error)) from None
    _fetch_input(job)
    cluster = factory(job.directory / "runs")
    try:
        return _transform(job, model, cluster.engine(HOST))
    finally:
        cluster.close()


def _fetch_input(job: Job) -> None:
    given = job.record["TransformInput"]
    directory = job.directory / "input"
    s3.download(job.client("s3"), given["DataSource"]["S3DataSource"]["S3Uri"], directory)
    if given.get("CompressionType") == "Gzip":
        for path in sorted(path for path in directory.rglob("*") if path.is_file()):
            _decompress(path, path.relative_to(directory))


def _decompress(path: Path, name: Path) -> None:
    try:
        path.write_bytes(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, zlib.error) as error:
        raise ClientFault(f"CompressionType is Gzip, but {name} is not: {error}.") from None


def _transform(job: Job, model: Record, engine: Engine) -> tuple[str, str]:
    """Serve the model to the job's objects; a stopped job stores nothing."""
    request = _request(job.record)
    environment = {
        **container_of(model).get("Environment", {}),
        **request.environment(),
        **job.record.get("Environment", {}),
    }
    instance = Instance(HOST, _base(job), environment)
    log = LogStream(job, LOG_GROUP)

    def work() -> list[ObjectResult]:
        instance.start(engine, model["EnableNetworkIsolation"])
        instance.wait(STARTUP_SECONDS)
        job.update(TransformStartTime=job.world.clock.now())
        return _send(job, request.settled(instance.client), instance, log)

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        _watch(job, working, instance)
    instance.retire()
    for line in instance.log().splitlines():
        log.write(line)
    reason = _reason(working)
    log.flush()
    if job.stop.is_set():
        return "Stopped", ""
    _store(job)
    return ("Failed" if reason else "Completed"), reason


def _send(
    job: Job, request: TransformRequest, instance: Instance, log: LogStream
) -> list[ObjectResult]:
    remarks = Remarks(log)
    remarks.say(
        f"MaxConcurrentTransforms={request.max_concurrent}, "
        f"MaxPayloadInMB={request.max_payload_mb}, BatchStrategy={request.strategy}"
    )
    transform = TransformJob(request, instance.client, remarks)
    transform.stop_asked = job.stop
    return transform.run(job.directory / "input", job.directory / "output")


def _store(job: Job) -> None:
    """Upload what became of the objects that did not fail."""
    client, uri = job.client("s3"), job.record["TransformOutput"]["S3OutputPath"]
    try:
        client.head_bucket(Bucket=s3.split(uri)[0])
    except ClientError as error:
        raise ClientFault(f'Data upload to "{uri}" failed: {error}') from None
    s3.upload(client, job.directory / "output", uri)


def _watch(job: Job, working: Future[Any], instance: Instance) -> None:
    """Return when the work is done; a stopped job's container is ended at once."""
    while not wait([working], POLL_SECONDS).done:
        if job.stop.is_set():
            instance.kill()


def _reason(working: Future[list[ObjectResult]]) -> str:
    """Why the job failed; empty if it did not."""
    try:
        results = working.result()
    except NotHealthy:
        return UNHEALTHY
    except BenchError as error:
        return f"ClientError: {error}"
    failed = [result for result in results if result.error]
    if not failed:
        return ""
    first = failed[0]
    return f"{first.fault}: See job logs for more information. {first.name}: {first.error}"


class Remarks:
    """Stands where the bench has its screen: remarks go to the log, as SageMaker's own do."""

    def __init__(self, log: LogStream):
        self._log = log

    def say(self, sentence: str) -> None:
        """One line of the log."""
        self._log.write(f"[sagemaker logs]: {sentence}")

    warn = say

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Nothing to show."""
        yield


def _end(job: Job, status: str, reason: str) -> None:
    changes = {"FailureReason": reason[:REASON_LIMIT]} if reason else {}
    job.update(TransformJobStatus=status, TransformEndTime=job.world.clock.now(), **changes)
    detail = {name: _in_event(value) for name, value in job.record.items()}
    arns = [job.record["TransformJobArn"]]
    job.world.emit(job.region, "aws.sagemaker", EVENT, detail, arns)


def _in_event(value: Any) -> Any:
    """Times as events have them, in milliseconds."""
    return int(value.timestamp() * 1000) if isinstance(value, datetime) else value


def _base(job: Job) -> Path:
    """What becomes /opt/ml."""
    return job.directory / "opt-ml"


def _lacks_capacity(job: Job, model: Record) -> bool:
    wanted = {job.record["TransformResources"]["InstanceType"]}
    wanted |= set(model.get("VpcConfig", {}).get("Subnets", []))
    return bool(wanted & job.world.without_capacity)
