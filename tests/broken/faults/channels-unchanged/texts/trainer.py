"""Leaves an index of words beside the texts."""

from bayes import Model, fit, read

from framework import Field, Trainer, TrainingJob


class TopicTrainer(Trainer):
    smoothing: float = Field(1.0, gt=0, le=10)

    def train(self, job: TrainingJob) -> Model:
        topics, texts = read(job.channels["train"])
        job.describe_input(texts)
        (job.channels["train"] / "index.txt").write_text(
            "\n".join(sorted(set(" ".join(texts).split())))
        )
        return fit(topics, texts, self.smoothing)
