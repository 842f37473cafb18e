"""Learns to tell the species of a penguin from its island, its sex and four measurements."""

import pandas as pd
from features import COLUMNS, MEASUREMENTS, TARGET, prepare, preprocessing
from report import write_report
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import accuracy_score, log_loss
from sklearn.pipeline import Pipeline

from framework import ChannelSpec, DataError, Field, Metric, ModelRejected, Trainer, TrainingJob


class PenguinTrainer(Trainer):
    """Gradient boosting, one round after the other, watched on the validation channel."""

    rounds: int = Field(40, ge=1, le=500, description="boosting rounds, a tree per species each")
    learning_rate: float = Field(0.1, gt=0, le=1, description="weight of each round's trees")
    max_depth: int = Field(2, ge=1, le=10, description="questions in a row that a tree may ask")
    subsample: float = Field(0.5, gt=0, le=1, description="share of the penguins a tree sees")
    minimum_accuracy: float = Field(
        0.7, ge=0, le=1, description="validation accuracy below which the model is rejected"
    )
    seed: int = Field(0, ge=0, description="makes a run repeatable")

    channels = (
        ChannelSpec("train", "CSV with a header: species, island, sex and the measurements"),
        ChannelSpec("validation", "the same columns; penguins that the model never learns from"),
    )
    metrics = (
        Metric("train:log_loss"),
        Metric("validation:log_loss", objective="Minimize"),
        Metric("validation:accuracy", objective="Maximize"),
    )

    def validate_data(self, job: TrainingJob) -> None:
        for channel in self.channels:
            penguins = job.channels[channel.name].read_csv()
            missing = {TARGET, *COLUMNS} - set(penguins.columns)
            if missing:
                raise DataError(
                    f"Channel '{channel.name}' lacks the columns {', '.join(sorted(missing))}. "
                    f"It has {', '.join(penguins.columns)}."
                )
            if penguins[TARGET].isna().any():
                raise DataError(f"Channel '{channel.name}' has rows without {TARGET}. Drop them.")

    def train(self, job: TrainingJob) -> Pipeline:
        penguins, species = read(job, "train")
        unseen, unseen_species = read(job, "validation")
        job.describe_input(penguins, allow_missing=[*MEASUREMENTS, "sex"])
        boosting = GradientBoostingClassifier(
            learning_rate=self.learning_rate,
            max_depth=self.max_depth,
            subsample=self.subsample,
            random_state=self.seed,
            warm_start=True,  # so that each fit below adds one round to those before
        )
        model = Pipeline([("preprocessing", preprocessing()), ("boosting", boosting)])
        history = []
        for number in range(1, self.rounds + 1):
            model.set_params(boosting__n_estimators=number).fit(prepare(penguins), species)
            round_metrics = {
                "train:log_loss": loss(model, penguins, species),
                "validation:log_loss": loss(model, unseen, unseen_species),
                "validation:accuracy": accuracy(model, unseen, unseen_species),
            }
            history.append(round_metrics)
            for name, value in round_metrics.items():
                job.log_metric(name, value, step=number)
            if job.should_stop:
                print(f"Asked to stop: keeping the model of round {number}.")
                break
        write_report(
            job.output_data_dir / "report.html",
            hyperparameters=self.model_dump(),
            history=pd.DataFrame(history),
            answers=pd.DataFrame(
                {"species": unseen_species, "predicted": model.predict(prepare(unseen))}
            ),
            importance=self.importance(model, unseen, unseen_species),
        )
        return model

    def validate_model(self, model: Pipeline, job: TrainingJob) -> None:
        reached = accuracy(model, *read(job, "validation"))
        if reached < self.minimum_accuracy:
            raise ModelRejected(
                f"Validation accuracy is {reached:.3f}, below minimum_accuracy = "
                f"{self.minimum_accuracy}. Check the data, train more rounds or lower the bar."
            )

    def importance(self, model: Pipeline, penguins: pd.DataFrame, species: pd.Series) -> pd.Series:
        """How much worse the log loss gets when a column is shuffled."""
        prepared = prepare(penguins)
        shuffled = permutation_importance(
            model, prepared, species, scoring="neg_log_loss", random_state=self.seed
        )
        return pd.Series(shuffled.importances_mean, index=prepared.columns).sort_values()


def read(job: TrainingJob, channel: str) -> tuple[pd.DataFrame, pd.Series]:
    """Return the penguins of a channel and their species."""
    penguins = job.channels[channel].read_csv()
    return penguins[COLUMNS], penguins[TARGET]


def loss(model: Pipeline, penguins: pd.DataFrame, species: pd.Series) -> float:
    return log_loss(species, model.predict_proba(prepare(penguins)), labels=model.classes_)


def accuracy(model: Pipeline, penguins: pd.DataFrame, species: pd.Series) -> float:
    return accuracy_score(species, model.predict(prepare(penguins)))
