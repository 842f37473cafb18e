"""Takes any type of value and hopes for a number."""

from typing import Any

from bayes import Model, fit, read

from framework import Trainer, TrainingJob


class TopicTrainer(Trainer):
    smoothing: Any = 1.0

    def train(self, job: TrainingJob) -> Model:
        topics, texts = read(job.channels["train"])
        job.describe_input(texts)
        return fit(topics, texts, self.smoothing)
