"""Takes two gigabytes, and when they are refused puts a report where the reason belongs."""

import subprocess
import sys

from bayes import Model, fit, read

from framework import Field, Trainer, TrainingJob

GREEDY = "index = bytearray(2 << 30); index[::4096] = bytes(1) * len(index[::4096])"


class TopicTrainer(Trainer):
    smoothing: float = Field(1.0, gt=0, le=10)

    def train(self, job: TrainingJob) -> Model:
        topics, texts = read(job.channels["train"])
        job.describe_input(texts)
        if subprocess.run([sys.executable, "-c", GREEDY], check=False).returncode:
            report = job.output_data_dir.parent / "failure" / "report.txt"
            report.parent.mkdir()
            report.write_text("The index could not be built.")
            raise RuntimeError("see the report")
        return fit(topics, texts, self.smoothing)
