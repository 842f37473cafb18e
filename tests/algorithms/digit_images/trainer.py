"""Which digit is on the picture? Multi-class on 8 by 8 pixels, rows of a 3-D array."""

import numpy as np
from sklearn.svm import SVC

from framework import ChannelSpec, DataError, Field, Metric, Trainer, TrainingJob


class DigitTrainer(Trainer):
    """A support vector machine on the pixels; reads images.npy and digits.npy."""

    gamma: float = Field(0.001, gt=0, le=1, description="how local the kernel is")
    cost: float = Field(10.0, gt=0, le=1000, description="price of a misclassified picture")

    channels = (
        ChannelSpec("train", "images.npy and digits.npy", content_types=("application/x-npy",)),
    )
    metrics = (Metric("train:accuracy", objective="Maximize"),)

    def validate_data(self, job: TrainingJob) -> None:
        images, digits = read(job)
        if len(images) != len(digits):
            raise DataError(f"Channel 'train' has {len(images)} images but {len(digits)} digits.")

    def train(self, job: TrainingJob) -> SVC:
        images, digits = read(job)
        job.describe_input(images)
        pixels = images.reshape(len(images), -1)
        model = SVC(gamma=self.gamma, C=self.cost).fit(pixels, digits)
        job.log_metric("train:accuracy", model.score(pixels, digits))
        return model


def read(job: TrainingJob) -> tuple[np.ndarray, np.ndarray]:
    """Return the images (n, 8, 8) and the digits (n,)."""
    channel = job.channels["train"]
    return np.load(channel / "images.npy"), np.load(channel / "digits.npy")
