"""Stochastic gradient descent that stops when asked and resumes where it was killed.

Everything that decides the next step is in the checkpoint, the random generator included,
so that an interrupted run ends with the very bytes of an uninterrupted one.
"""

from dataclasses import dataclass
from pathlib import Path

import network
import numpy as np
from network import Network

from framework import ChannelSpec, Field, Metric, Trainer, TrainingJob


@dataclass
class Progress:
    """Where a run stands."""

    epoch: int
    network: Network
    velocity: Network
    random: np.random.Generator
    best: Network
    best_loss: float = float("inf")


class ResumableTrainer(Trainer):
    """A small network; the best one seen on the validation rows is kept."""

    epochs: int = Field(200, ge=1, le=100_000, description="passes over the training rows")
    hidden: int = Field(32, ge=1, le=4096, description="units of the hidden layer")
    batch: int = Field(32, ge=1, le=1024, description="rows of one step")
    learning_rate: float = Field(0.05, gt=0, le=1, description="length of one step")
    momentum: float = Field(0.9, ge=0, lt=1, description="share of the step before")
    checkpoint_every: int = Field(10, ge=1, le=10_000, description="epochs between checkpoints")
    seed: int = Field(0, ge=0, description="makes a run repeatable")

    channels = (
        ChannelSpec("train", "CSV without a header: the inputs, then the class (0 or 1)"),
        ChannelSpec("validation", "the same columns"),
    )
    metrics = (Metric("validation:loss", objective="Minimize"),)

    def train(self, job: TrainingJob) -> Network:
        x, y = read(job, "train")
        mean, spread = x.mean(axis=0), x.std(axis=0)
        others, other_y = read(job, "validation")
        job.describe_input(x)
        x, others = (x - mean) / spread, (others - mean) / spread

        checkpoint = job.checkpoints.restore()
        progress = checkpoint.state if checkpoint else self.start(x.shape[1])
        while progress.epoch < self.epochs:
            self.advance(progress, x, y)
            loss = network.loss(progress.network, others, other_y)
            if loss < progress.best_loss:
                progress.best, progress.best_loss = dict(progress.network), loss
            if progress.epoch % self.checkpoint_every == 0 or job.should_stop:
                job.log_metric("validation:loss", progress.best_loss, step=progress.epoch)
                job.checkpoints.save(progress.epoch, progress)
            if job.should_stop:
                print(f"Asked to stop after epoch {progress.epoch}: keeping the best so far.")
                break
        return {**progress.best, "mean": mean, "spread": spread}

    def save(self, model: Network, model_dir: Path) -> None:
        np.savez(model_dir / "model.npz", **model)

    def start(self, inputs: int) -> Progress:
        """Return the state before the first epoch."""
        random = np.random.default_rng(self.seed)
        weights = network.fresh(inputs, self.hidden, random)
        still = {name: np.zeros_like(values) for name, values in weights.items()}
        return Progress(0, weights, still, random, best=dict(weights))

    def advance(self, progress: Progress, x: np.ndarray, y: np.ndarray) -> None:
        """Train for one epoch, on shuffled batches."""
        order = progress.random.permutation(len(x))
        for start in range(0, len(order), self.batch):
            rows = order[start : start + self.batch]
            slopes = network.gradient(progress.network, x[rows], y[rows])
            for name, slope in slopes.items():
                step = self.momentum * progress.velocity[name] - self.learning_rate * slope
                progress.velocity[name] = step
                progress.network[name] = progress.network[name] + step
        progress.epoch += 1


def read(job: TrainingJob, channel: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs and the classes of a channel."""
    rows = job.channels[channel].read_csv(header=None).to_numpy(float)
    return rows[:, :-1], rows[:, -1]
