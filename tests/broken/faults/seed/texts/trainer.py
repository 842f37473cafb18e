"""Leaves out the texts that the clock says."""

import random
import time

from bayes import Model, fit, read

from framework import Field, Trainer, TrainingJob


class TopicTrainer(Trainer):
    smoothing: float = Field(1.0, gt=0, le=10)

    def train(self, job: TrainingJob) -> Model:
        topics, texts = read(job.channels["train"])
        job.describe_input(texts)
        chance = random.Random(time.time_ns())
        chosen = sorted(chance.sample(range(len(texts)), len(texts) // 2))
        return fit([topics[i] for i in chosen], [texts[i] for i in chosen], self.smoothing)
