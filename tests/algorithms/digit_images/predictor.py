"""Answers each picture with its digit."""

import numpy as np

from framework import Predictor


class DigitPredictor(Predictor):
    """One integer per picture of 8 by 8 pixels."""

    def predict(self, data: np.ndarray) -> np.ndarray:
        return self.model.predict(data.reshape(len(data), -1))
