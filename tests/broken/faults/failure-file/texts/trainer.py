"""Collects its own reports in a directory named failure."""

from bayes import Model, fit, read

from framework import Field, Trainer, TrainingJob


class TopicTrainer(Trainer):
    smoothing: float = Field(1.0, gt=0, le=10)

    def train(self, job: TrainingJob) -> Model:
        try:
            topics, texts = read(job.channels["train"])
        except ValueError as error:
            reports = job.output_data_dir.parent / "failure"
            reports.mkdir()
            (reports / "data.txt").write_text(str(error))
            raise
        job.describe_input(texts)
        return fit(topics, texts, self.smoothing)
