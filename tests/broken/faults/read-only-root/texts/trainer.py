"""Sorts its texts in a scratch directory that is not /tmp."""

from pathlib import Path

from bayes import Model, fit, read

from framework import Field, Trainer, TrainingJob


class TopicTrainer(Trainer):
    smoothing: float = Field(1.0, gt=0, le=10)

    def train(self, job: TrainingJob) -> Model:
        topics, texts = read(job.channels["train"])
        job.describe_input(texts)
        scratch = Path("/opt/topics-scratch")
        scratch.mkdir(exist_ok=True)
        (scratch / "sorted.txt").write_text("\n".join(sorted(texts)))
        return fit(topics, texts, self.smoothing)
