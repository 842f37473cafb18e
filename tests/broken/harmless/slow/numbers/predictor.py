"""Takes its time for every row, and lets others work meanwhile."""

import time

import numpy as np

from framework import Predictor


class RidgePredictor(Predictor):
    def predict(self, data: np.ndarray) -> np.ndarray:
        time.sleep(0.4 * len(data))
        return data @ self.model
