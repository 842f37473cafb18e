"""Trains what the existing script serves."""

from pathlib import Path

import joblib
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from framework import ChannelSpec, Field, Metric, Trainer, TrainingJob


class IrisTrainer(Trainer):
    """Logistic regression on the four measurements of an iris."""

    inverse_penalty: float = Field(1.0, gt=0, le=1000, description="C of the regression")

    channels = (ChannelSpec("train", "CSV without a header: four measurements, the class"),)
    metrics = (Metric("train:accuracy", objective="Maximize"),)

    def train(self, job: TrainingJob) -> Pipeline:
        rows = job.channels["train"].read_csv(header=None).to_numpy()
        measurements, classes = rows[:, :4], rows[:, 4].astype(int)
        job.describe_input(measurements)
        model = make_pipeline(StandardScaler(), LogisticRegression(C=self.inverse_penalty))
        model.fit(measurements, classes)
        job.log_metric("train:accuracy", model.score(measurements, classes))
        return model

    def save(self, model: Pipeline, model_dir: Path) -> None:
        joblib.dump(model, model_dir / "model.joblib")
