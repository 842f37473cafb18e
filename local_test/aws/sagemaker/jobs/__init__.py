"""Training, tuning, processing and transform jobs."""

from typing import Any

from local_test.aws.sagemaker.calls import Call, Handlers
from local_test.aws.sagemaker.jobs import listing, processing, training, transform, tuning
from local_test.aws.sagemaker.jobs.running import Running
from local_test.aws.world import World


class Jobs:
    """Every job of one world."""

    def __init__(self, world: World):
        self._running = Running(world)

    def handlers(self) -> Handlers:
        """The calls that start, stop, describe and list jobs."""
        return {
            "CreateTrainingJob": lambda call: training.create(call, self._running),
            "StopTrainingJob": lambda call: self._running.stop(
                call, training.KIND, SecondaryStatus="Stopping"
            ),
            "DescribeTrainingJob": _described(training.KIND, "TrainingJobName"),
            "ListTrainingJobs": lambda call: listing.listed(call, training.KIND, "TrainingJob"),
            "CreateProcessingJob": lambda call: processing.create(call, self._running),
            "StopProcessingJob": lambda call: self._running.stop(call, processing.KIND),
            "DescribeProcessingJob": _described(processing.KIND, "ProcessingJobName"),
            "ListProcessingJobs": lambda call: listing.listed(
                call, processing.KIND, "ProcessingJob"
            ),
            "CreateTransformJob": lambda call: transform.create(call, self._running),
            "StopTransformJob": lambda call: self._running.stop(call, transform.KIND),
            "DescribeTransformJob": _described(transform.KIND, "TransformJobName"),
            "ListTransformJobs": lambda call: listing.listed(call, transform.KIND, "TransformJob"),
            "CreateHyperParameterTuningJob": lambda call: tuning.create(call, self._running),
            "StopHyperParameterTuningJob": lambda call: self._running.stop(call, tuning.KIND),
            "DescribeHyperParameterTuningJob": _described(tuning.KIND, tuning.NAME),
            "ListHyperParameterTuningJobs": lambda call: listing.listed(
                call, tuning.KIND, "HyperParameterTuningJob"
            ),
            "ListTrainingJobsForHyperParameterTuningJob": tuning.children,
        }

    def close(self) -> None:
        """End what runs."""
        self._running.close()


def _described(kind: str, parameter: str) -> Any:
    def describe(call: Call) -> dict[str, Any]:
        with call.store.lock:
            return dict(call.store.get(kind, call.parameters[parameter]))

    return describe
