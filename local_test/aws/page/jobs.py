"""The kinds of jobs that the page shows, and how AWS calls them."""

from dataclasses import dataclass
from typing import Any

LOGS = "/aws/sagemaker"


@dataclass(frozen=True)
class JobKind:
    """One kind of job.

    Attributes:
        call: it, as clients spell it: ``describe_{call}`` and ``list_{call}s``.
        word: it, as the keys of answers spell it: ``{word}Name``.
        log_group: where its hosts log; empty when it has none.
    """

    call: str
    word: str
    log_group: str = ""

    def listed(self, sagemaker: Any) -> list[dict[str, Any]]:
        """Its summaries."""
        return getattr(sagemaker, f"list_{self.call}s")()[f"{self.word}Summaries"]

    def described(self, sagemaker: Any, name: str) -> dict[str, Any]:
        """One of them."""
        return getattr(sagemaker, f"describe_{self.call}")(**{f"{self.word}Name": name})


JOBS = {
    "training": JobKind("training_job", "TrainingJob", f"{LOGS}/TrainingJobs"),
    "processing": JobKind("processing_job", "ProcessingJob", f"{LOGS}/ProcessingJobs"),
    "transform": JobKind("transform_job", "TransformJob", f"{LOGS}/TransformJobs"),
    "tuning": JobKind("hyper_parameter_tuning_job", "HyperParameterTuningJob"),
}


def reason(described: dict[str, Any]) -> str:
    """Why the job failed, or what it said at its end."""
    return described.get("FailureReason") or described.get("ExitMessage") or ""
