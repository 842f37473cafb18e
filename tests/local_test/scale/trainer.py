"""Learns the mean of all cells, slowly and with a will of its own: what the bench is tried on."""

import json
import signal
import socket
import time
from pathlib import Path
from typing import Any

import numpy

from framework import Field, Metric, Trainer, TrainingJob


class ScaleTrainer(Trainer):
    metrics = (Metric("train:steps"),)
    steps: int = Field(3, ge=1)
    pause: float = Field(0.0, ge=0, description="seconds that each step takes")
    deaf: bool = Field(False, description="ignore SIGTERM")
    label: str = ""
    complaint: int = Field(0, ge=0, description="fail with a message of this many characters")
    scribble: bool = Field(False, description="write to the channel")
    greet: bool = Field(False, description="look up the other hosts by name")
    own_names: bool = Field(False, description="each host writes a model file of its own")

    def train(self, job: TrainingJob) -> dict[str, Any]:
        if self.deaf:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if self.complaint:
            raise ValueError("x" * self.complaint)
        if self.greet:
            print("greeted", *(socket.gethostbyname(host) for host in job.hosts))
        channel = job.channels["train"]
        if self.scribble:
            channel.path.chmod(0o755)
            (channel / "scribble.txt").write_text("mine")
        rows = numpy.concatenate(
            [numpy.loadtxt(path, delimiter=",", ndmin=2) for path in channel.files("*.csv")]
        )
        job.describe_input(rows)
        checkpoint = job.checkpoints.restore()
        first = checkpoint.step + 1 if checkpoint else 1
        for step in range(first, self.steps + 1):
            time.sleep(self.pause)
            job.checkpoints.save(step, {})
            job.log_metric("train:steps", step, step=step)
            if job.should_stop and not self.deaf:
                break
        (job.output_data_dir / f"{job.current_host}.json").write_text(
            json.dumps({"label": self.label, "files": [p.name for p in channel.files("*.csv")]})
        )
        return {
            "mean": float(rows.mean()),
            "first": first,
            "host": job.current_host,
            "own": self.own_names,
        }

    def save(self, model: dict[str, Any], model_dir: Path) -> None:
        if model["own"]:
            (model_dir / f"{model['host']}.json").write_text(json.dumps(model))
        (model_dir / "model.json").write_text(json.dumps(model))
