"""Answers two numbers per row."""

import numpy as np

from framework import Predictor


class RidgePredictor(Predictor):
    def predict(self, data: np.ndarray) -> np.ndarray:
        return data @ np.column_stack([self.model, -self.model])
