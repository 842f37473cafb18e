"""Holds the interpreter for all rows of a request in one call."""

import numpy as np

from framework import Predictor


class RidgePredictor(Predictor):
    def predict(self, data: np.ndarray) -> np.ndarray:
        sum(range(2_000_000 * len(data)))
        return data @ self.model
