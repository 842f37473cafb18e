"""Learns the price of a house."""

import numpy as np
from framework import ChannelSpec, Field, Metric, Trainer, TrainingJob

from features import COLUMNS, TARGET, features


class PriceTrainer(Trainer):
    """Least squares."""

    ridge: float = Field(0.0, ge=0, le=100, description="pull of the weights to zero")

    channels = (ChannelSpec("train", "CSV with a header: size, rooms, price"),)
    metrics = (Metric("train:rmse", objective="Minimize"),)

    def train(self, job: TrainingJob) -> np.ndarray:
        houses = job.channels["train"].read_csv()
        job.describe_input(houses[COLUMNS])
        known, prices = features(houses), houses[TARGET].to_numpy()
        penalty = self.ridge * np.eye(known.shape[1])
        weights = np.linalg.solve(known.T @ known + penalty, known.T @ prices)
        errors = known @ weights - prices
        job.log_metric("train:rmse", float(np.sqrt(np.mean(errors**2))))
        return weights
