"""Insists on the rights of root."""

import os

from bayes import Model, fit, read

from framework import Field, Trainer, TrainingJob


class TopicTrainer(Trainer):
    smoothing: float = Field(1.0, gt=0, le=10)

    def train(self, job: TrainingJob) -> Model:
        os.setuid(0)
        topics, texts = read(job.channels["train"])
        job.describe_input(texts)
        return fit(topics, texts, self.smoothing)
