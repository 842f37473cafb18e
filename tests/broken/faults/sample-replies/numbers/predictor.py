import numpy as np

from framework import Predictor


class RidgePredictor(Predictor):
    def predict(self, data: np.ndarray) -> np.ndarray:
        return np.rint(data @ self.model).astype(int)
