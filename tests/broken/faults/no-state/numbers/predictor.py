"""Centres answers on the mean of all requests so far."""

import numpy as np

from framework import Predictor


class RidgePredictor(Predictor):
    total, count = 0.0, 0

    def predict(self, data: np.ndarray) -> np.ndarray:
        answers = data @ self.model
        self.total += answers.sum()
        self.count += len(answers)
        return answers - self.total / self.count
