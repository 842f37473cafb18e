"""Tuning jobs: many training jobs over ranges, some at a time, the hopeless ones stopped early."""

import random
import statistics
import time
import zlib
from dataclasses import dataclass, replace
from typing import Any

from local_test.aws.sagemaker.calls import Call
from local_test.aws.sagemaker.errors import Refused
from local_test.aws.sagemaker.jobs import training
from local_test.aws.sagemaker.jobs.running import ENDED, ClientFault, Job, Running
from local_test.aws.sagemaker.jobs.search import STRATEGIES, Point, ranges_of

KIND = "hyper-parameter-tuning-job"
NAME = "HyperParameterTuningJobName"
STATUS = "HyperParameterTuningJobStatus"
OBJECTIVE = "FinalHyperParameterTuningJobObjectiveMetric"
POLL_SECONDS = 0.05
PARENT = "TuningJobArn"
COUNTED = {"Completed": "Completed", "Stopped": "Stopped", "Failed": "NonRetryableError"}


@dataclass
class Child:
    """One training job of the search."""

    point: Point
    tuned: dict[str, str]
    job: Job

    @property
    def status(self) -> str:
        return self.job.record["TrainingJobStatus"]


def create(call: Call, running: Running) -> dict[str, Any]:
    """CreateHyperParameterTuningJob.

    Raises:
        Refused: what the local AWS cannot search, or SageMaker would not.
    """
    asked = {name: value for name, value in call.parameters.items() if name != "Tags"}
    config = asked["HyperParameterTuningJobConfig"]
    _check(asked)
    now = call.world.clock.now()
    record = {
        **asked,
        STATUS: "InProgress",
        "CreationTime": now,
        "LastModifiedTime": now,
        "TrainingJobStatusCounters": _counters([]),
        "ObjectiveStatusCounters": {"Succeeded": 0, "Pending": 0, "Failed": 0},
        "Strategy": config["Strategy"],
    }
    return {
        f"{NAME.removesuffix('Name')}Arn": running.start(
            call, KIND, record, lambda job: Tuning(call, running, job).run()
        )
    }


def children(call: Call) -> dict[str, Any]:
    """ListTrainingJobsForHyperParameterTuningJob, the newest first or the best."""
    record = call.store.get(KIND, call.parameters[NAME])
    config = record["HyperParameterTuningJobConfig"]
    with call.store.lock:
        summaries = [
            _summary(child, config)
            for child in reversed(call.store.all(training.KIND))
            if child.get(PARENT) == record["HyperParameterTuningJobArn"]
        ]
    wanted = call.parameters.get("StatusEquals")
    found = [one for one in summaries if wanted in (None, one["TrainingJobStatus"])]
    if call.parameters.get("SortBy") == "FinalObjectiveMetricValue":
        found = [one for one in found if OBJECTIVE in one]
        found.sort(key=lambda one: one[OBJECTIVE]["Value"])
        if call.parameters.get("SortOrder", "Descending") == "Descending":
            found.reverse()
    return {"TrainingJobSummaries": found[: call.parameters.get("MaxResults", 100)]}


class Tuning:
    """The life of one tuning job, on its thread."""

    def __init__(self, call: Call, running: Running, job: Job):
        self._call, self._running, self._job = call, running, job
        self._config = job.record["HyperParameterTuningJobConfig"]
        self._objective = self._config["HyperParameterTuningJobObjective"]
        self._sign = 1 if self._objective["Type"] == "Minimize" else -1
        self._ranges = ranges_of(self._config)
        seed = self._config.get("RandomSeed", zlib.crc32(job.name.encode()))
        self._search = STRATEGIES[self._config["Strategy"]](self._ranges, random.Random(seed))
        self._children: list[Child] = []

    def run(self) -> None:
        """Begin training jobs while there is room, stop what cannot win, name the best."""
        limits = self._config["ResourceLimits"]
        most = limits.get("MaxNumberOfTrainingJobs", 10**6)
        more = True
        while True:
            going = [one for one in self._children if one.status not in ENDED]
            room = limits["MaxParallelTrainingJobs"] - len(going)
            more = more and not self._job.stop.is_set() and len(self._children) < most
            if more and room > 0:
                more = self._begin()
            elif not going:
                break
            self._watch(going)
            self._count()
            time.sleep(POLL_SECONDS)
        self._end()

    def _begin(self) -> bool:
        """Start one more; whether there was one to start."""
        seen = [
            (one.point, self._sign * self._values(one)[-1])
            for one in self._children
            if one.status in ENDED and self._values(one)
        ]
        point = self._search.next(seen)
        if point is None:
            return False
        tuned = {
            one.name: one.value(position) for one, position in zip(self._ranges, point, strict=True)
        }
        number = len(self._children) + 1
        mark = f"{zlib.crc32(f'{self._job.name} {number}'.encode()):08x}"
        call = replace(
            self._call,
            operation="CreateTrainingJob",
            parameters=self._request(f"{self._job.name}-{number:03}-{mark}", tuned),
        )
        parent = self._job.record["HyperParameterTuningJobArn"]
        child = training.begin(call, self._running, {PARENT: parent, "TunedHyperParameters": tuned})
        self._children.append(Child(point, tuned, child))
        return True

    def _request(self, name: str, tuned: dict[str, str]) -> dict[str, Any]:
        given = dict(self._job.record["TrainingJobDefinition"])
        fixed = given.pop("StaticHyperParameters", {})
        given.pop("DefinitionName", None)
        if checkpoints := given.get("CheckpointConfig"):
            place = f"{checkpoints['S3Uri'].rstrip('/')}/{name}"
            given["CheckpointConfig"] = {**checkpoints, "S3Uri": place}
        aim = {"_tuning_objective_metric": self._objective["MetricName"]}
        return {
            **given,
            "TrainingJobName": name,
            "HyperParameters": {**fixed, **tuned, **aim},
            "Tags": self._call.parameters.get("Tags", []),
        }

    def _watch(self, going: list[Child]) -> None:
        """Stop all when asked to; else those that do worse than the median did by then."""
        for child in going:
            if self._job.stop.is_set() or (
                self._config.get("TrainingJobEarlyStoppingType") == "Auto" and self._hopeless(child)
            ):
                child.job.stop.set()

    def _hopeless(self, child: Child) -> bool:
        """SageMaker's rule: the value is worse than the median of the running averages."""
        values = self._values(child)
        averages = [
            statistics.fmean(before[: len(values)])
            for other in self._children
            if other.status == "Completed" and len(before := self._values(other)) >= len(values) > 0
        ]
        if not averages:
            return False
        return self._sign * (values[-1] - statistics.median(averages)) > 0

    def _values(self, child: Child) -> list[float]:
        return child.job.metrics.get(self._objective["MetricName"], [])

    def _scored(self) -> list[tuple[Child, float]]:
        """The completed children that said how well they did."""
        return [
            (one, self._values(one)[-1])
            for one in self._children
            if one.status == "Completed" and self._values(one)
        ]

    def _count(self) -> None:
        scored = self._scored()
        ended = [one for one in self._children if one.status in ENDED]
        changes: dict[str, Any] = {
            "TrainingJobStatusCounters": _counters([one.status for one in self._children]),
            "ObjectiveStatusCounters": {
                "Succeeded": len(scored),
                "Pending": len(self._children) - len(ended),
                "Failed": len(ended) - len(scored),
            },
        }
        if scored:
            best = min(scored, key=lambda pair: self._sign * pair[1])[0]
            changes["BestTrainingJob"] = _summary(best.job.record, self._config)
        self._job.update(**changes)

    def _end(self) -> None:
        """Completed, Stopped when asked to, Failed without a single model."""
        self._count()
        ended = {"HyperParameterTuningEndTime": self._job.world.clock.now()}
        if self._job.stop.is_set():
            self._job.update(**{STATUS: "Stopped", **ended})
            return
        if "BestTrainingJob" not in self._job.record:
            self._job.update(**ended)
            raise ClientFault(
                f"No training job succeeded after {len(self._children)} attempts. For additional "
                "details, please take a look at the training job failures by listing training "
                "jobs for the hyperparameter tuning job."
            )
        self._job.update(**{STATUS: "Completed", **ended})


def _check(asked: dict[str, Any]) -> None:
    config = asked["HyperParameterTuningJobConfig"]
    strategy, limits = config["Strategy"], config["ResourceLimits"]
    objective = config.get("HyperParameterTuningJobObjective")
    if strategy not in STRATEGIES:
        known = ", ".join(STRATEGIES)
        raise Refused("ValidationException", f"The local AWS searches by {known}; not {strategy}.")
    if "TrainingJobDefinition" not in asked or "WarmStartConfig" in asked:
        raise Refused(
            "ValidationException",
            "The local AWS tunes one TrainingJobDefinition, without a WarmStartConfig.",
        )
    if objective is None:
        raise Refused("ValidationException", "HyperParameterTuningJobObjective is missing.")
    if strategy != "Grid" and "MaxNumberOfTrainingJobs" not in limits:
        raise Refused("ValidationException", "MaxNumberOfTrainingJobs is missing.")
    ranges = {one.name for one in ranges_of(config)}
    definition = asked["TrainingJobDefinition"]
    if both := sorted(ranges & definition.get("StaticHyperParameters", {}).keys()):
        raise Refused(
            "ValidationException",
            f"Hyperparameter '{both[0]}' is both static and in ParameterRanges.",
        )
    metrics = definition["AlgorithmSpecification"].get("MetricDefinitions", [])
    if objective["MetricName"] not in {one["Name"] for one in metrics}:
        raise Refused(
            "ValidationException",
            f"The objective metric '{objective['MetricName']}' is none of MetricDefinitions.",
        )


def _counters(statuses: list[str]) -> dict[str, int]:
    counted = {"Completed": 0, "InProgress": 0, "Stopped": 0, "NonRetryableError": 0}
    for status in statuses:
        counted[COUNTED.get(status, "InProgress")] += 1
    return {**counted, "RetryableError": 0}


def _summary(record: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """HyperParameterTrainingJobSummary."""
    objective = config["HyperParameterTuningJobObjective"]
    copied = ("TrainingJobName", "TrainingJobArn", "CreationTime", "TrainingStartTime")
    more = ("TrainingEndTime", "TrainingJobStatus", "TunedHyperParameters", "FailureReason")
    summary = {key: record[key] for key in (*copied, *more) if key in record}
    for metric in record.get("FinalMetricDataList", []):
        if metric["MetricName"] == objective["MetricName"]:
            summary |= {OBJECTIVE: {**objective, "Value": metric["Value"]}}
            summary |= {"ObjectiveStatus": "Succeeded"}
    return summary
