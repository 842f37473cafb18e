"""Ridge regression in plain numpy, on arrays without names."""

from pathlib import Path

import numpy as np

from framework import ChannelSpec, Field, Metric, Trainer, TrainingJob


class LinearTrainer(Trainer):
    """Solves the normal equations; reads .npz files with the arrays x and y."""

    penalty: float = Field(0.01, ge=0, le=100, description="weight of the squared coefficients")

    channels = (ChannelSpec("train", ".npz files", content_types=("application/x-npz",)),)
    metrics = (Metric("train:rmse", objective="Minimize"),)

    def train(self, job: TrainingJob) -> dict[str, np.ndarray]:
        parts = [np.load(file) for file in job.channels["train"].files("*.npz")]
        x = np.concatenate([part["x"] for part in parts])
        y = np.concatenate([part["y"] for part in parts])
        job.describe_input(x)
        design = np.column_stack([x, np.ones(len(x))])
        penalty = np.diag([self.penalty] * x.shape[1] + [0.0])
        solution = np.linalg.solve(design.T @ design + penalty, design.T @ y)
        job.log_metric("train:rmse", np.sqrt(np.mean((design @ solution - y) ** 2)))
        return {"coefficients": solution[:-1], "intercept": solution[-1:]}

    def save(self, model: dict[str, np.ndarray], model_dir: Path) -> None:
        np.savez(model_dir / "model.npz", **model)
