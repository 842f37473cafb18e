"""Training jobs: channels from S3, a real job on the bench, the artifact to S3."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local_test import jobs as bench_jobs
from local_test.aws import images, s3
from local_test.aws.sagemaker.calls import Call
from local_test.aws.sagemaker.errors import Refused
from local_test.aws.sagemaker.jobs.logs import LogStream
from local_test.aws.sagemaker.jobs.running import ENDED, ClientFault, Job, Running
from local_test.channels import Channel
from local_test.errors import BenchError
from local_test.training import TrainingJob, TrainingRequest

KIND = "training-job"
LOG_GROUP = "/aws/sagemaker/TrainingJobs"
NO_CAPACITY = (
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a "
    "different ML instance type or after some time."
)
MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Stopped": "Training job stopped",
}


def create(call: Call, running: Running) -> dict[str, Any]:
    """CreateTrainingJob."""
    return {"TrainingJobArn": begin(call, running, {}).record["TrainingJobArn"]}


def begin(call: Call, running: Running, more: dict[str, Any]) -> Job:
    """Begin a training job whose description says ``more`` than was asked for."""
    asked = {name: value for name, value in call.parameters.items() if name != "Tags"}
    if "TrainingImage" not in asked["AlgorithmSpecification"]:
        raise Refused("ValidationException", "The local AWS trains images: name TrainingImage.")
    if asked.get("EnableManagedSpotTraining"):
        _check_spot(asked)
    now = call.world.clock.now()
    record = {
        **asked,
        **more,
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "SecondaryStatusTransitions": [
            {"Status": "Starting", "StartTime": now, "StatusMessage": MESSAGES["Starting"]}
        ],
        "ModelArtifacts": {"S3ModelArtifacts": ""},
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    return running.begin(call, KIND, record, run)


def run(job: Job) -> None:
    """The whole life of one job, on its thread."""
    record = job.record
    if _lacks_capacity(job):
        _end(job, "Failed", "Failed", NO_CAPACITY)
        return
    try:
        factory = images.resolve(
            job.world,
            record["AlgorithmSpecification"]["TrainingImage"],
            job.region,
            job.world.memory_mb.get(record["ResourceConfig"].get("InstanceType", "")),
        )
    except BenchError as error:
        raise ClientFault(str(error)) from None
    cluster = factory(job.directory / "runs")
    try:
        _train(job, cluster)
    finally:
        cluster.close()


def _train(job: Job, cluster: Any) -> None:
    record = job.record
    checkpoints = record.get("CheckpointConfig")
    request = TrainingRequest(
        algorithm=record["AlgorithmSpecification"]["TrainingImage"],
        channels=tuple(_channels(job)),
        hyperparameters=record.get("HyperParameters", {}),
        input_mode=record["AlgorithmSpecification"].get("TrainingInputMode", "File"),
        hosts=record["ResourceConfig"].get("InstanceCount", 1),
        environment={
            **record.get("Environment", {}),
            "TRAINING_JOB_ARN": record["TrainingJobArn"],
        },
        checkpoints=job.directory / "checkpoints" if checkpoints else None,
        max_runtime=record["StoppingCondition"].get("MaxRuntimeInSeconds", 86400),
    )
    store = job.client("s3")
    if checkpoints:
        s3.download(store, f"{checkpoints['S3Uri'].rstrip('/')}/", request.checkpoints)
    room = job.directory / job.name
    room.mkdir()
    log = LogStream(
        job, LOG_GROUP, definitions=record["AlgorithmSpecification"].get("MetricDefinitions", ())
    )
    training = TrainingJob(request, cluster, room, Progress(job, log))
    training.stop_asked = job.stop
    try:
        ended = training.run()
    except BenchError as error:
        raise ClientFault(str(error)) from None
    finally:
        log.flush()
        if checkpoints and request.checkpoints.is_dir():
            s3.upload(store, request.checkpoints, checkpoints["S3Uri"])
    _upload(job, room)
    job.update(
        BillableTimeInSeconds=max(1, round(ended["TrainingTimeInSeconds"])),
        TrainingTimeInSeconds=max(1, round(ended["TrainingTimeInSeconds"])),
        TrainingEndTime=job.world.clock.now(),
        FinalMetricDataList=[
            {"MetricName": name, "Value": value, "Timestamp": when}
            for name, (value, when) in log.last_values.items()
        ],
    )
    reason = _reason(ended)
    _end(job, ended["TrainingJobStatus"], ended["SecondaryStatus"], reason)


class Progress:
    """Stands where the bench has its screen: statuses become transitions, lines go to the log."""

    def __init__(self, job: Job, log: LogStream):
        self._job = job
        self._log = log

    def status(self, name: str, remark: str = "") -> None:
        """One more entry of SecondaryStatusTransitions."""
        self._log.flush()
        if name not in (*ENDED, "MaxRuntimeExceeded", "Starting"):
            _enter(self._job, name, remark)

    def log(self, line: str) -> None:
        """One line of a container."""
        self._log.write(line)

    def say(self, sentence: str) -> None:
        """The bench's own remarks belong to nobody here."""

    warn = say

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Nothing to show."""
        yield


def _channels(job: Job) -> Iterator[Channel]:
    for given in job.record.get("InputDataConfig", []):
        name = given["ChannelName"]
        source = given["DataSource"].get("S3DataSource")
        if source is None or source["S3DataType"] != "S3Prefix":
            raise ClientFault(
                f"The local AWS reads S3Prefix only; channel '{name}' has another data source."
            )
        directory = job.directory / "channels" / name
        directory.mkdir(parents=True)
        if not s3.download(job.client("s3"), source["S3Uri"], directory):
            raise ClientFault(
                "Data download failed: No S3 objects found under S3 URL "
                f'"{source["S3Uri"]}" given in input data source.'
            )
        sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
        yield Channel(name, directory, given.get("ContentType", ""), sharded)


def _upload(job: Job, room: Path) -> None:
    prefix = f"{job.record['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{job.name}/output"
    for name in (bench_jobs.MODEL, "output.tar.gz"):
        if (room / name).is_file():
            bucket, key = s3.split(f"{prefix}/{name}")
            job.client("s3").upload_file(str(room / name), bucket, key)
    if (room / bench_jobs.MODEL).is_file():
        job.update(ModelArtifacts={"S3ModelArtifacts": f"{prefix}/{bench_jobs.MODEL}"})


def _reason(ended: dict[str, Any]) -> str:
    reason = ended["FailureReason"]
    codes = [code for code in ended["ExitCodes"].values() if code]
    if not reason or "exit code" in reason or not codes:
        return reason
    return f"{reason[:1000]}, exit code: {codes[0] if codes[0] > 0 else 128 - codes[0]}"


def _enter(job: Job, status: str, message: str = "") -> None:
    now, told = job.world.clock.now(), message or MESSAGES.get(status, "")
    with job.store.lock:
        transitions = job.record["SecondaryStatusTransitions"]
        transitions[-1].setdefault("EndTime", now)
        transitions.append({"Status": status, "StartTime": now, "StatusMessage": told})
        if status == "Training":
            job.record["TrainingStartTime"] = now
    job.update(SecondaryStatus=status)


def _end(job: Job, status: str, secondary: str, reason: str) -> None:
    _enter(job, secondary, reason)
    job.update(TrainingJobStatus=status, **({"FailureReason": reason} if reason else {}))
    detail = {key: job.record[key] for key in ("TrainingJobName", "TrainingJobStatus")}
    job.world.emit(
        job.region,
        "aws.sagemaker",
        "SageMaker Training Job State Change",
        {**detail, "SecondaryStatus": secondary, "FailureReason": reason},
        [job.record["TrainingJobArn"]],
    )


def _lacks_capacity(job: Job) -> bool:
    wanted = {job.record["ResourceConfig"].get("InstanceType", "")}
    wanted |= set(job.record.get("VpcConfig", {}).get("Subnets", []))
    return bool(wanted & job.world.without_capacity)


def _check_spot(asked: dict[str, Any]) -> None:
    limits = asked["StoppingCondition"]
    if limits.get("MaxWaitTimeInSeconds", 0) < limits.get("MaxRuntimeInSeconds", 86400):
        raise Refused(
            "ValidationException",
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
            "MaxRuntimeInSeconds",
        )
