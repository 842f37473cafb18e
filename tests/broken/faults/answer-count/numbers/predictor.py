"""Works in pairs and forgets the row that is left over."""

import numpy as np

from framework import Predictor


class RidgePredictor(Predictor):
    def predict(self, data: np.ndarray) -> np.ndarray:
        pairs = [data[i : i + 2] for i in range(0, len(data) - 1, 2)] or [data]
        return np.concatenate([pair @ self.model for pair in pairs])
