"""XGBoost regression on named columns: numbers, integers, yes or no, categories, dates."""

from pathlib import Path

import numpy as np
import pandas as pd
import xgboost
from features import COLUMNS, TARGET, matrix

from framework import ChannelSpec, Field, Metric, Trainer, TrainingJob


class RentTrainer(Trainer):
    """Predicts the monthly rent of a flat."""

    rounds: int = Field(80, ge=1, le=2000, description="trees")
    learning_rate: float = Field(0.1, gt=0, le=1, description="weight of each tree")
    leaves: int = Field(15, ge=2, le=256, description="leaves of one tree at most")
    seed: int = Field(0, ge=0, description="makes a run repeatable")

    channels = (ChannelSpec("train"), ChannelSpec("validation"))
    metrics = (Metric("validation:rmse", objective="Minimize"),)

    def train(self, job: TrainingJob) -> xgboost.Booster:
        flats = job.channels["train"].read_csv(parse_dates=["listed"])
        others = job.channels["validation"].read_csv(parse_dates=["listed"])
        job.describe_input(flats[COLUMNS])
        booster = xgboost.train(
            {
                "learning_rate": self.learning_rate,
                "grow_policy": "lossguide",
                "max_leaves": self.leaves,
                "max_depth": 0,
                "seed": self.seed,
            },
            matrix(flats[COLUMNS], flats[TARGET]),
            num_boost_round=self.rounds,
        )
        job.log_metric("validation:rmse", rmse(booster, others))
        return booster

    def save(self, model: xgboost.Booster, model_dir: Path) -> None:
        model.save_model(model_dir / "model.json")


def rmse(booster: xgboost.Booster, flats: pd.DataFrame) -> float:
    errors = booster.predict(matrix(flats[COLUMNS])) - flats[TARGET]
    return float(np.sqrt(np.mean(errors**2)))
