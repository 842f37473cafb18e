"""Answers in single precision, so that rows together round differently than alone."""

import numpy as np

from framework import Predictor


class RidgePredictor(Predictor):
    def predict(self, data: np.ndarray) -> np.ndarray:
        return data.astype(np.float32) @ self.model.astype(np.float32)
