"""Tf-idf and logistic regression on short texts."""

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from framework import ChannelSpec, Field, Metric, Trainer, TrainingJob


class TopicTrainer(Trainer):
    """Sorts messages by topic; reads CSV files with the columns text and topic."""

    inverse_penalty: float = Field(10.0, gt=0, le=1000, description="C of the regression")
    longest_phrase: int = Field(2, ge=1, le=3, description="words of one term at most")

    channels = (ChannelSpec("train", "CSV with the columns text and topic"),)
    metrics = (Metric("train:accuracy", objective="Maximize"),)

    def train(self, job: TrainingJob) -> Pipeline:
        messages = job.channels["train"].read_csv()
        job.describe_input(messages["text"].tolist())
        model = make_pipeline(
            TfidfVectorizer(ngram_range=(1, self.longest_phrase), sublinear_tf=True),
            LogisticRegression(C=self.inverse_penalty, max_iter=500),
        )
        model.fit(messages["text"], messages["topic"])
        job.log_metric("train:accuracy", model.score(messages["text"], messages["topic"]))
        return model
