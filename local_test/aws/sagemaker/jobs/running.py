"""What all kinds of jobs share: a thread each, a directory, logs, and how they end."""

import shutil
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_test.aws.sagemaker.calls import Call
from local_test.aws.sagemaker.errors import Refused
from local_test.aws.sagemaker.store import Record, Store
from local_test.aws.world import World

ENDED = ("Completed", "Failed", "Stopped")
JOIN_SECONDS = 150


class ClientFault(Exception):
    """The job cannot start; the message is its FailureReason after "ClientError: "."""


@dataclass
class Job:
    """One job that runs.

    Attributes:
        record: what Describe returns; changed under the store's lock.
        stop: set when the job is asked to stop.
        metrics: the values that its log said, by MetricDefinition.
        directory: for its files; removed when it has ended.
    """

    kind: str
    name: str
    record: Record
    store: Store
    world: World
    directory: Path
    stop: threading.Event = field(default_factory=threading.Event)
    metrics: dict[str, list[float]] = field(default_factory=dict)

    @property
    def region(self) -> str:
        return self.store.region

    def client(self, service: str) -> Any:
        """A client in the job's region."""
        return self.world.client(service, self.region)

    def update(self, **changes: Any) -> None:
        """Change the record, and tell when."""
        with self.store.lock:
            self.record.update(changes, LastModifiedTime=self.world.clock.now())


class Running:
    """The jobs of one world that have not ended."""

    def __init__(self, world: World):
        self._world = world
        self._jobs: dict[tuple[str, str, str], tuple[Job, threading.Thread]] = {}
        self._lock = threading.Lock()

    def start(self, call: Call, kind: str, record: Record, work: Callable[[Job], None]) -> str:
        """Begin a job and return its ARN. Raises Refused as ``begin`` does."""
        return call.store.arn(kind, self.begin(call, kind, record, work).name)

    def begin(self, call: Call, kind: str, record: Record, work: Callable[[Job], None]) -> Job:
        """Keep the record and begin the work on a thread.

        Raises:
            Refused: there is a job of that name.
        """
        word = _word(kind)
        name = record[f"{word}Name"]
        record[f"{word}Arn"] = call.store.arn(kind, name)
        call.store.add(kind, name, record, call.parameters.get("Tags", []))
        directory = self._world.scratch / "jobs" / call.store.region / kind / name
        directory.mkdir(parents=True)
        job = Job(kind, name, record, call.store, self._world, directory)
        thread = threading.Thread(target=self._run, args=(job, f"{word}Status", work), name=name)
        with self._lock:
            self._jobs[call.store.region, kind, name] = (job, thread)
        thread.start()
        return job

    def stop(self, call: Call, kind: str, **changes: str) -> None:
        """Ask the job that a Stop call names to stop; ``changes`` are told with its status.

        Raises:
            Refused: there is none, or it has ended.
        """
        word = _word(kind)
        name = call.parameters[f"{word}Name"]
        status = call.store.get(kind, name)[f"{word}Status"]
        with self._lock:
            job, _ = self._jobs.get((call.store.region, kind, name), (None, None))
        if job is None or status in ENDED:
            raise Refused(
                "ValidationException",
                f"The request was rejected because the {kind.replace('-', ' ')} is in status "
                f"{status}.",
            )
        job.update(**{f"{word}Status": "Stopping"}, **changes)
        job.stop.set()

    def close(self) -> None:
        """Stop everything and wait for it."""
        with self._lock:
            running = list(self._jobs.values())
        for job, _ in running:
            job.stop.set()
        for _, thread in running:
            thread.join(JOIN_SECONDS)

    def _run(self, job: Job, status: str, work: Callable[[Job], None]) -> None:
        try:
            work(job)
        except ClientFault as fault:
            job.update(**{status: "Failed", "FailureReason": f"ClientError: {fault}"})
        except Exception as error:
            traceback.print_exc()
            reason = f"InternalServerError: {error!r}"[:1024]
            job.update(**{status: "Failed", "FailureReason": reason})
        finally:
            with self._lock:
                self._jobs.pop((job.region, job.kind, job.name), None)
            shutil.rmtree(job.directory, ignore_errors=True)


def _word(kind: str) -> str:
    """A kind as the keys of its records begin: TrainingJob."""
    return "".join(part.capitalize() for part in kind.split("-"))
