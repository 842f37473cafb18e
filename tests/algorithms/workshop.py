"""Trains and serves an algorithm for real: `python -m framework train`, then `serve`, over HTTP."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framework.algorithm import Algorithm
from framework.layout import Layout
from framework.testing import (
    Client,
    JobDescription,
    ProcessEngine,
    Run,
    stage_serving,
    stage_training,
)
from framework.testing.subject import sample_channels

ALGORITHMS = Path(__file__).parent
CONTAINER = ALGORITHMS.parents[1] / "container"
TRAIN_SECONDS = 120
START_SECONDS = 60


@dataclass(frozen=True)
class Job:
    """A training job that was started."""

    layout: Layout
    run: Run

    def finish(self, seconds: float = TRAIN_SECONDS) -> "Job":
        """Wait for its success; fail with its log otherwise."""
        try:
            code = self.run.wait(seconds)
        finally:
            self.run.kill()
        assert code == 0, self.run.log()
        return self


class Workshop:
    """One algorithm with its sample channels; everything it makes stays below ``scratch``."""

    def __init__(
        self, directory: Path, scratch: Path, environment: Mapping[str, str] | None = None
    ):
        self.environment = environment
        self.scratch = scratch
        self.sample = Algorithm.load(directory).file.sample
        self.channels = sample_channels(Algorithm.load(directory), scratch)
        self.engine = ProcessEngine(directory, scratch)

    @property
    def held_out(self) -> Path:
        """The directory with rows that no training job has seen."""
        return self.channels["test"]

    def start(self, name: str, checkpoints: Path | None = None, **hyperparameters: Any) -> Job:
        """Start a training job on the sample channels, without the held-out one."""
        description = JobDescription(
            {name: path for name, path in self.channels.items() if name != "test"},
            {**self.sample.hyperparameters, **hyperparameters},
            checkpoint_path=str(checkpoints) if checkpoints else None,
        )
        layout = stage_training(self.scratch / name, description)
        return Job(layout, self.engine.start(["train"], layout.base, self.environment))

    def train(self, **hyperparameters: Any) -> Job:
        return self.start("job", **hyperparameters).finish()

    @contextmanager
    def serve(self, job: Job) -> Iterator[Client]:
        """Serve the model of a finished job."""
        base = self.scratch / f"{job.layout.base.name}-served"
        stage_serving(base, job.layout.model)
        run = self.engine.start(["serve"], base, {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"})
        try:
            client = Client(*run.address)
            client.wait_until_ready(run, START_SECONDS)
            yield client
        finally:
            run.kill()


@contextmanager
def trained_and_served(directory: Path, scratch: Path) -> Iterator[tuple[Client, Path]]:
    """Train an algorithm and serve the model; gives the client and the held-out rows' directory."""
    workshop = Workshop(directory, scratch)
    with workshop.serve(workshop.train()) as client:
        yield client, workshop.held_out


def predictions(client: Client, payload: Any) -> list[Any]:
    """Send JSON and return the answers."""
    reply = client.invoke(json.dumps(payload).encode(), "application/json")
    assert reply.status == 200, reply.text
    return reply.json()["predictions"]
