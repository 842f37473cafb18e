"""Processing jobs: inputs from S3, a command of the image, outputs to S3."""

import json
import time
from pathlib import Path, PurePosixPath
from typing import Any

from local_test.aws import images, s3
from local_test.aws.sagemaker.calls import Call
from local_test.aws.sagemaker.errors import Refused
from local_test.aws.sagemaker.jobs.logs import LogStream
from local_test.aws.sagemaker.jobs.running import ClientFault, Job, Running
from local_test.errors import BenchError

KIND = "processing-job"
LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
BASE = PurePosixPath("/opt/ml")
HOST = "algo-1"
MESSAGE_LIMIT = 1024
STOP_SECONDS = 120
POLL_SECONDS = 0.05
DAY = 86400


def create(call: Call, running: Running) -> dict[str, Any]:
    """CreateProcessingJob."""
    asked = {name: value for name, value in call.parameters.items() if name != "Tags"}
    for path in _local_paths(asked):
        if not path.is_relative_to(BASE):
            raise Refused("ValidationException", f"LocalPath {path} is not below {BASE}.")
    now = call.world.clock.now()
    record = {
        **asked,
        "ProcessingJobStatus": "InProgress",
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    return {"ProcessingJobArn": running.start(call, KIND, record, run)}


def run(job: Job) -> None:
    """The whole life of one job, on its thread."""
    record = job.record
    try:
        factory = images.resolve(job.world, record["AppSpecification"]["ImageUri"], job.region)
    except BenchError as error:
        raise ClientFault(str(error)) from None
    base = job.directory / "opt-ml"
    _stage(job, base)
    cluster = factory(job.directory / "runs")
    try:
        engine = cluster.engine(HOST)
        inside = str(engine.path_inside(base))
        environment = {
            name: _moved(value, inside) for name, value in record.get("Environment", {}).items()
        }
        started = job.world.clock.now()
        job.update(ProcessingStartTime=started)
        process = engine.start(_command(record, inside), base, environment)
        try:
            status, reason = _watch(job, process)
        finally:
            process.kill()
    finally:
        cluster.close()
    _end(job, base, status, reason)


def _stage(job: Job, base: Path) -> None:
    """Inputs, and the two files that describe the job to its container."""
    config = base / "config"
    config.mkdir(parents=True)
    resources = {"current_host": HOST, "hosts": [HOST]}
    (config / "resourceconfig.json").write_text(json.dumps(resources), encoding="utf-8")
    described = json.dumps(job.record, default=str)
    (config / "processingjobconfig.json").write_text(described, encoding="utf-8")
    for given in job.record.get("ProcessingInputs", []):
        source = given["S3Input"]
        directory = base / PurePosixPath(source["LocalPath"]).relative_to(BASE)
        directory.mkdir(parents=True, exist_ok=True)
        if not s3.download(job.client("s3"), source["S3Uri"], directory):
            raise ClientFault(
                f'Data download failed: No S3 objects found under S3 URL "{source["S3Uri"]}" '
                f"given in input '{given['InputName']}'."
            )
    for given in _outputs(job.record):
        path = base / PurePosixPath(given["S3Output"]["LocalPath"]).relative_to(BASE)
        path.mkdir(parents=True, exist_ok=True)


def _command(record: dict[str, Any], inside: str) -> list[str]:
    application = record["AppSpecification"]
    entrypoint = application.get("ContainerEntrypoint", [])
    arguments = [_moved(a, inside) for a in application.get("ContainerArguments", [])]
    command = [*entrypoint, *arguments]
    if not command or command[0] not in ("python", "python3"):
        raise ClientFault(
            "The local AWS runs processing jobs whose ContainerEntrypoint begins with python; "
            f"this one's command is {command or 'the image default'}."
        )
    return ["python", *command[1:]]


def _moved(value: str, inside: str) -> str:
    """A path below /opt/ml as the run sees it."""
    if inside != str(BASE) and (value == str(BASE) or value.startswith(f"{BASE}/")):
        return inside + value.removeprefix(str(BASE))
    return value


def _watch(job: Job, process: Any) -> tuple[str, str]:
    """Follow the container to its end; its status and the reason of a failure."""
    log = LogStream(job, LOG_GROUP)
    limit = job.record.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", DAY)
    began = time.monotonic()
    shown = 0
    stopped = ""
    try:
        while (code := process.exit_code) is None:
            if job.stop.is_set():
                stopped = "Stopped"
            elif time.monotonic() - began > limit:
                stopped = "Failed"
            if stopped:
                _terminate(process)
                break
            time.sleep(POLL_SECONDS)
    finally:
        for line in process.log()[shown:].splitlines():
            log.write(line)
        log.flush()
    if stopped == "Failed":
        return "Failed", f"ClientError: The job ran longer than MaxRuntimeInSeconds ({limit})."
    if stopped:
        return "Stopped", ""
    if code != 0:
        return "Failed", f"AlgorithmError: See job logs for more information, exit code: {code}"
    return "Completed", ""


def _terminate(process: Any) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except TimeoutError:
        process.kill()


def _end(job: Job, base: Path, status: str, reason: str) -> None:
    if status == "Completed":
        for given in _outputs(job.record):
            output = given["S3Output"]
            path = base / PurePosixPath(output["LocalPath"]).relative_to(BASE)
            s3.upload(job.client("s3"), path, output["S3Uri"])
    message = base / "output" / "message"
    changes: dict[str, Any] = {"ProcessingEndTime": job.world.clock.now()}
    if message.is_file():
        text = message.read_text(encoding="utf-8", errors="replace")
        changes["ExitMessage"] = text[:MESSAGE_LIMIT]
    if reason:
        changes["FailureReason"] = reason
    job.update(ProcessingJobStatus=status, **changes)
    job.world.emit(
        job.region,
        "aws.sagemaker",
        "SageMaker Processing Job State Change",
        {key: job.record[key] for key in ("ProcessingJobName", "ProcessingJobStatus")},
        [job.record["ProcessingJobArn"]],
    )


def _outputs(record: dict[str, Any]) -> list[dict[str, Any]]:
    return record.get("ProcessingOutputConfig", {}).get("Outputs", [])


def _local_paths(asked: dict[str, Any]) -> list[PurePosixPath]:
    inputs = [
        given.get("S3Input", {}).get("LocalPath") for given in asked.get("ProcessingInputs", [])
    ]
    outputs = [given["S3Output"].get("LocalPath") for given in _outputs(asked)]
    return [PurePosixPath(path) for path in (*inputs, *outputs) if path]
