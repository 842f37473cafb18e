"""Lets its answers drift with the time of day."""

import time

import numpy as np

from framework import Predictor


class RidgePredictor(Predictor):
    def predict(self, data: np.ndarray) -> np.ndarray:
        return data @ self.model + time.time() % 3600
