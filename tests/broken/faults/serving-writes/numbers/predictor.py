"""Logs its answers beside the model."""

from pathlib import Path

import numpy as np

from framework import Predictor


class RidgePredictor(Predictor):
    def load(self, model_dir: Path) -> np.ndarray:
        self.log = model_dir / "answers.log"
        return super().load(model_dir)

    def predict(self, data: np.ndarray) -> np.ndarray:
        answers = data @ self.model
        with self.log.open("a") as file:
            file.write(f"{answers.tolist()}\n")
        return answers
