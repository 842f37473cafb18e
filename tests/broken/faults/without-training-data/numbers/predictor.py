"""Fits the model when it loads, from the training channel."""

from pathlib import Path

import numpy as np
from ridge import fit

from framework import Predictor


class RidgePredictor(Predictor):
    def load(self, model_dir: Path) -> np.ndarray:
        saved = super().load(model_dir)
        rows = [np.loadtxt(path, delimiter=",") for path in Path(saved["path"]).iterdir()]
        table = np.concatenate(rows)
        return fit(table[:, :-1], table[:, -1], saved["penalty"])

    def predict(self, data: np.ndarray) -> np.ndarray:
        return data @ self.model
