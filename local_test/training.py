"""Plays CreateTrainingJob: stages, runs, interrupts, stops and uploads one job."""

import shutil
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framework.testing import JobDescription, Run, stage_training
from framework.testing.staging import Spelling
from local_test import artifact, jobs
from local_test.channels import Channel, share_of
from local_test.cluster import Cluster
from local_test.console import Screen
from local_test.guard import Guard
from local_test.limits import check_limits
from local_test.metrics import last_values

STOP_SECONDS = 120
FAILURE_REASON_LIMIT = 1024
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class TrainingRequest:
    """What the caller of CreateTrainingJob decides.

    Attributes:
        algorithm: what is trained, as jobs.algorithm_name calls it.
        hyperparameters: name → value; staged as strings in the given spelling.
        input_mode: "File", or "FastFile": the channels are read-only.
        hosts: how many; they are called algo-1, algo-2, …
        checkpoints: the shared checkpoint prefix; None means no checkpointing.
        max_runtime: seconds after which the job is stopped (SIGTERM, 120 s, SIGKILL).
        interruptions: seconds after which a Spot interruption kills each start in turn.
    """

    algorithm: str
    channels: tuple[Channel, ...]
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    spelling: Spelling = "raw"
    input_mode: str = "File"
    hosts: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)
    checkpoints: Path | None = None
    max_runtime: float | None = None
    interruptions: tuple[float, ...] = ()


@dataclass
class Host:
    """One machine of the job during one start of it."""

    name: str
    base: Path
    run: Run
    guard: Guard | None
    shown: int = 0


@dataclass(frozen=True)
class Ending:
    """How one start of the job ended."""

    status: str
    secondary: str
    reason: str = ""
    exit_codes: Mapping[str, int] = field(default_factory=dict)


class TrainingJob:
    """One job from Starting to Completed, Failed or Stopped.

    Attributes:
        stop_asked: set it to stop the job as StopTrainingJob does.
    """

    def __init__(self, request: TrainingRequest, cluster: Cluster, directory: Path, screen: Screen):
        self.request = request
        self.directory = directory
        self._cluster = cluster
        self._screen = screen
        self._hosts = [f"algo-{number}" for number in range(1, request.hosts + 1)]
        self._transitions: list[dict[str, Any]] = []
        self._remarks: list[str] = []
        self._training_seconds = 0.0
        self.stop_asked = threading.Event()

    def run(self) -> dict[str, Any]:
        """Run the job to its end and return its record, which job.json holds too.

        Raises:
            BenchError: CreateTrainingJob would refuse the request.
        """
        check_limits(self.request.hyperparameters, [c.name for c in self.request.channels])
        self._enter("Starting", self.directory.name)
        if len(self._hosts) > 1:
            self._cluster.connect()
        for interruption in (*self.request.interruptions, None):
            ending = self._start_once(interruption)
            if ending.secondary != "Interrupted":
                break
            self._enter("Interrupted", ending.reason)
            self._enter("Restarting", f"checkpoints present: {self._checkpoint_count()}")
        self._enter(ending.secondary, ending.reason)
        record = self._record(ending)
        jobs.write_record(self.directory, record)
        return record

    def _start_once(self, kill_after: float | None) -> Ending:
        """Stage every host anew, as after an interruption, and run until something ends it."""
        with ExitStack() as cleaning:
            bases = self.directory / "opt-ml"
            cleaning.callback(shutil.rmtree, bases, ignore_errors=True)
            self._enter("Downloading", _summary(self.request))
            for name in self._hosts:
                self._stage(name, bases / name)
            self._enter("Training")
            hosts = [self._launch(name, bases / name, cleaning) for name in self._hosts]
            started = time.monotonic()
            try:
                ending = self._watch(hosts, started, kill_after)
            finally:
                self._training_seconds += time.monotonic() - started
                self._follow(hosts)
            self._notice_writes(hosts)
            if ending.secondary != "Interrupted":
                self._upload(hosts, ending)
            return ending

    def _stage(self, host: str, base: Path) -> None:
        shares = self.directory / "shares" / host
        checkpoints = self.request.checkpoints
        description = JobDescription(
            channels={
                channel.name: share_of(channel, host, self._hosts, shares)
                for channel in self.request.channels
            },
            hyperparameters=self.request.hyperparameters,
            spelling=self.request.spelling,
            input_mode=self.request.input_mode,
            hosts=self._hosts,
            current_host=host,
            checkpoint_path=self._cluster.checkpoint_path(checkpoints) if checkpoints else None,
            sharded=[channel.name for channel in self.request.channels if channel.sharded],
            content_types={
                channel.name: channel.content_type
                for channel in self.request.channels
                if channel.content_type
            },
        )
        try:
            stage_training(base, description)
        finally:
            shutil.rmtree(self.directory / "shares", ignore_errors=True)

    def _launch(self, name: str, base: Path, cleaning: ExitStack) -> Host:
        checkpoints = self.request.checkpoints
        if checkpoints:
            checkpoints.mkdir(parents=True, exist_ok=True)
        guard = None
        read_only = []
        if self.request.input_mode == "FastFile":
            read_only = [base / "input" / "data"]
            guard = Guard(read_only[0])
            cleaning.callback(guard.release)
        engine = self._cluster.engine(name, checkpoints, read_only)
        environment = {
            "TRAINING_JOB_NAME": self.directory.name,
            "TRAINING_JOB_ARN": f"arn:aws:sagemaker:local:000000000000:training-job/"
            f"{self.directory.name}",
            **self.request.environment,
        }
        run = engine.start(["train"], base, environment)
        cleaning.callback(run.kill)
        return Host(name, base, run, guard)

    def _watch(self, hosts: list[Host], started: float, kill_after: float | None) -> Ending:
        budget = self.request.max_runtime
        while True:
            self._follow(hosts)
            failed = [host for host in hosts if host.run.exit_code not in (None, 0)]
            if failed:
                self._stop(hosts)
                return self._failed(failed[0], hosts)
            if all(host.run.exit_code == 0 for host in hosts):
                return Ending("Completed", "Completed", exit_codes=_exit_codes(hosts))
            if self.stop_asked.is_set():
                self._stop(hosts)
                return Ending("Stopped", "Stopped", exit_codes=_exit_codes(hosts))
            elapsed = time.monotonic() - started
            if kill_after is not None and elapsed >= kill_after:
                for host in hosts:
                    host.run.kill()
                return Ending("InProgress", "Interrupted", f"SIGKILL after {elapsed:.1f} s")
            if budget is not None and self._training_seconds + elapsed >= budget:
                seconds = self._stop(hosts)
                reason = (
                    f"stopped after {budget:g} s; the hosts ended {seconds:.1f} s after SIGTERM"
                )
                return Ending("Stopped", "MaxRuntimeExceeded", reason, _exit_codes(hosts))
            time.sleep(POLL_SECONDS)

    def _stop(self, hosts: list[Host]) -> float:
        """SIGTERM to every host, SIGKILL after 120 s; returns the seconds until all had ended."""
        running = [host for host in hosts if host.run.exit_code is None]
        if running:
            self._enter("Stopping", f"SIGTERM, SIGKILL in {STOP_SECONDS} s")
        asked = time.monotonic()
        for host in running:
            host.run.terminate()
        while any(host.run.exit_code is None for host in running):
            self._follow(hosts)
            if time.monotonic() - asked > STOP_SECONDS:
                names = [host.name for host in running if host.run.exit_code is None]
                self._remark(f"{', '.join(names)} ignored SIGTERM for {STOP_SECONDS} s.")
                for host in running:
                    host.run.kill()
                break
            time.sleep(POLL_SECONDS)
        return time.monotonic() - asked

    def _failed(self, host: Host, hosts: list[Host]) -> Ending:
        written = host.base / "output" / "failure"
        if written.is_file():
            text = written.read_text(encoding="utf-8", errors="replace")
        else:
            text = f"exit code: {host.run.exit_code}"
            self._remark(f"{host.name} wrote no /opt/ml/output/failure; its log is all there is.")
        reason = f"AlgorithmError: {text.strip()}"[:FAILURE_REASON_LIMIT]
        return Ending("Failed", "Failed", reason, _exit_codes(hosts))

    def _upload(self, hosts: list[Host], ending: Ending) -> None:
        self._enter("Uploading")
        models = {host.name: host.base / "model" for host in hosts}
        if ending.status != "Failed" and any(any(path.iterdir()) for path in models.values()):
            self._remarks += artifact.pack(models, self.directory / jobs.MODEL)
        outputs = {host.name: host.base / "output" / "data" for host in hosts}
        self._remarks += artifact.pack(outputs, self.directory / "output.tar.gz")

    def _notice_writes(self, hosts: list[Host]) -> None:
        for host in hosts:
            changed = host.guard.changes() if host.guard else []
            if changed:
                self._remark(
                    f"{host.name} wrote to its channels ({', '.join(changed[:3])}), which are "
                    "read-only in FastFile mode. Write to /tmp."
                )

    def _follow(self, hosts: list[Host]) -> None:
        """Show what the hosts have logged since the last look, and keep it."""
        for host in hosts:
            text = host.run.log()[host.shown :]
            if not text:
                continue
            host.shown += len(text)
            log = self.directory / "logs" / f"{host.name}.log"
            log.parent.mkdir(exist_ok=True)
            with log.open("a", encoding="utf-8") as file:
                file.write(text)
            prefix = f"{host.name}  " if len(hosts) > 1 else ""
            for line in text.splitlines():
                self._screen.log(prefix + line)

    def _enter(self, status: str, remark: str = "") -> None:
        self._transitions.append({"Status": status, "StartTime": time.time()})
        self._screen.status(status, remark)

    def _remark(self, sentence: str) -> None:
        self._remarks.append(sentence)

    def _checkpoint_count(self) -> int:
        checkpoints = self.request.checkpoints
        return sum(path.is_file() for path in checkpoints.rglob("*")) if checkpoints else 0

    def _record(self, ending: Ending) -> dict[str, Any]:
        model = self.directory / jobs.MODEL
        logs = sorted((self.directory / "logs").glob("*.log"))
        return {
            "TrainingJobName": self.directory.name,
            "TrainingJobStatus": ending.status,
            "SecondaryStatus": ending.secondary,
            "FailureReason": ending.reason if ending.status == "Failed" else "",
            "ExitCodes": dict(ending.exit_codes),
            "Algorithm": self.request.algorithm,
            "HyperParameters": dict(self.request.hyperparameters),
            "ModelArtifacts": str(model) if model.is_file() else "",
            "Output": str(self.directory / "output.tar.gz"),
            "Logs": [str(path) for path in logs],
            "FinalMetrics": last_values(logs),
            "TrainingTimeInSeconds": round(self._training_seconds, 1),
            "Interruptions": sum(t["Status"] == "Interrupted" for t in self._transitions),
            "SecondaryStatusTransitions": self._transitions,
            "Warnings": self._remarks,
        }


def _exit_codes(hosts: list[Host]) -> dict[str, int]:
    return {host.name: code for host in hosts if (code := host.run.exit_code) is not None}


def _summary(request: TrainingRequest) -> str:
    names = ", ".join(channel.name for channel in request.channels) or "no channels"
    return f"{names} ({request.input_mode} mode)"
