"""One algorithm under check: its trainings and servers, each made once and only when needed."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from framework.layout import Layout
from framework.manifest import Manifest
from framework.testing.audit_log import AuditLog
from framework.testing.client import Client, NotServing
from framework.testing.engine import OPEN, Engine, Isolation, Run
from framework.testing.outcome import NotChecked
from framework.testing.rows import Rows
from framework.testing.runs import (
    RunningTraining,
    Server,
    Training,
    cause_in,
    file_digests,
    open_to_all,
)
from framework.testing.staging import JobDescription, Spelling, stage_serving, stage_training
from framework.testing.subject import Subject

COMMAND_SECONDS = 120.0
PATIENCE = 4
FEW, MANY, MANY_SECONDS = 3, 24, 5.0
# What differs from a deployment: one worker, so that every request meets the same predictor,
# and no warm-up, so that the first request is the first.
BARE_SERVER = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1", "SERVING_WARM_UP": "off"}

Made = TypeVar("Made")


class Session:
    """Everything that the checks of one algorithm share.

    Args:
        engine: runs its commands.
        subject: its sample job and limits.
        scratch: an empty directory for base directories; the caller removes it.
    """

    def __init__(self, engine: Engine, subject: Subject, scratch: Path):
        self.engine = engine
        self.subject = subject
        self._scratch = scratch
        self._made: dict[str, Any] = {}
        self._runs: list[Run] = []
        self._bases = 0

    def close(self) -> None:
        """End every process that is left."""
        for run in self._runs:
            run.kill()

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What ``make`` returned, or raised, the first time."""
        if name not in self._made:
            try:
                self._made[name] = make()
            except Exception as error:
                self._made[name] = error
        if isinstance(self._made[name], Exception):
            raise self._made[name]
        return self._made[name]

    # Training

    @property
    def first(self) -> Training:
        """The sample job, as the algorithm's author declared it."""
        return self.once("first", lambda: self.train(self.subject.hyperparameters))

    @property
    def trained(self) -> Training:
        """The same, when it left a model. Raises NotChecked."""
        if not self.first.has_model:
            raise NotChecked(f"It needs a model, but training failed: {self.first.reason}")
        return self.first

    @property
    def manifest(self) -> Manifest:
        """The model's manifest. Raises NotChecked."""
        manifest = self.trained.manifest
        if manifest is None:
            raise NotChecked("The model directory has no manifest.json, which this framework adds.")
        return manifest

    def respelled(self, spelling: Spelling) -> Training:
        """The sample job with every hyperparameter of the first one sent in that spelling."""
        sent = {k: v for k, v in self.manifest.hyperparameters.items() if v is not None}
        return self.once(spelling, lambda: self.train(sent, spelling))

    def train(self, hyperparameters: Mapping[str, Any], spelling: Spelling = "raw") -> Training:
        """Run a training job to its end."""
        job = JobDescription(self.subject.channels, hyperparameters, spelling)
        return self.start_training(job).finish()

    def start_training(
        self,
        job: JobDescription,
        environment: Mapping[str, str] | None = None,
        isolation: Isolation = OPEN,
    ) -> RunningTraining:
        """Stage and start a training job."""
        layout = stage_training(self.new_base(), job)
        audit = AuditLog(self.engine, layout.base)
        if isolation.user is not None:
            open_to_all(layout.base)
        before = file_digests(layout.base / "input")
        environment = {"TRAINING_JOB_NAME": "check", **audit.environment, **(environment or {})}
        run = self._start(["train"], layout.base, environment, isolation)
        return RunningTraining(run, layout, audit, before, time.monotonic())

    # Serving

    @property
    def server(self) -> Server:
        """A server of the first model: one worker, no warm-up, shared by many checks.

        Raises:
            NotServing: it does not get ready.
        """
        return self.once("server", lambda: self.serve(BARE_SERVER))

    @property
    def deployed(self) -> Server:
        """A server of the first model with the settings of an endpoint. Raises NotServing."""
        return self.once("deployed", self.serve)

    @property
    def usable_server(self) -> Server:
        """The same, for checks that have nothing to say about a server that never gets ready."""
        try:
            return self.server
        except NotServing as error:
            raise NotChecked(f"It needs a server, but {error}.") from None

    @property
    def rows(self) -> Rows:
        """The rows of the manifest's sample request. Raises NotChecked."""
        rows = Rows.of_sample(self.manifest)
        if rows is None:
            raise NotChecked(
                "It needs rows to ask with. Call job.describe_input(X) in train: it records "
                "a sample request in the manifest."
            )
        return rows

    @property
    def many_rows(self) -> Rows:
        """Different rows: as many as an honest, perhaps slow predictor answers in seconds."""

        def seconds_of_one() -> float:
            first = self.rows.row(0)
            self.usable_server.answers(first)  # the first request may pay for lazy imports
            started = time.monotonic()
            self.usable_server.answers(first)
            return time.monotonic() - started

        affordable = int(MANY_SECONDS / self.once("pace", seconds_of_one))
        return self.rows.distinct(min(MANY, max(FEW, affordable)))

    def serve(
        self,
        environment: Mapping[str, str] | None = None,
        offline: bool = False,
        isolation: Isolation = OPEN,
    ) -> Server:
        """Serve a copy of the first model, and wait until it is ready.

        Raises:
            NotServing: it ended, or took several times as long as it may.
        """
        layout = stage_serving(self.new_base(), self.trained.layout.model)
        return self.serve_staged(layout, environment, offline, isolation)

    def serve_model(self, training: Training) -> Server:
        """Serve the model of another training. Raises NotServing."""
        return self.serve_staged(stage_serving(self.new_base(), training.layout.model), BARE_SERVER)

    def serving_copy(self) -> Path:
        """A base directory with a copy of the first model, for commands other than serve."""
        return stage_serving(self.new_base(), self.trained.layout.model).base

    def serve_staged(
        self,
        layout: Layout,
        environment: Mapping[str, str] | None = None,
        offline: bool = False,
        isolation: Isolation = OPEN,
    ) -> Server:
        audit = AuditLog(self.engine, layout.base, offline)
        environment = {**audit.environment, **(environment or {})}
        started = time.monotonic()
        run = self._start(["serve"], layout.base, environment, isolation)
        client = Client(*run.address)
        try:
            client.wait_until_ready(run, PATIENCE * self.subject.start_seconds)
        except NotServing as error:
            run.kill()
            raise NotServing(f"{error}; {cause_in(run.log())}", error.ended) from None
        return Server(run, client, layout, audit, time.monotonic() - started)

    @contextmanager
    def fresh_server(self, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
        """A server that no other check has asked, and that ends with the block."""
        try:
            server = self.serve({**BARE_SERVER, **(environment or {})})
        except NotServing as error:
            raise NotChecked(f"It needs a server, but {error}.") from None
        try:
            yield server
        finally:
            server.run.kill()

    # Other commands

    @property
    def description(self) -> dict[str, Any]:
        """What `describe` prints. Raises NotChecked."""
        return self.once("describe", self._describe)

    def command(self, arguments: list[str], base: Path | None = None) -> tuple[int, str]:
        """Run a command on a base directory, by default an empty one: (exit code, output)."""
        run = self._start(arguments, base or self.new_base(), {})
        return run.wait(COMMAND_SECONDS), run.log()

    def new_base(self) -> Path:
        self._bases += 1
        base = self._scratch / f"ml-{self._bases}"
        base.mkdir()
        return base

    def _describe(self) -> dict[str, Any]:
        exit_code, output = self.command(["describe"])
        try:
            return json.JSONDecoder().raw_decode(output, output.index("{\n"))[0]
        except ValueError:
            raise NotChecked(
                f"It needs `describe`, which ended with exit code {exit_code} and no JSON; "
                f"{cause_in(output)}."
            ) from None

    def _start(
        self,
        command: list[str],
        base: Path,
        environment: Mapping[str, str],
        isolation: Isolation = OPEN,
    ) -> Run:
        run = self.engine.start(command, base, environment, isolation)
        self._runs.append(run)
        return run
